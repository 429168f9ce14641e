"""The header fields of a mailing: those that every reader's message shares, and the reader's own.

Comes in: the masthead and what is known of the edition. Goes out: `Field` records in the order they
are written. They make leaving easy (RFC 2369, RFC 8058), tell machines that nobody needs to answer
(RFC 3834), and let a mailbox provider count complaints by edition (Feedback-ID).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from newsletter.mail.addresses import wire_address
from newsletter.mail.characters import wash_line
from newsletter.mail.encoded_words import encode_text
from newsletter.mail.errors import MessageError
from newsletter.mail.headers import Field, list_id_field, mailbox_field, plain_field, text_field, uri_field
from newsletter.model import EditionKind, Mailbox, Masthead, Variant

_UID = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_LIST_ID = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")


@dataclass(frozen=True, kw_only=True, slots=True)
class EditionFacts:
    """What a message says of the edition it belongs to.

    `uid` becomes the left part of the Message-ID: letters, digits, hyphens, inner dots.
    `archived_at` is the absolute URL of this mailing on the web.
    """

    uid: str
    kind: EditionKind
    article_uids: tuple[str, ...]
    archived_at: str


def shared_fields(variant: Variant, facts: EditionFacts, *, masthead: Masthead, boundary: str) -> tuple[Field, ...]:
    """Every field that is the same in each message of `variant`, MIME fields last.

    Raises MessageError naming the edition when a value cannot stand in a header.
    """
    if not _UID.fullmatch(facts.uid):
        raise MessageError(
            f'Edition "{facts.uid[:64]!a}": its uid cannot stand in a Message-ID. Use letters and digits.'
        )
    fields = [
        _from_field(masthead),
        text_field("Subject", variant.subject),
        *_reply_fields(masthead),
        *_list_fields(masthead),
        uri_field("Archived-At", [facts.archived_at]),
    ]
    if len(facts.article_uids) == 1:
        fields.append(_uid_field(facts.article_uids[0]))
    sender_id = feedback_sender(masthead)
    fields += [
        plain_field("Feedback-ID", f"{facts.uid}:{_slug(masthead)}:{facts.kind.value}:{sender_id}"),
        plain_field("Precedence", "bulk"),
        plain_field("X-Auto-Response-Suppress", "OOF, AutoReply"),
        *mime_fields(variant.language, boundary),
    ]
    return tuple(fields)


def notice_fields(masthead: Masthead, *, subject: str, language: str, boundary: str) -> tuple[Field, ...]:
    """The fields of a message about the service itself: no list, and marked as made by a machine."""
    return (
        _from_field(masthead),
        text_field("Subject", subject),
        *_reply_fields(masthead),
        plain_field("Auto-Submitted", "auto-generated"),
        plain_field("X-Auto-Response-Suppress", "OOF, AutoReply"),
        *mime_fields(language, boundary),
    )


def mime_fields(language: str, boundary: str) -> tuple[Field, ...]:
    """What the body is (RFC 2045, RFC 3282)."""
    return (
        plain_field("MIME-Version", "1.0"),
        plain_field("Content-Language", language),
        Field(
            name="Content-Type",
            wire=f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'.encode("ascii"),
        ),
    )


def sending_domain(masthead: Masthead) -> str:
    """The ASCII domain of From, which is also the right side of every Message-ID."""
    return wire_address(masthead.sender.address).rpartition("@")[2]


def unsubscribe_uris(base_url: str, bounce_domain: str, token: str) -> tuple[str, str]:
    """One-click address and mailto for leaving, in the order of RFC 8058 §3.1."""
    return f"{base_url}/u/{token}", f"mailto:unsub+{token}@{bounce_domain}?subject=unsubscribe"


def feedback_sender(masthead: Masthead) -> str:
    """The sender-id of Feedback-ID: 5 to 15 letters that stay the same for the newsroom's whole life."""
    slug = _slug(masthead)
    return slug if 5 <= len(slug) <= 15 else hashlib.sha256(masthead.list_id.encode()).hexdigest()[:12]


def _slug(masthead: Masthead) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "-", masthead.slug) or "newsroom"


def _from_field(masthead: Masthead) -> Field:
    return mailbox_field("From", Mailbox(name=wash_line(masthead.sender.name), address=masthead.sender.address))


def _reply_fields(masthead: Masthead) -> tuple[Field, ...]:
    if masthead.reply_to is None:
        return ()
    return (mailbox_field("Reply-To", Mailbox(name="", address=masthead.reply_to)),)


def _list_fields(masthead: Masthead) -> tuple[Field, ...]:
    if not _LIST_ID.fullmatch(masthead.list_id):
        raise MessageError("List-ID: the newsroom's slug and host make no valid identifier. Correct slug or base_url.")
    if not urlsplit(masthead.base_url).scheme.startswith("http"):
        raise MessageError("base_url is no http address, so nobody could unsubscribe. Correct config.toml.")
    answers_to = wire_address(masthead.contact)
    home = f"{masthead.base_url}/"
    return (
        list_id_field(wash_line(masthead.title), masthead.list_id),
        plain_field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        uri_field("List-Archive", [home]),
        uri_field("List-Help", [f"mailto:{answers_to}?subject=help"]),
        uri_field("List-Subscribe", [f"{masthead.base_url}/subscribe"]),
        uri_field("List-Owner", [f"mailto:{wire_address(masthead.owner)}"]),
        plain_field("List-Post", "NO"),
    )


def _uid_field(uid: str) -> Field:
    """X-Article-UID as written where it is plain; a foreign guid may be any text."""
    if uid.isascii() and uid.isprintable() and uid.strip() == uid and uid and "=?" not in uid and len(uid) < 900:
        return plain_field("X-Article-UID", uid)
    return Field(name="X-Article-UID", wire=f"X-Article-UID: {encode_text('X-Article-UID', uid)}\r\n".encode("ascii"))
