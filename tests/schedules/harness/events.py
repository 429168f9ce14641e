"""What may happen, as Hypothesis draws it: readers with their wishes, articles, and moments to begin at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

# Both sides of the date line, half hours, and a zone whose summer is half an hour.
ZONES = ("Europe/Paris", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Kiritimati", "Pacific/Pago_Pago")
DIGESTS = ("daily", "weekly")
LANGUAGES = ("en", "fr")
HARBOUR, DIPLOMACY, NONE = frozenset({"harbour"}), frozenset({"diplomacy"}), frozenset[str]()
# Days around which clocks change in Paris and on Lord Howe Island, and one of nothing.
STARTS = tuple(datetime(2026, *day, tzinfo=UTC) for day in ((3, 27, 9), (4, 3, 20), (10, 23, 5), (7, 1, 12)))
MOST_READERS = 5

who = st.integers(0, MOST_READERS - 1)
pick = st.integers(0, 30)
seldom = st.integers(0, 5).map(lambda number: number == 5)
# What stands here more than once is drawn more often: claims need readers whose topics are met.
rhythms = st.sampled_from(("weekly", "daily", "each", "daily", "weekly", "feed"))
subjects = st.sampled_from((HARBOUR, DIPLOMACY, HARBOUR | DIPLOMACY, NONE))
interests = st.sampled_from((NONE, HARBOUR, NONE, DIPLOMACY, HARBOUR | DIPLOMACY))
languages, zones, hours = st.sampled_from(LANGUAGES), st.sampled_from(ZONES), st.sampled_from((None, 0, 7, 20))
choices = st.fixed_dictionaries(
    {"rhythm": rhythms, "language": languages, "topics": interests, "zone": zones, "hour": hours}
)
changes = st.one_of(
    st.sampled_from(("each", "weekly", "daily", "each", "feed")).map(lambda rhythm: {"rhythm": rhythm}),
    interests.map(lambda topics: {"topics": topics}),
    st.sampled_from((1, 0, 3, 1)).map(lambda weeks: {"pause": (weeks, True)}),
    st.sampled_from((1, 0, 3, 1)).map(lambda weeks: {"pause": (weeks, False)}),
    st.one_of(
        languages.map(lambda language: {"language": language}),
        zones.map(lambda zone: {"zone": zone}),
        hours.map(lambda hour: {"hour": hour}),
    ),
)
# (which reader, what changes)
Letters = list[tuple[int, dict[str, Any]]]
letters = st.lists(st.tuples(who, changes), max_size=3)


@dataclass(frozen=True, kw_only=True)
class News:
    """An article to be."""

    language: str
    topics: frozenset[str]
    feed_only: bool
    everyone: bool
    back_dated: bool


articles = st.builds(News, language=languages, topics=subjects, feed_only=seldom, everyone=seldom, back_dated=seldom)
news = st.lists(articles, max_size=2)
