"""A run's digest as it will be seen: its articles, its subject, its variants.

Comes in: looks that were gathered. Goes out: variants to freeze. Preview and release use the same functions,
so that what is previewed is what is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection

from newsletter.config.settings import ScheduleSettings
from newsletter.editions.gather import Gathered, Look
from newsletter.editions.news import Post
from newsletter.i18n import load_words
from newsletter.mail import DigestText, compose_digest
from newsletter.model import Article, Masthead, Variant, edition_url
from newsletter.store.schedules import SlotId


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestBench:
    """What a run needs of the newsroom: masthead, theme, published articles by uid, fresh ids, the owner's post."""

    masthead: Masthead
    templates: Mapping[str, str]
    published: Callable[[Connection, Sequence[str]], Mapping[str, Article]]
    new_id: Callable[[], str]
    post: Post


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A run to make: its date, when its first readers' hour is, how long it is held before (aware UTC).

    `rhythm` is whose readers it is for. With `at_once` nobody's hour is waited for. `replaces` is an
    earlier row of this date that gives way.
    """

    schedule: ScheduleSettings
    rhythm: str
    day: date
    first_at: datetime
    hold: timedelta
    owed_only: bool = False
    at_once: bool = False
    replaces: SlotId | None = None


def dress_all(
    connection: Connection, gathered: Gathered, run: Run, *, bench: DigestBench, uid: str
) -> dict[Look, Variant]:
    """Every look of a gathering as it would be sent, the public one first."""
    texts = texts_of(connection, gathered, {}, bench)
    return {look: dress_look(look, texts[look], run, bench=bench, uid=uid) for look in gathered.wanted}


def texts_of(
    connection: Connection, gathered: Gathered, dressed: Mapping[Look, Variant], bench: DigestBench
) -> dict[Look, tuple[Article, ...]]:
    """The articles of each look that is not dressed yet, as readers see them."""
    return {look: articles_of(connection, look, bench) for look in gathered.wanted if look not in dressed}


def articles_of(connection: Connection, look: Look, bench: DigestBench) -> tuple[Article, ...]:
    """The articles of a look in reading order, as readers see them now."""
    found = bench.published(connection, [one.uid for one in look.contents])
    return tuple(found[one.uid] for one in look.contents)


def dress_look(look: Look, articles: tuple[Article, ...], run: Run, *, bench: DigestBench, uid: str) -> Variant:
    """A look as email: the subject by the schedule's pattern, in the words of its furniture."""
    words = load_words(look.furniture)
    masthead = bench.masthead
    subject = run.schedule.subject.format(
        newsroom=masthead.title,
        # The readers' own day, which in the earliest zones begins on the newsroom's day before.
        date=words.date(datetime.combine(run.day, time(12), UTC), "UTC"),
        lead=articles[0].title,
        number=len(articles),
        schedule=run.schedule.name,
    )
    text = DigestText(
        articles=articles[: run.schedule.max],
        more=articles[run.schedule.max :],
        furniture=look.furniture,
        subject=" ".join(subject.split()),
        edition_url=edition_url(masthead.base_url, uid, ()),
        seed=uid.encode(),
        template=run.schedule.template,
    )
    return compose_digest(bench.templates, text, masthead=masthead)
