"""What the desk is given by the world, and what it answers: records without methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from newsletter.delivery import Balance
from newsletter.model import EditionState, Subscriber, Variant
from newsletter.store.candidates import Candidate
from newsletter.store.editions import StoredEdition, StoredVariant
from newsletter.store.overview import ReaderLine
from newsletter.store.scheduled import ScheduledArticle
from newsletter.store.schedules import StoredSlot


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """What comes from outside the program: the clock (aware UTC), fresh ids, random octets, the environment."""

    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    random: Callable[[int], bytes]
    environ: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class EditionReport:
    """An edition with its balance, its frozen variants, and the titles it carries."""

    edition: StoredEdition
    balance: Balance
    variants: tuple[StoredVariant, ...] = ()
    articles: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class AdoptReport:
    """Uids that are new, how many were known, and a sentence for each file left out."""

    adopted: tuple[str, ...]
    already: int
    faults: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """How the newsroom is; `unknown` maps an edition to deliveries nobody knows the end of.

    `scheduled` are articles and `waiting` digests that wait for their hour, `held_runs` digests that came too
    late. `unserved` maps a rhythm that no schedule serves to the number of its readers.
    """

    title: str
    paused: str | None
    subscribers: Mapping[str, int]
    articles: Mapping[str, int]
    editions: Mapping[str, int]
    changed: tuple[str, ...]
    unfinished: tuple[EditionReport, ...]
    unknown: Mapping[str, int]
    last_backup: str | None
    scheduled: tuple[ScheduledArticle, ...] = ()
    schedules: tuple[ScheduleLine, ...] = ()
    waiting: tuple[StoredEdition, ...] = ()
    held_runs: tuple[StoredSlot, ...] = ()
    unserved: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """What one person gets and got: their row, why they would be left out today, and edition by edition."""

    subscriber: Subscriber | None
    suppressed: str | None
    would_get: str
    editions: tuple[ReaderLine, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticked:
    """What one tick did: uids of articles published and editions held, the runs made, and a sentence per fault.

    `paused` says why nothing was looked at, or is None.
    """

    paused: str | None = None
    published: tuple[str, ...] = ()
    slots: tuple[StoredSlot, ...] = ()
    held: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleLine:
    """One schedule for a list; `next` are instants (aware UTC) of the newsroom's hour."""

    name: str
    words: str
    whose_hour: str
    next: tuple[datetime, ...]
    readers: int
    paused: bool
    latest: StoredSlot | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestLook:
    """What a run would bring: (variant, its articles in order, its readers) each; `waiting` readers get nothing."""

    schedule: str
    day: date
    first_at: datetime
    variants: tuple[tuple[Variant, tuple[Candidate, ...], int], ...]
    waiting: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """An edition as the owner's stop link shows it; it goes out `at` its hour (aware UTC) while it is scheduled."""

    uid: str
    subject: str
    state: EditionState
    at: datetime | None
