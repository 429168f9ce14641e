"""What the desk is given by the world, and what it answers: records without methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from newsletter.delivery import Balance
from newsletter.model import DeliveryState, EditionState, Subscriber, SubscriberId, Variant
from newsletter.store.bounces import StoredBounce
from newsletter.store.candidates import Candidate
from newsletter.store.editions import StoredEdition, StoredVariant
from newsletter.store.lanes import Lane
from newsletter.store.overview import DeliveryLine, ReaderLine
from newsletter.store.scheduled import ScheduledArticle
from newsletter.store.schedules import StoredSlot
from newsletter.store.suppressions import Suppression


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """What comes from outside the program: the clock (aware UTC), fresh ids, random octets, the environment."""

    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    random: Callable[[int], bytes]
    environ: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Remainder:
    """Why deliveries of an edition are in one state: the most frequent reasons, each with its number.

    `reason` "" is an unknown one. `other_reasons` more have `other_number` deliveries between them.
    """

    state: DeliveryState
    reasons: tuple[tuple[str, int], ...]
    other_reasons: int = 0
    other_number: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How fast an edition goes, in emails accepted a second over the last minutes.

    `ends_at` is when the last would leave at that pace, `next_try_at` when the first deferred one is tried
    again (aware UTC); both None where nobody can tell, or nothing is.
    """

    rate: float
    ends_at: datetime | None = None
    next_try_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EditionReport:
    """An edition with its balance, its frozen variants, and the titles it carries.

    `remainders` are the reasons of what was not sent, None where nobody looked; `pace` that of one that is going out.
    """

    edition: StoredEdition
    balance: Balance
    variants: tuple[StoredVariant, ...] = ()
    articles: tuple[str, ...] = ()
    remainders: tuple[Remainder, ...] | None = None
    pace: Pace | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Underway:
    """What is being sent `now` (aware UTC): editions that are sending, paused or held, and the narrow lanes.

    `paused` says why the newsroom mails nobody, or is None. `time_zone` is the newsroom's own.
    """

    now: datetime
    time_zone: str
    paused: str | None
    editions: tuple[EditionReport, ...]
    lanes: tuple[Lane, ...]

    @property
    def is_going(self) -> bool:
        """Whether any mail may still leave without a person's word."""
        return self.paused is None and any(one.balance.state is EditionState.SENDING for one in self.editions)


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryChoice:
    """Deliveries a person may have tried again: how many, and the first of them.

    `left_out` are those of readers who bounced; `readers` names the chosen ones, None for everybody.
    """

    edition: StoredEdition
    state: DeliveryState
    readers: tuple[SubscriberId, ...] | None
    number: int
    lines: tuple[DeliveryLine, ...]
    left_out_number: int
    left_out: tuple[DeliveryLine, ...]


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
    late. `unserved` maps a rhythm that no schedule serves to the number of its readers. So many `reports` of what
    came back wait for a person.
    """

    title: str
    paused: str | None
    subscribers: Mapping[str, int]
    articles: Mapping[str, int]
    editions: Mapping[str, int]
    changed: tuple[str, ...]
    underway: Underway
    unknown: Mapping[str, int]
    last_backup: str | None
    scheduled: tuple[ScheduledArticle, ...] = ()
    schedules: tuple[ScheduleLine, ...] = ()
    waiting: tuple[StoredEdition, ...] = ()
    held_runs: tuple[StoredSlot, ...] = ()
    unserved: Mapping[str, int] = field(default_factory=dict)
    reports: int = 0

    @property
    def unfinished(self) -> tuple[EditionReport, ...]:
        """Editions that are being sent, paused or held."""
        return self.underway.editions


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """What one person gets and got: their row, why they would be left out today, and edition by edition."""

    subscriber: Subscriber | None
    suppressed: str | None
    would_get: str
    editions: tuple[ReaderLine, ...]
    suppression: Suppression | None = None
    reports: tuple[StoredBounce, ...] = ()


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


@dataclass(frozen=True, kw_only=True, slots=True)
class PrivateFeed:
    """A reader's own feed as somebody asked for it; `content` is None for one that has ended."""

    content: bytes | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PrivateAddresses:
    """The addresses of a private feed: whoever knows one reads along, and nobody can look them up again."""

    rss: str
    atom: str
    json: str
