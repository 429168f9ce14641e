"""Notices this room wants sent: what they are about, never how they read.

The desk writes the words and stores the message in the same transaction. Nothing a stranger typed
is in a notice: it goes to an address that may belong to somebody else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection

from newsletter.model import SubscriberId, SubscriberState


class NoticeKind(StrEnum):
    """What a notice is about."""

    CONFIRM = "confirm"
    ALREADY = "already"
    ADDRESS = "address"
    MOVED = "moved"
    RETURN = "return"


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeWanted:
    """One notice: `token` belongs into its link, "" for one without; it is worth nothing after `expires_at`."""

    kind: NoticeKind
    to_address: str
    subscriber_id: SubscriberId | None
    language: str
    token: str
    dedupe_key: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """The rules of asking people: how long they have, how many an hour, how long a network address is kept."""

    confirm_within: timedelta = timedelta(days=7)
    notices_per_hour: int = 500
    keep_ip: timedelta = timedelta(0)


# Composes a notice and, when the flag is true, stores it in the transaction of the connection. False does
# all the work and keeps nothing, so that an address that is not written to takes as long as one that is.
Post = Callable[[Connection, NoticeWanted, bool], None]

# Where mail would go against somebody's will, or nowhere.
LEFT_ALONE = frozenset({SubscriberState.BOUNCED, SubscriberState.COMPLAINED})
MOST_NOTICES = 3
NOTICE_EVERY = timedelta(hours=24)
