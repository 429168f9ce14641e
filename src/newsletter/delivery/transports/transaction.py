"""One message over a session that is ready for it: as few round trips as the server allows.

Three ways, chosen by what the server offered after the last EHLO: one step at a time (RFC 5321),
MAIL, RCPT and DATA in one write (RFC 2920), or all of it in one write (RFC 3030). Outcomes follow
RFC 5321 §4.2 and the place where the words fell: a server that never had the content cannot have
accepted it, one that had it may have (RFC 1047). Replies count in the order of their commands.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from newsletter.delivery.transports.commands import as_chunk, mail_line, needs_of, rcpt_line, with_dots
from newsletter.delivery.transports.screen import refused
from newsletter.delivery.transports.session import Session
from newsletter.delivery.transports.wire import Reply, WireLost
from newsletter.errors import TransportError
from newsletter.model import Envelope, Outcome, Receipt

_CLOSING = 421
_GO_ON = 354
_COURTESY_S = 5.0  # for words that decide nothing any more
_LOST_PLACE = "the server lost its place in the conversation"


@dataclass(kw_only=True, slots=True)
class Letter:
    """A message on its way; a second connection must not open its attempt again."""

    envelope: Envelope
    message: bytes
    opened: Callable[[], None]
    is_opened: bool = False

    def open(self) -> None:
        """Have the attempt recorded, once."""
        if not self.is_opened:
            self.opened()
            self.is_opened = True


def hand_over(session: Session, letter: Letter) -> Receipt:
    """What became of `letter`; see `Transport.deliver`. A session that cannot go on is closed."""
    needs, offers = needs_of(letter.envelope, letter.message), session.offers
    if needs.eight_bit and not offers.eight_bit:
        raise _unable(
            session,
            "8-bit content (RFC 6152), and the message has some",
            "Use a relay that offers 8BITMIME, or quoted-printable content.",
        )
    if needs.utf8 and not offers.utf8:
        if not letter.envelope.sender.isascii():
            raise _unable(
                session,
                "address with letters outside ASCII, and the sender has one",
                "Use a relay that offers SMTPUTF8, or another address to send from.",
            )
        place = "header" if letter.envelope.recipient.isascii() else "address"
        return refused(f"the relay takes no {place} with letters outside ASCII (RFC 6531)")
    mail, rcpt = mail_line(letter.envelope, needs), rcpt_line(letter.envelope)
    if offers.chunking:
        return _by_chunk(session, letter, mail + rcpt)
    early = _invite(session, mail, rcpt)
    session.carried += 1
    if early is not None:
        return early
    letter.open()
    return _by_data(session, letter.message)


class _Group:
    """Commands and their replies, strictly by count: all in one write where that is offered, else each in turn."""

    def __init__(self, session: Session, lines: list[bytes]) -> None:
        self._session = session
        self._unsent = [b"".join(lines)] if session.offers.pipelining else lines
        self._unheard = len(lines)

    def reply(self) -> Reply:
        """The reply to the next command. Raises WireLost."""
        wire, timeout_s = self._session.wire, self._session.settings.command_timeout_s
        if self._unsent:
            wire.send(self._unsent.pop(0), timeout_s=timeout_s)
        self._unheard -= 1
        return wire.reply(deadline=time.monotonic() + timeout_s)

    def hear_out(self) -> None:
        """Read what is still to come, so that the server is not cut off in mid-sentence; it decides nothing."""
        deadline = time.monotonic() + _COURTESY_S
        with suppress(WireLost):
            while not self._unsent and self._unheard > 0:
                self._unheard -= 1
                self._session.wire.reply(deadline=deadline)


def _invite(session: Session, mail: bytes, rcpt: bytes) -> Receipt | None:
    """Name sender and reader and ask to send content: None when the server waits for it.

    Raises TransportError where the refusal is not about this reader.
    """
    lines = [mail, rcpt, b"DATA\r\n"]
    group = _Group(session, [b"RSET\r\n", *lines] if session.is_stained else lines)
    try:
        # Without a clean start the reader before this one could get this message, too.
        if session.is_stained and not _is_yes(reply := group.reply()):
            raise _refusal(session, "RSET", reply, permanent=False)
        session.is_stained = False
        reply = group.reply()
    except WireLost as lost:
        raise TransportError(
            f"{session.settings.name}: {lost} at MAIL. Nothing was sent. It is tried again later."
        ) from lost
    if not _is_yes(reply):
        group.hear_out()
        raise _refusal(session, "MAIL", reply)
    try:
        return _answer_of_reader(session, group)
    except WireLost as lost:
        session.close()
        return Receipt(outcome=Outcome.DEFERRED, reply=f"Before the content: {lost}.")


def _answer_of_reader(session: Session, group: _Group) -> Receipt | None:
    reply = group.reply()
    if _is_yes(reply):
        reply = group.reply()
        if reply.code == _GO_ON and session.wire.is_quiet:
            return None
    elif reply.code >= 400 and reply.code != _CLOSING and session.offers.pipelining:
        _take_back(session, group)
    if reply.code == _CLOSING:
        raise _refusal(session, "RCPT or DATA", reply)
    if reply.code < 400:
        raise WireLost(_LOST_PLACE)
    session.is_stained = True
    return _negative(reply)


def _take_back(session: Session, group: _Group) -> None:
    """Undo the DATA that went out behind a refused RCPT; what it says changes nothing (RFC 2920 §3.1)."""
    try:
        reply = group.reply()
        is_odd = reply.code < 400
        if reply.code == _GO_ON and session.wire.is_quiet:
            # Nobody was accepted, so nobody can get this empty message.
            reply = session.wire.command(b".\r\n", timeout_s=session.settings.command_timeout_s)
            is_odd = 300 <= reply.code <= 399
    except WireLost:
        is_odd = True
    if is_odd or reply.code == _CLOSING:
        session.close()


def _by_data(session: Session, message: bytes) -> Receipt:
    """Send content and final dot, and wait for the word that decides."""
    settings = session.settings
    try:
        session.wire.send(with_dots(message), timeout_s=settings.command_timeout_s)
        reply = session.wire.reply(deadline=time.monotonic() + settings.dot_timeout_s)
        if 300 <= reply.code <= 399:
            raise WireLost(_LOST_PLACE)
    except WireLost as lost:
        session.close()
        return Receipt(outcome=Outcome.UNKNOWN, reply=f"After the content: {lost}.")
    if reply.code == _CLOSING:
        session.close()
    return _final(reply)


def _by_chunk(session: Session, letter: Letter, envelope_lines: bytes) -> Receipt:
    """Send envelope and content in one write and read the three replies.

    The content leaves before the reader is accepted. Nothing is lost by that: a connection has one
    attempt in doubt either way, from `opened` to the last reply, and without a valid reader a
    server has nobody to accept the content for. Only a server that answers one command twice
    would be found out by the 354 of DATA and is not by this; `chunking` in the settings is for it.
    """
    _make_ready_for_content(session)
    letter.open()
    session.carried += 1
    replies: list[Reply] = []
    lost: WireLost | None = None
    try:
        session.wire.send(envelope_lines + as_chunk(letter.message), timeout_s=session.settings.command_timeout_s)
    except WireLost as error:
        lost = error
    try:
        # Also after a failed write: who refuses and closes at once has left its words behind.
        for reply in _replies_to_chunk(session, is_whole=lost is None):
            replies.append(reply)
    except WireLost as error:
        lost = lost or error
    return _verdict(session, replies, lost)


def _replies_to_chunk(session: Session, *, is_whole: bool) -> Iterator[Reply]:
    """The replies to MAIL, RCPT and BDAT, and a farewell behind them. Raises WireLost, and at any word beyond these."""
    settings, wire = session.settings, session.wire
    for timeout_s in (settings.command_timeout_s, settings.command_timeout_s, settings.dot_timeout_s):
        yield (reply := wire.reply(deadline=time.monotonic() + (timeout_s if is_whole else _COURTESY_S)))
        if reply.code == _CLOSING:
            return
    if not wire.is_quiet:
        # Postfix says 421 unasked behind the last refusal that it bears.
        yield wire.reply(deadline=time.monotonic() + _COURTESY_S)
        if not wire.is_quiet:
            raise WireLost(_LOST_PLACE)


def _verdict(session: Session, replies: list[Reply], lost: WireLost | None) -> Receipt:
    if lost is not None or len(replies) > 3:
        session.close()
    for at, (step, reply) in enumerate(zip(("MAIL", "RCPT"), replies, strict=False)):
        if _is_yes(reply):
            continue
        if any(later.code < 400 for later in replies[at:]):
            # A yes behind a no: one of them answers something else, and the content is out.
            lost = WireLost(_LOST_PLACE)
            break
        if step == "MAIL" or reply.code == _CLOSING:
            raise _refusal(session, step, reply)
        session.is_stained = True
        return replace(_negative(reply), of_reader=True)
    if lost is None and len(replies) == 3 and not 300 <= replies[-1].code <= 399:
        last = replies[-1]
        if last.code == _CLOSING:
            session.close()
        # RFC 3030 §2: only RSET leads out of a failed chunk.
        session.is_stained = not _is_yes(last)
        return _final(last)
    session.close()
    return Receipt(outcome=Outcome.UNKNOWN, reply=f"After the content: {lost or _LOST_PLACE}.")


def _make_ready_for_content(session: Session) -> None:
    """Make sure that a used connection still listens. Raises TransportError: a fresh one may try at once.

    With content in the first write, whoever finds out later has an attempt in doubt.
    """
    name = session.settings.name
    try:
        if session.is_stained:
            reply = session.wire.command(b"RSET\r\n", timeout_s=session.settings.command_timeout_s)
            if not _is_yes(reply):
                raise _refusal(session, "RSET", reply, permanent=False)
            session.is_stained = False
        if session.carried and not session.wire.is_idle:
            raise WireLost("the server closed the connection")
    except WireLost as lost:
        raise TransportError(f"{name}: {lost} before MAIL. Nothing was sent. It is tried again later.") from lost


def _refusal(session: Session, step: str, reply: Reply, *, permanent: bool | None = None) -> TransportError:
    permanent = reply.code >= 500 if permanent is None else permanent
    todo = "Ask whoever runs the relay, then resume the edition." if permanent else "It is tried again later."
    return TransportError(
        f"{session.settings.name}: the relay answered {step} with {reply.code} {reply.text[:200]}. "
        f"Nothing was accepted. {todo}",
        permanent=permanent,
    )


def _unable(session: Session, what: str, todo: str) -> TransportError:
    return TransportError(
        f"{session.settings.name}: the relay takes no {what}. Nothing was sent. {todo}",
        permanent=True,
    )


def _is_yes(reply: Reply) -> bool:
    return 200 <= reply.code <= 299


def _final(reply: Reply) -> Receipt:
    return _receipt(Outcome.ACCEPTED, reply) if _is_yes(reply) else _negative(reply)


def _negative(reply: Reply) -> Receipt:
    return _receipt(Outcome.DEFERRED if reply.code < 500 else Outcome.REFUSED, reply)


def _receipt(outcome: Outcome, reply: Reply) -> Receipt:
    return Receipt(outcome=outcome, code=reply.code, enhanced=reply.enhanced, reply=reply.text)
