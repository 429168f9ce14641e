"""Several transports as one: when the first cannot work, the message goes by the next.

Only a TransportError sends a message on, since it says that nothing was accepted; an unsure answer never
does. A transport that failed three times in a row rests for a while, and then one message tries it:
its circuit is open meanwhile. Circuits are shared by the connections of a run, and kept by the gate.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from newsletter.delivery.transports.transport import Transport
from newsletter.delivery.words import fit_for_log
from newsletter.errors import TransportError
from newsletter.model import Envelope, Outcome, Receipt

FAILURES = 3
FIRST_REST = timedelta(seconds=30)
LONGEST_REST = timedelta(minutes=15)
# How soon to ask again while one message tries a transport.
PROBE_LASTS = timedelta(seconds=5)
_SPREAD = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Circuit:
    """How one transport has fared: `failures` in a row, and after them `rests` in a row, the last `until` (aware UTC).

    `until` is None while it carries. `reason` is the last failure, without addresses.
    """

    name: str
    failures: int = 0
    rests: int = 0
    until: datetime | None = None
    reason: str = ""


class Circuits:
    """The circuits of all transports of a run; any thread may ask and tell."""

    def __init__(self, names: Sequence[str], *, clock: Callable[[], datetime], jitter: Callable[[], float]) -> None:
        """Begin with every transport of `names` working, best first; `jitter` gives a number in [0, 1)."""
        self._clock, self._jitter = clock, jitter
        self._lock = threading.Lock()
        self._circuits = {name: Circuit(name=name) for name in names}
        self._probing: set[str] = set()
        self._changed: set[str] = set()

    @property
    def names(self) -> tuple[str, ...]:
        """The transports, best first."""
        return tuple(self._circuits)

    def restore(self, circuit: Circuit) -> None:
        """Take up what was kept of one; a rest longer than any came from a wrong clock."""
        latest = self._clock() + LONGEST_REST * (1 + _SPREAD)
        until = None if circuit.until is None else min(circuit.until, latest)
        with self._lock:
            if circuit.name in self._circuits:
                self._circuits[circuit.name] = replace(circuit, until=until)

    def choose(self, tried: Collection[str] = ()) -> str | None:
        """The best transport that may carry a message now and was not `tried`; after a rest, for one message only."""
        now = self._clock()
        with self._lock:
            for circuit in self._circuits.values():
                if circuit.name not in tried and self._may_carry(circuit, now):
                    if circuit.until is not None:
                        self._probing.add(circuit.name)
                    return circuit.name
        return None

    def next_in_use(self) -> Circuit | None:
        """The circuit of the transport that the next message would go by; None when all of them rest."""
        now = self._clock()
        with self._lock:
            return next((each for each in self._circuits.values() if self._may_carry(each, now)), None)

    def first_to_end(self) -> Circuit:
        """Of resting transports, the one that may be tried first; its `until` is never past."""
        soon = self._clock() + PROBE_LASTS
        with self._lock:
            resting = [
                replace(each, until=max(each.until or soon, soon)) if each.name in self._probing else each
                for each in self._circuits.values()
            ]
        return min(resting, key=lambda each: (each.until or soon, each.name))

    def failed(self, name: str, error: TransportError) -> None:
        """Count a failure; the third in a row, and each one after a rest, makes the transport rest."""
        now = self._clock()
        with self._lock:
            before, was_probe = self._circuits[name], name in self._probing
            self._probing.discard(name)
            if before.until is not None and not was_probe:
                return  # what was under way when it began to rest
            circuit = replace(before, failures=min(before.failures + 1, FAILURES), reason=fit_for_log(str(error)))
            if circuit.failures >= FAILURES:
                doubled: int = 2 ** min(circuit.rests, 10)
                wait = min(FIRST_REST * doubled, LONGEST_REST) * (1 + _SPREAD * (self._jitter() - 0.5))
                circuit = replace(circuit, rests=circuit.rests + 1, until=now + wait)
            self._keep(circuit)

    def answered(self, name: str, receipt: Receipt) -> None:
        """Forget failures when the other side has said something; a broken conversation says nothing."""
        with self._lock:
            self._probing.discard(name)
            if (receipt.code or receipt.outcome is Outcome.ACCEPTED) and self._circuits[name].failures:
                self._keep(Circuit(name=name))

    def gave_no_sign(self, name: str) -> None:
        """Say that a message that was to go by this transport was never tried on it."""
        with self._lock:
            self._probing.discard(name)

    def take_changes(self) -> list[Circuit]:
        """The circuits that changed since the last call, by name."""
        with self._lock:
            changed = [self._circuits[name] for name in sorted(self._changed)]
            self._changed.clear()
        return changed

    def _may_carry(self, circuit: Circuit, now: datetime) -> bool:
        return circuit.until is None or (circuit.until <= now and circuit.name not in self._probing)

    def _keep(self, circuit: Circuit) -> None:
        self._circuits[circuit.name] = circuit
        self._changed.add(circuit.name)


class FailoverTransport:
    """Carries each message by the best transport that works; one for each thread, with circuits of the whole run.

    Transports are entered when they are first needed, so that a spare costs nothing.
    """

    def __init__(self, transports: Sequence[Transport], circuits: Circuits) -> None:
        """Use `transports`, whose names are those of `circuits`; each belongs to this thread alone."""
        self._transports = {transport.name: transport for transport in transports}
        self._circuits = circuits
        self._entered: dict[str, Transport] = {}
        self._stack = ExitStack()
        self._name = circuits.names[0]

    @property
    def name(self) -> str:
        """The name of the transport in use for the message at hand."""
        return self._name

    def __enter__(self) -> Self:
        """Nothing yet: the first message enters what it needs."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let go of every transport that was used."""
        self._entered.clear()
        self._stack.close()

    def deliver(self, envelope: Envelope, message: bytes, *, opened: Callable[[], None]) -> Receipt:
        """Hand over one message by the first transport that works; see `Transport.deliver`.

        When none works, the last TransportError; permanent only if that of every transport is.
        """
        once = _Once(opened)
        errors: list[TransportError] = []
        tried: list[str] = []
        while (name := self._circuits.choose(tried)) is not None:
            tried.append(name)
            self._name = name
            try:
                receipt = self._ready(name).deliver(envelope, message, opened=once)
            except TransportError as error:
                self._circuits.failed(name, error)
                errors.append(error)
            except BaseException:
                self._circuits.gave_no_sign(name)
                raise
            else:
                self._circuits.answered(name, receipt)
                return receipt
        raise self._failure(errors)

    def _ready(self, name: str) -> Transport:
        if name not in self._entered:
            self._entered[name] = self._stack.enter_context(self._transports[name])
        return self._entered[name]

    def _failure(self, errors: Sequence[TransportError]) -> TransportError:
        if not errors:
            resting = self._circuits.first_to_end()
            until = "" if resting.until is None else f" until {resting.until:%H:%M:%S} UTC"
            return TransportError(f"{resting.name} rests{until}. Nothing was sent. The last failure: {resting.reason}")
        is_permanent = len(errors) == len(self._transports) and all(error.permanent for error in errors)
        if errors[-1].permanent == is_permanent:
            return errors[-1]
        return TransportError(str(errors[-1]), permanent=is_permanent)


class _Once:
    """Calls the engine back at the first content of a message, however many transports begin with it."""

    def __init__(self, opened: Callable[[], None]) -> None:
        self._opened = opened
        self._was_called = False

    def __call__(self) -> None:
        if not self._was_called:
            self._opened()
            self._was_called = True
