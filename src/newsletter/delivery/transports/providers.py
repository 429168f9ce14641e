"""What all transports to providers share: how a message is made ready, and what kinds of answers there are.

A provider has accepted a message when it gave an id for it. Whatever else comes after the request left, and is not
plainly a refusal, leaves the message in doubt: the same answer can follow an accepted one.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from newsletter.delivery.transports.https import Answer, AnswerLost, Api, Request
from newsletter.delivery.transports.wire import MAX_REPLY, printable
from newsletter.delivery.words import fit_for_log
from newsletter.errors import TransportError
from newsletter.model import Envelope, Outcome, Receipt

_SIGNATURE = re.compile(rb"^dkim-signature[ \t]*:.*\r\n(?:[ \t].*\r\n)*", re.IGNORECASE | re.MULTILINE)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,62}")


def carry(
    api: Api, make: Callable[[], Request], judge: Callable[[Answer], Receipt], *, opened: Callable[[], None]
) -> Receipt:
    """The receipt that `judge` makes of the answer to a request; unknown when none was understood."""
    try:
        answer = api.post(make, opened=opened)
    except AnswerLost as lost:
        return Receipt(outcome=Outcome.UNKNOWN, reply=f"{lost}.")
    return judge(answer)


def without_signatures(message: bytes) -> bytes:
    """The message without its DKIM-Signature fields: providers change signed headers, and sign by themselves."""
    head, gap, body = message.partition(b"\r\n\r\n")
    if not gap or b"dkim-signature" not in head.lower():
        return message
    # What is left of a head of signatures alone is an empty line.
    return _SIGNATURE.sub(b"", head + b"\r\n") + b"\r\n" + body


def bounce_token_of(envelope: Envelope) -> str:
    """What stands behind `b+` in the address that failures go to, for the provider to give back; "" without one."""
    local = envelope.sender.rpartition("@")[0]
    token = local.removeprefix("b+")
    return token if token != local and _TOKEN.fullmatch(token) else ""


def accepted(api: Api, message_id: str) -> Receipt:
    """The provider answers for the message from now on, under its own id."""
    return Receipt(outcome=Outcome.ACCEPTED, code=250, enhanced="2.0.0", reply=_cut(f"{api.place}: {message_id}"))


def unsure(api: Api, answer: Answer) -> Receipt:
    """Nobody can tell from this answer whether the message was accepted."""
    return Receipt(outcome=Outcome.UNKNOWN, reply=_words(api, answer))


def asked_to_wait(api: Api, answer: Answer) -> Receipt:
    """The provider did not take the message now.

    Code 452, not 450 or 451: those would slow the mail to the reader's domain, which has said nothing.
    """
    return Receipt(outcome=Outcome.DEFERRED, code=452, enhanced="4.3.2", reply=_words(api, answer))


def reader_refused(api: Api, answer: Answer, *, enhanced: str = "") -> Receipt:
    """The provider takes nothing for this address; `enhanced` only where it plainly says why."""
    return Receipt(outcome=Outcome.REFUSED, code=550, enhanced=enhanced, reply=_words(api, answer), of_reader=True)


def content_refused(api: Api, answer: Answer) -> Receipt:
    """The provider dislikes the message itself, and would dislike that to the next reader, too."""
    return Receipt(outcome=Outcome.REFUSED, code=554, enhanced="5.6.0", reply=_words(api, answer))


def too_large(api: Api, answer: Answer) -> Receipt:
    """The message has more octets than the provider takes."""
    return Receipt(outcome=Outcome.REFUSED, code=552, enhanced="5.3.4", reply=_words(api, answer))


def refused_somehow(api: Api, answer: Answer) -> Receipt:
    """A refusal without a known reason: of this one message, until the brake hears of more."""
    return Receipt(outcome=Outcome.REFUSED, code=554, reply=_words(api, answer))


def unable(api: Api, answer: Answer, todo: str) -> TransportError:
    """The error to raise where a person has to act first; `todo` says what to do, as a sentence."""
    # Without full stop, whatever the provider wrote.
    said = fit_for_log(answer.words)[:300].rstrip(" .") or "nothing else"
    return TransportError(
        f"{api.place} answered {answer.status}: {said}. It did not take the message. {todo}", permanent=True
    )


def _words(api: Api, answer: Answer) -> str:
    return _cut(f"{api.place} answered {answer.status}: {answer.words}".rstrip(": "))


def _cut(words: str) -> str:
    return printable(words)[:MAX_REPLY]
