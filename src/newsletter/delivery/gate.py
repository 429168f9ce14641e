"""The gate: how many messages may leave now, and which of them had better wait.

Comes in: `PaceRules`, the transaction in which rows are leased, each answer of the wire. Goes out: grants
and rows to put off. What is learned is kept in `lanes` and counted in `traffic`, so that every process
shares it and a restart forgets nothing. Asked by the one thread that leases and settles.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from newsletter.delivery.domain_lanes import DomainLanes, PutOff
from newsletter.delivery.meter import Meter
from newsletter.delivery.pace import Grant, PaceRules, TransportPace, is_open, minute_of, opens_at
from newsletter.delivery.transports.failover import PROBE_LASTS, Circuit, Circuits
from newsletter.model import EditionId, Outcome, Receipt
from newsletter.store.lanes import Lane, lane_of_transport, save_closing
from newsletter.store.traffic import Answers, add_answers

__all__ = ["Gate", "PutOff", "open_gate"]


def open_gate(
    connection: Connection, rules: PaceRules, *, transport: str, now: datetime, circuits: Circuits | None = None
) -> Gate:
    """The gate of a run, with all that was learned before.

    `transport` is the first of those in use; `circuits`, where there are several, are those of the run.
    """
    for name in () if circuits is None else circuits.names:
        lane = lane_of_transport(connection, name)
        if lane is not None and circuits is not None:
            circuits.restore(_circuit_of(lane))
    gate = Gate(rules, transport, circuits)
    gate.refresh(connection, now=now)
    return gate


class Gate:
    """Grants messages, puts rows off and learns from answers; made by `open_gate`.

    All but `room` belongs to one thread.
    """

    def __init__(self, rules: PaceRules, transport: str, circuits: Circuits | None = None) -> None:
        """Begin with nothing learned."""
        self._rules, self._name, self._circuits = rules, transport, circuits
        self._domains = DomainLanes(transport, rules.per_domain)
        self._meters: dict[str, Meter] = {}
        self._tallies: dict[str, _Tally] = {}

    def grant(self, connection: Connection, wanted: int, *, now: datetime) -> Grant:
        """How many of `wanted` messages may leave; they are counted in this transaction, that of the lease.

        The count may be below what was wanted, or 0: then with the moment to ask again and a reason in words.
        What is not used goes back by `give_back`.
        """
        hours, zone = self._rules.hours, self._rules.zone
        if hours is not None and not is_open(hours, zone, now):
            reason = f"mail leaves from {hours.start:%H:%M} to {hours.end:%H:%M} ({zone})"
            return Grant(count=0, next_at=opens_at(hours, zone, now), reason=reason)
        probed = ""
        if self._circuits is not None:
            circuit = self._use_next()
            if circuit is None:
                resting = self._circuits.first_to_end()
                return Grant(count=0, next_at=resting.until, reason=f"{resting.name} rests: {resting.reason}")
            probed = circuit.name if circuit.until is not None else ""
        self.refresh(connection, now=now)
        granted = self._meter().take(connection, 1 if probed else wanted, now=now)
        if not probed or not granted.count or wanted == 1:
            return granted
        return Grant(count=1, next_at=now + PROBE_LASTS, reason=f"one message tries whether {probed} works again")

    def give_back(self, connection: Connection, count: int, *, now: datetime) -> None:
        """Take back what was granted in this transaction and not used: fewer rows were due, or some were put off."""
        self._meter().give_back(connection, count, now=now)

    def sort(
        self, rows: Sequence[tuple[int, str]], *, now: datetime, connection: Connection | None = None
    ) -> list[PutOff]:
        """Those of `rows` (subscriber, recipient domain) that must wait, because their domain takes no more now.

        They come back one after the other. With a `connection`, that of the lease, what the others take is written
        at once, so that no other process takes the same; without one, at the next `save`.
        """
        put_off = self._domains.sort(rows, now=now)
        if connection is not None:
            self._domains.save(connection)
        return put_off

    def has_moved(self) -> bool:
        """Whether mail goes by another transport by now than at the last look; the next grant is for that one."""
        before = self._name
        return self._use_next() is not None and self._name != before

    def room(self, domain: str) -> int:
        """How many messages to `domain` may be in flight at once, at least 1; any thread may ask."""
        return self._domains.room(domain)

    def heard(
        self, domain: str, receipt: Receipt, *, now: datetime, jitter: float, transport: str | None = None
    ) -> None:
        """Learn from an answer, which came over `transport` (that of the last grant); `jitter` lies in [0, 1)."""
        name = transport or self._name
        tally = self._tallies.get(name)
        if tally is None:
            tally = self._tallies[name] = _Tally()
        tally.count(receipt.outcome)
        self._domains.heard(domain, receipt, now=now, jitter=jitter, transport=name)

    def save(self, connection: Connection, edition_id: EditionId, *, now: datetime) -> None:
        """Write what was learned and count the answers for this minute: in the transaction that settles them."""
        for name, tally in sorted(self._tallies.items()):
            add_answers(connection, name, edition_id, minute=minute_of(now), answers=tally.answers())
        self._tallies.clear()
        for circuit in () if self._circuits is None else self._circuits.take_changes():
            save_closing(connection, _lane_of(circuit, now), now=now)
        self._domains.save(connection)

    def refresh(self, connection: Connection, *, now: datetime) -> None:
        """Read what all processes have learned of domains; `grant` does it, too."""
        self._domains.refresh(connection, now=now)

    def _use_next(self) -> Circuit | None:
        """Look with the eyes of the transport in use; gives its circuit, None when all rest or there is but one."""
        circuit = None if self._circuits is None else self._circuits.next_in_use()
        if circuit is not None:
            self._name = circuit.name
            self._domains.use(circuit.name)
        return circuit

    def _meter(self) -> Meter:
        meter = self._meters.get(self._name)
        if meter is None:
            pace = self._rules.transports.get(self._name, TransportPace())
            meter = self._meters[self._name] = Meter(self._name, pace, zone=self._rules.zone)
        return meter


class _Tally:
    """The answers over one transport since the last save; an unsure one is counted nowhere."""

    def __init__(self) -> None:
        self._accepted = self._deferred = self._refused = 0

    def count(self, outcome: Outcome) -> None:
        if outcome is Outcome.ACCEPTED:
            self._accepted += 1
        elif outcome is Outcome.DEFERRED:
            self._deferred += 1
        elif outcome is Outcome.REFUSED:
            self._refused += 1

    def answers(self) -> Answers:
        return Answers(accepted=self._accepted, deferred=self._deferred, refused=self._refused)


def _circuit_of(lane: Lane) -> Circuit:
    return Circuit(
        name=lane.transport, failures=lane.streak, rests=lane.closures, until=lane.closed_until, reason=lane.reason
    )


def _lane_of(circuit: Circuit, now: datetime) -> Lane:
    return Lane(
        transport=circuit.name,
        domain="",
        refilled_at=now,
        streak=circuit.failures,
        closures=circuit.rests,
        closed_until=circuit.until,
        reason=circuit.reason,
    )
