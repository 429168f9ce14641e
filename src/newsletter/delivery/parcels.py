"""What passes between the two threads of a run: leased rows on their way out, answers on their way back."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from newsletter.delivery.journal import Journal
from newsletter.delivery.retry import Decision
from newsletter.model import DeliveryState, Receipt, SubscriberId
from newsletter.store.deliveries import DueRow
from newsletter.store.leases import Lease


@dataclass(kw_only=True, slots=True, eq=False)
class Batch:
    """The rows of one lease that a run has in hand; `left` counts those without an end.

    `opened` holds what may have left and was not answered yet, with its transport and hour. Once
    `is_lost`, another sender has the lease; when it `is_closing`, nothing more may be opened; once
    `is_ended`, it is given back when its transaction commits.
    """

    lease: Lease
    journal: Journal | None
    left: int
    opened: dict[SubscriberId, tuple[Parcel, str, datetime]] = field(default_factory=dict)
    is_lost: bool = False
    is_ended: bool = False
    is_closing: bool = False


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Parcel:
    """One leased row; `seen` is the last revocation that was looked at when it was read."""

    row: DueRow
    batch: Batch
    seen: int
    domain: str

    @property
    def no(self) -> int:
        """The number of the next try."""
        return self.row.attempts + 1


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Entry:
    """How a try of a parcel ended at `at` (aware UTC), and what follows from it.

    `opened_at` is None when no content left. `has_row` says that the attempt's row was written when it was opened.
    """

    parcel: Parcel
    receipt: Receipt
    decision: Decision
    transport: str
    at: datetime
    opened_at: datetime | None = None
    has_row: bool = False

    @property
    def is_a_try(self) -> bool:
        """Whether it says more than that the row may be tried again at once, as if nothing had been."""
        return self.opened_at is not None or self.decision.state is not DeliveryState.QUEUED


class Dispatch:
    """Parcels waiting for a connection. Of one domain only so many are out at a time; the others go around them."""

    def __init__(self, room: Callable[[str], int] | None = None) -> None:
        """Begin empty; `room` gives how many parcels of a domain may be out at once."""
        self._room = room
        self._waiting: deque[Parcel] = deque()
        self._parked: dict[str, deque[Parcel]] = {}
        self._out: dict[str, int] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many parcels wait, those included whose domain has no room."""
        with self._lock:
            return len(self._waiting) + sum(map(len, self._parked.values()))

    def put(self, parcels: Iterable[Parcel]) -> None:
        """Add parcels at the end."""
        with self._lock:
            self._waiting.extend(parcels)

    def take(self) -> Parcel | None:
        """The next parcel whose domain has room, or None when there is none now."""
        with self._lock:
            return self._next()

    def done(self, parcel: Parcel) -> bool:
        """Say that a parcel that was taken is not out any more; gives whether another one has room now."""
        if self._room is None:
            return False
        with self._lock:
            self._out[parcel.domain] -= 1
            if not self._out[parcel.domain]:
                del self._out[parcel.domain]
            parked = self._parked.pop(parcel.domain, None)
            if parked:
                self._waiting.extendleft(reversed(parked))
        return bool(parked)

    def take_back(self) -> list[Parcel]:
        """Everything nobody has taken yet."""
        with self._lock:
            rest = [*self._waiting, *(parcel for parked in self._parked.values() for parcel in parked)]
            self._waiting.clear()
            self._parked.clear()
        return rest

    def _next(self) -> Parcel | None:
        while self._waiting:
            parcel = self._waiting.popleft()
            if self._room is None:
                return parcel
            out = self._out.get(parcel.domain, 0)
            if out < self._room(parcel.domain):
                self._out[parcel.domain] = out + 1
                return parcel
            self._parked.setdefault(parcel.domain, deque()).append(parcel)
        return None
