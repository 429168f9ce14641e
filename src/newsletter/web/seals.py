"""What shows that a form came from a page of ours: a signed hour in a hidden field.

Readers have no account and no cookie that a request from elsewhere could borrow; the seal is there
against programs that post without ever having seen the page, and pages of others that post for their
visitors. It is bound to one purpose, so that no seal opens another form.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from enum import StrEnum

FIELD = "seal"
# Nobody fills a form in two seconds; programs do.
SOONEST = timedelta(seconds=2)
LATEST = timedelta(hours=24)
_MAC_CHARACTERS = 32


class SealState(StrEnum):
    """Good seals let a form act; early and old ones ask for it once more; others are no seals."""

    GOOD = "good"
    EARLY = "early"
    OLD = "old"
    NONE = "none"


def seal_for(key: bytes, purpose: str, now: datetime) -> str:
    """The seal of a form shown at `now` (aware UTC) for `purpose` ("subscribe", "p:TOKEN")."""
    hour = f"{int(now.timestamp()):x}"
    return f"{hour}.{_mac(key, purpose, hour)}"


def seal_state(key: bytes, purpose: str, seal: str, now: datetime) -> SealState:
    """What the seal a form came back with is worth; compared in constant time."""
    hour, dot, mac = seal.partition(".")
    # As octets: compare_digest takes no text outside ASCII.
    signed, given = _mac(key, purpose, hour).encode(), mac.encode("utf-8", "replace")
    if not dot or len(hour) > 12 or not hmac.compare_digest(signed, given):
        return SealState.NONE
    age = timedelta(seconds=int(now.timestamp()) - int(hour, 16))
    if age < SOONEST:
        return SealState.EARLY
    return SealState.OLD if age > LATEST else SealState.GOOD


def _mac(key: bytes, purpose: str, hour: str) -> str:
    message = f"{purpose}\0{hour}".encode("utf-8", "replace")
    return hmac.new(key, message, "sha256").hexdigest()[:_MAC_CHARACTERS]
