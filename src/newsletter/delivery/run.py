"""What a run of the engine is handed, and the signals it uses inside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from newsletter.delivery.balance import Balance
from newsletter.delivery.brake import REFUSALS
from newsletter.delivery.canary import CanaryRules
from newsletter.delivery.pace import PaceRules
from newsletter.delivery.senders import Sender
from newsletter.delivery.transports.failover import Circuits
from newsletter.delivery.transports.transport import Transport
from newsletter.model import Envelope, Recipient, SubscriberId, VariantId

Compose = Callable[[VariantId, Recipient, datetime], tuple[Envelope, bytes]]
LEASE = timedelta(seconds=120)
PATIENCE = timedelta(seconds=90)  # a limit by the minute never asks for more


class OnUnknown(StrEnum):
    """What becomes of deliveries nobody knows the end of: kept for a person, or sent again."""

    HOLD = "hold"
    RESEND = "resend"


def never() -> bool:
    """False: a run that nobody stops."""
    return False


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One sender's tools and rules.

    `open_transport` is called once for each of `connections`, which take turns in one thread; another one
    calls `clock` and `progress`, too. `compose` gives envelope and whole bytes of one
    reader's message, the same Message-ID each time. `token_of` is the reader's signed token,
    `preferences_of` that of the preferences link for a reader and token version. `clock` gives aware UTC,
    `jitter` a number in [0, 1). `stop` is asked before each message; those in flight are finished.
    `progress` hears after each commit how things stand, counted from this sender's view.
    `batch` rows are leased at a time. `pace` says how fast mail may go over `transport`, `circuits` which
    of several transports works; a run waits for the pace, but no longer than its `patience` at a time.
    `refusals` in a row pull the brake, 0 never. `seeds` get a copy before anybody
    else, `canary` tries the first readers alone. So many `composers` are threads that call `compose` beside the
    connections, which is worth it where messages are signed; 0 composes in the connections' own.
    """

    open_transport: Callable[[], Transport]
    compose: Compose
    token_of: Callable[[SubscriberId], str]
    preferences_of: Callable[[SubscriberId, int], str]
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    sender: Sender
    on_unknown: OnUnknown = OnUnknown.HOLD
    progress: Callable[[Balance], None] | None = None
    stop: Callable[[], bool] = never
    lease: timedelta = LEASE
    batch: int = 500
    connections: int = 1
    pace: PaceRules = field(default_factory=PaceRules)
    transport: str = ""
    circuits: Circuits | None = None
    patience: timedelta = PATIENCE
    canary: CanaryRules | None = None
    seeds: tuple[str, ...] = ()
    refusals: int = REFUSALS
    composers: int = 0


class Withdrawn(Exception):
    """The reader left between lease and wire: the row is settled, no content goes out."""


class LeaseLost(Exception):
    """Another sender holds the chunk now: hands off."""


class EditionStopped(Exception):
    """The edition was paused or cancelled: nothing more goes out."""
