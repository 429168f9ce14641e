"""What a message that came back says, in our own words.

Everything in it was written by strangers: it is data, cut to length, and proves nothing. Only a token that we
signed ourselves does.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ReportKind(StrEnum):
    """What a returned message is about."""

    BOUNCE = "bounce"
    DELAYED = "delayed"  # still being tried; no bounce (RFC 3464 §2.3.3)
    COMPLAINT = "complaint"  # RFC 5965
    AUTO_REPLY = "auto_reply"  # RFC 3834
    LEAVING = "leaving"  # sent to the mailto address of List-Unsubscribe
    UNCLEAR = "unclear"  # for a person to read


class Weight(StrEnum):
    """What a failure says about the reader's mailbox."""

    HARD = "hard"  # it does not exist
    SOFT = "soft"  # it cannot take mail now
    POLICY = "policy"  # it may be fine: the other side dislikes us


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """One recipient's failure: the `address` as reported, the RFC 3463 `status` ("" where none was told)."""

    address: str
    status: str
    diagnostic: str
    weight: Weight


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """A message that came back, read.

    `bounce_tokens` are what stood behind `b+` in the addresses it went to, or in the return path of the message
    it quotes: most trustworthy first, none of them verified. `leaving_tokens` likewise, from unsubscribe
    addresses: where the message itself went for LEAVING, of the quoted message for COMPLAINT.
    `message_ids` are those of quoted messages, in angle brackets.
    """

    kind: ReportKind
    failures: tuple[Failure, ...] = ()
    bounce_tokens: tuple[str, ...] = ()
    leaving_tokens: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()
