"""What readers may choose, put into the words of a page, and what a form said turned into choices."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from zoneinfo import available_timezones

from newsletter.i18n import Words, load_words
from newsletter.model import Masthead
from newsletter.pages import ChoicesView, Option
from newsletter.subscribers import Choices
from newsletter.web.asking import Fields
from newsletter.web.words import isolated

SCRIPT = files("newsletter.web") / "zone.js"
_REGIONS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


def choices_view(choices: Choices, *, masthead: Masthead, words: Words, rhythms: Sequence[str]) -> ChoicesView:
    """The choices a form offers, `rhythms` among them, with those of `choices` chosen; odd ones choose nothing."""
    zone, language = choices.time_zone or masthead.time_zone, choices.language or words.language
    topics = [topic for topic in masthead.topics if topic.declared]
    return ChoicesView(
        name=choices.name or "",
        languages=tuple(
            Option(
                value=each,
                label=load_words(each).language_name(each),
                chosen=each == language,
            )
            for each in masthead.languages
        ),
        rhythms=tuple(
            Option(value=each, label=rhythm_name(each, words), chosen=each == (choices.rhythm or "each"))
            for each in rhythms
        ),
        topics=tuple(
            Option(value=topic.slug, label=topic.name_in(words.language), chosen=topic.slug in (choices.topics or ()))
            for topic in topics
        ),
        hours=(
            Option(value="", label=words.say("As the newsroom does")),
            *(Option(value=str(hour), label=f"{hour:02}:00", chosen=choices.hour == str(hour)) for hour in range(24)),
        ),
        zones=tuple(
            (region, tuple(Option(value=name, label=_city(name), chosen=name == zone) for name in names))
            for region, names in _zones(zone)
        ),
        is_zone_chosen=bool(choices.time_zone),
    )


def rhythm_name(rhythm: str, words: Words) -> str:
    """A rhythm in words people understand; a schedule the owner named is called by its name."""
    say = words.say
    names = {
        "each": say("Each article, as soon as it is out"),
        "daily": say("Once a day, what is new"),
        "weekly": say("Once a week, what is new"),
        "monthly": say("Once a month, what is new"),
        "feed": say("No email: I follow the feed"),
    }
    return names.get(rhythm) or isolated(rhythm)


def choices_in(fields: Fields) -> Choices:
    """What a form of ours said; a field it left out stays as it is."""

    def said(name: str) -> str | None:
        return fields.values.get(name)

    return Choices(
        name=said("name"),
        language=said("language"),
        time_zone=said("time_zone"),
        rhythm=said("rhythm"),
        hour=said("hour"),
        topics=fields.topics,
    )


@lru_cache(maxsize=1)
def script() -> tuple[bytes, str]:
    """The one script of ours, which guesses the time zone, and the mark of its content."""
    content = SCRIPT.read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:10]


def script_path(home: str) -> str:
    """Where the script is, with the mark, so that a browser's copy is never stale."""
    return f"{home}zone.js?v={script()[1]}"


def _zones(chosen: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The zones to choose from; a reader's own stays among them where it has an old name ("US/Eastern")."""
    known = _grouped_zones()
    if chosen not in available_timezones() or any(chosen in names for _, names in known):
        return known
    # Without it the browser would choose the first of the list, and the next "Save" would keep that.
    return ((chosen.partition("/")[0], (chosen,)), *known)


@lru_cache(maxsize=1)
def _grouped_zones() -> tuple[tuple[str, tuple[str, ...]], ...]:
    names = sorted(available_timezones())
    grouped = ((region, tuple(name for name in names if name.startswith(f"{region}/"))) for region in _REGIONS)
    return (*((region, found) for region, found in grouped if found), ("UTC", ("UTC",)))


def _city(zone: str) -> str:
    return zone.partition("/")[2].replace("_", " ").replace("/", " – ") or zone
