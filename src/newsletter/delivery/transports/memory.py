"""A transport that carries nothing anywhere: for tests and rehearsals, with answers by script."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from newsletter.delivery.transports.screen import refuse_unfit
from newsletter.errors import TransportError
from newsletter.model import Envelope, Outcome, Receipt


@dataclass(frozen=True, kw_only=True, slots=True)
class AtDot:
    """An answer that comes after the content instead of before it."""

    receipt: Receipt


@dataclass(frozen=True, kw_only=True, slots=True)
class Carried:
    """One message whose content was handed over, whatever the answer was."""

    envelope: Envelope
    message: bytes


Answer = Receipt | AtDot | TransportError


class MemoryTransport:
    """Answers by `script`, one entry per message, and accepts once the script is used up.

    A bare deferred or refused `Receipt` comes before the content, an accepted or unknown one after
    it, `AtDot` always after it, and a TransportError is raised. `carried` and `accepted` are what
    the other side saw and took.
    """

    def __init__(self, script: Iterable[Answer] = (), *, name: str = "memory") -> None:
        """Follow `script`, read once and lazily."""
        self._script = iter(script)
        self._name = name
        self.carried: list[Carried] = []
        self.accepted: list[Carried] = []

    @property
    def name(self) -> str:
        """The name it was given."""
        return self._name

    def __enter__(self) -> Self:
        """Nothing to prepare."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing to let go of."""

    def deliver(self, envelope: Envelope, message: bytes, *, opened: Callable[[], None]) -> Receipt:
        """Answer as the script says; see `Transport.deliver`."""
        unfit = refuse_unfit(envelope, message)
        if unfit is not None:
            return unfit
        answer = next(self._script, Receipt(outcome=Outcome.ACCEPTED, code=250, enhanced="2.0.0", reply="kept"))
        if isinstance(answer, TransportError):
            raise answer
        receipt = answer.receipt if isinstance(answer, AtDot) else answer
        if receipt is answer and receipt.outcome in (Outcome.DEFERRED, Outcome.REFUSED):
            return receipt
        opened()
        carried = Carried(envelope=envelope, message=message)
        self.carried.append(carried)
        if receipt.outcome is Outcome.ACCEPTED:
            self.accepted.append(carried)
        return receipt
