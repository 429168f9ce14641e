"""What follows from an answer of the wire: a pure decision, and nothing is done here.

The classes are those of RFC 3463: an address code says that the mailbox does not exist, a policy
code that somebody dislikes us, a content code that the message itself is at fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.model import DeliveryState, Outcome, Receipt

# Bad mailbox, bad domain, bad syntax, and a domain that takes no mail at all (RFC 7505).
ADDRESS_CODES = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.10"})
POLICY_TRIES = 3
UNKNOWN_TRIES = 3
MAX_TRIES = 65  # five days hold no more
GIVE_UP_AFTER = timedelta(days=5)  # RFC 5321 §4.5.4.1: at least four to five days
_WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60))
_LAST_WAIT = timedelta(hours=2)
_SPREAD = 0.2
_MAILBOX_FULL = "5.2.2"


@dataclass(frozen=True, kw_only=True, slots=True)
class Try:
    """The circumstances of one try: its number from 1, when mailing began, and now (aware UTC).

    `content` says whether the content had gone out when the answer came; `jitter` lies in [0, 1).
    """

    number: int
    since: datetime
    now: datetime
    jitter: float
    content: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """Where a delivery goes next.

    `next_at` is set for `deferred` alone. `bounced` says that the reader's address is dead,
    `counts` that the brake shall hear of it. A `pause` is the reason why the edition must stop.
    """

    state: DeliveryState
    reason: str | None = None
    next_at: datetime | None = None
    bounced: bool = False
    counts: bool = False
    pause: str | None = None


def decide(receipt: Receipt, attempt: Try) -> Decision:
    """The fate of a delivery after this receipt.

    Accepted is `sent`, unsure is `unknown`. A temporary refusal is `deferred` until it has lasted
    five days. A permanent one is `failed`; with a policy code only after three tries, and with a
    content code at the final dot (also 552, unless the mailbox is full) the edition is at fault.
    """
    if receipt.outcome is Outcome.ACCEPTED:
        return Decision(state=DeliveryState.SENT)
    reason = _words(receipt)
    if receipt.outcome is Outcome.UNKNOWN:
        return Decision(state=DeliveryState.UNKNOWN, reason=reason)
    if receipt.outcome is Outcome.DEFERRED:
        return _later(attempt, reason)
    if attempt.content and _blames_content(receipt):
        return _later(attempt, reason, pause=f"the relay refuses the content: {reason}")
    if receipt.enhanced.startswith("5.7."):
        if attempt.number < POLICY_TRIES:
            return _later(attempt, reason, counts=True)
        return Decision(state=DeliveryState.FAILED, reason=f"policy: {reason}", counts=True)
    bounced = receipt.enhanced in ADDRESS_CODES
    return Decision(state=DeliveryState.FAILED, reason=reason, bounced=bounced, counts=True)


def wait_before(number: int, *, jitter: float) -> timedelta:
    """How long to wait after try `number`: 1, 5, 15, 30, 60 minutes, then 2 hours, give or take a tenth.

    A relay behind us makes each try a re-submission; it keeps the long intervals itself.
    """
    wait = _WAITS[number - 1] if number <= len(_WAITS) else _LAST_WAIT
    return wait * (1 + _SPREAD * (jitter - 0.5))


def _later(attempt: Try, reason: str, *, counts: bool = False, pause: str | None = None) -> Decision:
    next_at = attempt.now + wait_before(attempt.number, jitter=attempt.jitter)
    if pause is None and (attempt.number >= MAX_TRIES or next_at > attempt.since + GIVE_UP_AFTER):
        return Decision(state=DeliveryState.FAILED, reason=f"gave_up: {reason}", counts=counts)
    return Decision(state=DeliveryState.DEFERRED, reason=reason, next_at=next_at, counts=counts, pause=pause)


def _blames_content(receipt: Receipt) -> bool:
    if receipt.enhanced == "5.3.4" or receipt.enhanced.startswith("5.6."):
        return True
    return receipt.code == 552 and receipt.enhanced != _MAILBOX_FULL


def _words(receipt: Receipt) -> str:
    return f"{receipt.code} {receipt.reply}".strip() if receipt.code else receipt.reply
