"""The deliveries' desk: what is being sent and how fast, why something was not, and trying it again.

Built by `newsroom.py`, called by the doors; each verb is one transaction. The clock is handed in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from newsletter import delivery, editions, subscribers
from newsletter.answers import EditionReport, Pace, Remainder, RetryChoice, Underway
from newsletter.delivery import Balance
from newsletter.delivery.pace import minute_of
from newsletter.errors import UsageError
from newsletter.model import DeliveryState, EditionId, EditionState, SubscriberId
from newsletter.store import Store, overview
from newsletter.store.editions import StoredEdition, unfinished_editions
from newsletter.store.meta import remembered
from newsletter.store.pace import (
    accepted_by_minute,
    count_sent_since,
    has_traffic,
    last_hour,
    narrow_lanes,
    reasons_by_state,
)
from newsletter.store.progress import next_try_at
from newsletter.store.retrying import Chosen, count_chosen, readers_in_state
from newsletter.store.traffic import Span

RETRIED = (DeliveryState.UNKNOWN, DeliveryState.FAILED, DeliveryState.DEFERRED)
TOP_REASONS = 5
_LOOK_BACK = timedelta(minutes=3)
_SHORT_LOOK = timedelta(seconds=60)
_IS_TELLING = timedelta(seconds=20)
_ADDRESS = re.compile(r"<?[^\s<>]+@[^\s<>]+>?")
# A word of eight characters or more with a digit in it: a queue number, a network address.
_NUMBER = re.compile(r"\b(?=\S*\d)[\w.:-]{8,}")


class DeliveryDesk:
    """What an owner sees and does while an edition goes out."""

    def __init__(self, store: Store, clock: Callable[[], datetime], *, time_zone: str) -> None:
        """Stand ready; `time_zone` is the newsroom's own, in which hours are shown."""
        self._store, self._clock, self._zone = store, clock, time_zone

    def underway(self) -> Underway:
        """What is being sent, paused or held, how fast it goes, and what slows it."""
        now = self._clock()
        with self._store.reading() as connection:
            return Underway(
                now=now,
                time_zone=self._zone,
                paused=remembered(connection, "paused"),
                editions=tuple(_report(connection, each, now) for each in unfinished_editions(connection)),
                lanes=tuple(narrow_lanes(connection, now=now)),
            )

    def lines(self, uid: str, *, only: DeliveryState | None, limit: int) -> Sequence[overview.DeliveryLine]:
        """An edition's deliveries, in order of sign-up."""
        edition = editions.find_edition(self._store, uid)
        with self._store.reading() as connection:
            return overview.deliveries_of_edition(connection, edition.id, state=only, limit=limit)

    def remainders(self, edition_id: EditionId) -> tuple[Remainder, ...]:
        """Why deliveries of an edition were deferred, failed, cancelled, or are unknown; one for each such state."""
        with self._store.reading() as connection:
            return remainders_of(connection, edition_id)

    def choose(self, uid: str, *, only: DeliveryState, addresses: Sequence[str] = (), limit: int | None) -> RetryChoice:
        """Which deliveries of an edition `retry` would queue again, and the first `limit` of them, or all.

        Raises UsageError for a cancelled edition, another state than unknown, failed or deferred, and an address
        that has no such delivery.
        """
        edition = editions.find_edition(self._store, uid)
        if edition.state is EditionState.CANCELLED:
            raise UsageError(f"Edition {edition.uid} is cancelled; nothing of it is sent any more.")
        if only not in RETRIED:
            raise UsageError(f"What is {only.name.lower()} needs no retry. Choose unknown, failed or deferred.")
        readers = self._readers(edition, only, addresses) if addresses else None
        chosen = Chosen(edition_id=edition.id, state=only, readers=readers)
        with self._store.reading() as connection:
            return RetryChoice(
                edition=edition,
                state=only,
                readers=readers,
                number=count_chosen(connection, chosen),
                lines=tuple(overview.chosen_deliveries(connection, chosen, limit=limit)),
                left_out_number=count_chosen(connection, chosen, bounced=True),
                left_out=tuple(overview.chosen_deliveries(connection, chosen, limit=limit, bounced=True)),
            )

    def retry(self, choice: RetryChoice) -> int:
        """Queue the chosen deliveries again; gives how many. Sends nothing; safe to repeat."""
        return delivery.retry_deliveries(self._store, choice.edition.id, choice.state, readers=choice.readers)

    def _readers(
        self, edition: StoredEdition, state: DeliveryState, addresses: Sequence[str]
    ) -> tuple[SubscriberId, ...]:
        """Whose these addresses are, each once; every one has a delivery in `state`."""
        found = {address: subscribers.find(self._store, address) for address in addresses}
        ids = [reader.id for reader in found.values() if reader is not None]
        with self._store.reading() as connection:
            fitting = readers_in_state(connection, Chosen(edition_id=edition.id, state=state, readers=ids))
        odd = [address for address, reader in found.items() if reader is None or reader.id not in fitting]
        if odd:
            raise UsageError(
                f"No {state.name.lower()} delivery of edition {edition.uid} goes to "
                f"{', '.join(map(subscribers.mask, odd))}. Nothing was done. "
                f"See: newsletter deliveries list {edition.uid}"
            )
        return tuple(dict.fromkeys(ids))


def _report(connection: Connection, edition: StoredEdition, now: datetime) -> EditionReport:
    balance = delivery.balance_of(connection, edition.id)
    return EditionReport(
        edition=edition,
        balance=balance,
        remainders=remainders_of(connection, edition.id),
        pace=_pace_of(connection, edition, balance, now),
    )


def _pace_of(connection: Connection, edition: StoredEdition, balance: Balance, now: datetime) -> Pace:
    next_try = next_try_at(connection, edition.id)
    if balance.state is not EditionState.SENDING:
        return Pace(rate=0.0, next_try_at=next_try)
    if has_traffic(connection, edition.id):
        since = minute_of(now) - _LOOK_BACK
        minutes = accepted_by_minute(connection, edition.id, Span(since=since, until=now))
        rate = rate_of(minutes, since=since, begun=edition.released_at or since, now=now)
    else:
        # Senders that keep no count by the minute.
        sent = count_sent_since(connection, edition.id, now - _SHORT_LOOK)
        rate = sent / _seconds(now, max(now - _SHORT_LOOK, edition.released_at or now - _SHORT_LOOK))
    left = balance.count(DeliveryState.QUEUED) + balance.count(DeliveryState.LEASED)
    hour = last_hour(connection, edition.id) if balance.waits_for_hour else None
    return Pace(rate=rate, ends_at=end_of(left, rate=rate, hour=hour, now=now), next_try_at=next_try)


def rate_of(minutes: Sequence[tuple[datetime, int]], *, since: datetime, begun: datetime, now: datetime) -> float:
    """Emails accepted a second, from the counts of the minutes after `since` that had an answer.

    An edition that began, or went on, after `since` is measured from its first whole minute as soon as there is
    enough of it; `begun` is its release. 0.0 when nothing was accepted.
    """
    counted = list(minutes)
    if len(counted) > 1 and counted[0][0] > since and now - counted[1][0] >= _IS_TELLING:
        del counted[0]
    if not counted:
        return 0.0
    return sum(number for _, number in counted) / _seconds(now, max(counted[0][0], begun))


def end_of(left: int, *, rate: float, hour: datetime | None, now: datetime) -> datetime | None:
    """When the last of `left` emails leaves at `rate` a second, not before the readers' last `hour`.

    None when nothing is left, and when nobody can tell.
    """
    if not left or (not rate and hour is None):
        return None
    # Whoever waits for an hour leaves then, whatever the pace is now.
    worked = now + timedelta(seconds=min(left / rate, 10**8)) if rate else now
    return worked if hour is None else max(hour, worked)


def remainders_of(connection: Connection, edition_id: EditionId) -> tuple[Remainder, ...]:
    """Why deliveries of an edition were deferred, failed, cancelled, or are unknown; one for each such state."""
    counts: dict[DeliveryState, Counter[str]] = {}
    for state, reason, number in reasons_by_state(connection, edition_id):
        counts.setdefault(state, Counter())[alike(reason)] += number
    found = []
    for state in sorted(counts):
        # Of two that are as frequent the text decides, so that every look says the same.
        ranked = sorted(counts[state].items(), key=lambda pair: (-pair[1], pair[0]))
        others = ranked[TOP_REASONS:]
        found.append(
            Remainder(
                state=state,
                reasons=tuple(ranked[:TOP_REASONS]),
                other_reasons=len(others),
                other_number=sum(number for _, number in others),
            )
        )
    return tuple(found)


def alike(reason: str) -> str:
    """`reason` without what a server says to one reader alone: addresses, queue numbers. Nobody is named by it."""
    return _NUMBER.sub("…", _ADDRESS.sub("…", " ".join(reason.split())))


def _seconds(now: datetime, since: datetime) -> float:
    # A clock that was set back must not make a pace of no time at all.
    return max((now - since).total_seconds(), 1.0)
