"""What the engine asks of a transport: carry one message, and say honestly what became of it."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from newsletter.model import Envelope, Receipt


class Transport(Protocol):
    """Carries messages out, one at a time; entered once and used for many messages.

    What the wire says of one message comes back as a `Receipt` and never raises. TransportError
    says that the transport cannot work at all; the message at hand was then certainly not accepted.
    """

    @property
    def name(self) -> str:
        """The name under which attempts are recorded: at most 64 characters."""
        ...

    def __enter__(self) -> Self:
        """Make ready; connecting may wait until the first message."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let go of everything; never raises, since what was accepted stays accepted."""
        ...

    def deliver(self, envelope: Envelope, message: bytes, *, opened: Callable[[], None]) -> Receipt:
        """Hand over `message` (whole RFC 5322 bytes, CRLF line ends) and wait for the answer.

        Calls `opened` once, after the recipient was accepted and before the first byte of content,
        so that the attempt can be recorded durably. When `opened` raises, no content leaves and the
        exception passes through. A recipient or content refused earlier ends without that call.

        Raises TransportError when the next message would fare no better.
        """
        ...
