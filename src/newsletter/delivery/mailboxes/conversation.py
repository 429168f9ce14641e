"""One conversation in which a mail server hands over returned mail: SMTP (RFC 5321) or LMTP (RFC 2033).

A client that says LHLO gets one answer per recipient after its message, any other gets one. aiosmtpd reads the
commands; the message is read here, where a line of any length costs no more memory than a message may.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, Envelope, Session

from newsletter.delivery.mailboxes.box import MAX_OCTETS

# RFC 5321 §4.5.3.1.8: at least as many have to be taken.
MAX_RECIPIENTS = 100
_CLOSES = b"421 4.3.2 The newsletter closes this door; try again later\r\n"
_TAKEN = "250 2.6.0 Taken"
_LATER = "451 4.3.0 It could not be written down; try again later"
_TOO_BIG = f"552 5.3.4 At most {MAX_OCTETS} octets are taken here"
_OFF = "502 5.5.1 Not spoken here"


class Answers:
    """What aiosmtpd asks about: which recipients are ours, and how an odd command is answered."""

    def __init__(self, domain: str) -> None:
        """Take mail for `b+…` and `unsub+…` at `domain`, whatever the case."""
        self._ours = re.compile(rf"(?:b|unsub)\+[!-?A-~]{{1,128}}@{re.escape(domain)}", re.IGNORECASE)

    async def handle_EHLO(
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, answers: list[str]
    ) -> list[str]:
        """What can be asked of this door; RFC 2033 §5 wants PIPELINING."""
        session.host_name = hostname
        return [*answers[:-1], "250-PIPELINING", answers[-1]]

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Whether the address is a return address of ours."""
        if not self._ours.fullmatch(address):
            return "550 5.1.1 No such return address here"
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 Too many recipients; send the others with another message"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ours"

    async def handle_exception(self, _error: Exception) -> str:
        """The answer to what aiosmtpd stumbles over, such as an address that its parser cannot read."""
        return "501 5.5.2 That cannot be understood"


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """What all conversations share: `receive` hands a message and its recipients on, and says whether it was taken."""

    answers: Answers
    receive: Callable[[bytes, Sequence[str]], Awaitable[bool]]
    timeout_s: float
    guests: set[Conversation] = field(default_factory=set)


class Conversation(SMTP):
    """Speaks with one client until it leaves, or says nothing sensible for `timeout_s`."""

    def __init__(self, house: House, *, loop: asyncio.AbstractEventLoop) -> None:
        """Wait for the client, as a guest of the house from now on."""
        super().__init__(
            house.answers,
            data_size_limit=MAX_OCTETS,
            # A report about a mailbox with a name beyond ASCII comes with SMTPUTF8 (RFC 6531), or not at all.
            enable_SMTPUTF8=True,
            hostname="localhost",
            ident="newsletter",
            timeout=house.timeout_s,
            loop=loop,
        )
        self._house = house
        self._speaks_lmtp = self._in_hand = self._leaving = False
        self.gone = asyncio.Event()
        house.guests.add(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        super().connection_made(transport)
        if self._leaving:
            self._say_goodbye()

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the client."""
        super().connection_lost(error)
        self._house.guests.discard(self)
        self.gone.set()

    @property
    def is_in_hand(self) -> bool:
        """Whether a message is being written down that is not answered yet."""
        return self._in_hand

    def leave(self) -> None:
        """End the conversation; a message in hand is answered first."""
        self._leaving = True
        if not self._in_hand:
            self._say_goodbye()

    def abort(self) -> None:
        """End the conversation at once, whether the client reads our answers or not."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    async def smtp_LHLO(self, hostname: str) -> None:
        """Begin as LMTP."""
        self._speaks_lmtp = True
        await super().smtp_EHLO(hostname)

    async def smtp_EHLO(self, hostname: str) -> None:
        """Begin as SMTP."""
        self._speaks_lmtp = False
        await super().smtp_EHLO(hostname)

    async def smtp_HELO(self, hostname: str) -> None:
        """Begin as SMTP of old."""
        self._speaks_lmtp = False
        await super().smtp_HELO(hostname)

    async def smtp_VRFY(self, arg: str) -> None:
        """Tell nobody which addresses there are."""
        await self.push(_OFF)

    smtp_EXPN = smtp_AUTH = smtp_STARTTLS = smtp_VRFY

    async def smtp_DATA(self, arg: str) -> None:
        """Read a message, hand it on, and answer once it is written down."""
        if await self.check_helo_needed():
            return
        recipients = tuple(self.envelope.rcpt_tos) if self.envelope else ()
        if not recipients or arg:
            await self.push("501 5.5.4 DATA stands alone" if arg else "503 5.5.1 Name a recipient first")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        message = await self._read_message()
        self.envelope = self._create_envelope()
        self._in_hand = True
        answer = _TOO_BIG if message is None else await self._answer_to(message, recipients)
        self._in_hand = False
        # All at once, so that nobody who closes the door comes in between.
        await self.push("\r\n".join([answer] * (len(recipients) if self._speaks_lmtp else 1)))
        if self._leaving:
            self._say_goodbye()

    async def _answer_to(self, message: bytes, recipients: Sequence[str]) -> str:
        # The client waits for us now, and not we for the client.
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        is_taken = await self._house.receive(message, recipients)
        self._reset_timeout()
        return _TAKEN if is_taken else _LATER

    async def _read_message(self) -> bytes | None:
        """What comes before the final dot, without the dots that hide others; None when it is too big.

        Only CRLF ends a line (RFC 5321 §2.3.8): whoever takes a bare LF for one can be made to see two messages in
        one (CVE-2024-27305).
        """
        message = bytearray()
        size, begins_line = 0, True
        while True:
            try:
                piece = await self._reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError as long:
                # A piece of a line, with no line end in it.
                piece = await self._reader.read(long.consumed)
            if begins_line and piece == b".\r\n":
                return bytes(message) if size <= MAX_OCTETS else None
            if begins_line and piece.startswith(b"."):
                piece = piece[1:]
            begins_line = piece.endswith(b"\r\n")
            size += len(piece)
            if size <= MAX_OCTETS:
                message += piece

    def _say_goodbye(self) -> None:
        if isinstance(self.transport, asyncio.WriteTransport) and not self.transport.is_closing():
            self.transport.write(_CLOSES)
            self.transport.close()

    def _timeout_cb(self) -> None:
        # `close`, as aiosmtpd has it, waits for a client that does not read.
        self.abort()
