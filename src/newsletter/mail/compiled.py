"""A variant made ready for the wire: everything encoded once, one join of octets for each reader.

Comes in: a frozen `Variant` and what its edition is called. Goes out: `CompiledVariant`, whose `fill`
gives a reader's whole message in microseconds; an EmailMessage for each takes milliseconds. Called
by the desk, which keeps a compiled variant for as long as its edition is being sent.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from newsletter.i18n import load_words
from newsletter.mail.addresses import wire_address
from newsletter.mail.characters import wash_name
from newsletter.mail.dkim import DkimSigner
from newsletter.mail.errors import MessageError
from newsletter.mail.headers import date_field, header_names, join_fields, mailbox_field, uri_field
from newsletter.mail.list_headers import EditionFacts, sending_domain, shared_fields, unsubscribe_uris
from newsletter.mail.multipart import Body, mint_boundary, multipart_body
from newsletter.mail.placeholders import cut_html, cut_text, escape_value
from newsletter.mail.sealing import Seal, make_seal
from newsletter.model import Envelope, Mailbox, Masthead, Recipient, SubscriberId, Variant

HTML_OCTETS = 100_000  # Gmail clips at 102 KB of decoded HTML, and the unsubscribe link with it
_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,60}")
_BOUNCE_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,62}")  # with "b+" a local part of at most 64 octets
_READER_FIELDS = ["To", "Date", "Message-ID", "List-Unsubscribe"]
_VALUE = rb"[^\r\n\0]+"
_READER_HEAD = re.compile(
    rb"To: %b(?:\r\n %b)*\r\nDate: %b\r\nMessage-ID: <%b>\r\nList-Unsubscribe: <%b>,\r\n <%b>\r\n" % ((_VALUE,) * 6)
)
_BROKEN = re.compile(rb"\r(?!\n)|(?<!\r)\n|\0|[^\r\n]{999}")


@dataclass(frozen=True, kw_only=True, slots=True)
class CompiledVariant:
    """One variant of an edition, encoded; safe to share between threads."""

    edition_uid: str
    domain: str
    base_url: str
    bounce_domain: str
    fallback_name: str
    shared: bytes
    body: Body
    marks: tuple[str, ...]
    links_preferences: bool
    html_octets: int
    seal: Seal | None = None

    def fill(self, recipient: Recipient, *, now: datetime) -> bytes:
        """The whole message for `recipient`: RFC 5322 octets with CRLF, 7-bit, signed, not yet dot-stuffed.

        `now` is aware and becomes Date and the hour of the signatures. The same reader always gets the same Message-ID.

        Raises MessageError, naming edition and subscriber and nothing more of the reader, when the
        address or a token cannot be used or the HTML would be clipped.
        """
        try:
            name = wash_name(recipient.name)
            head = self._reader_head(recipient, name, now)
            values = self._values(recipient, name)
            _refuse_clipped(self.html_octets + sum(len(values[number].encode()) for _, number in self.body.html.gaps))
        except MessageError as fault:
            raise MessageError(f"Edition {self.edition_uid}, subscriber {recipient.uid}: {fault}") from fault
        pieces = self.body.fill(values)
        if self.seal is None:
            return b"".join((head, self.shared, *pieces))
        body = b"".join(pieces)
        return b"".join((self.seal.fields(head, body, now=now), head, self.shared, body))

    def message_id(self, recipient: Recipient) -> str:
        """The Message-ID of this edition's message to `recipient`, in angle brackets; never changes."""
        digest = hashlib.sha256(f"{self.edition_uid}\0{recipient.uid}".encode()).hexdigest()[:24]
        return f"<{self.edition_uid}.{digest}@{self.domain}>"

    def envelope(self, recipient: Recipient, bounce_token: str) -> Envelope:
        """Who hands over to whom: a sender address that names this delivery when it bounces (VERP).

        Raises MessageError for an address or token that no SMTP command should carry.
        """
        if not _BOUNCE_TOKEN.fullmatch(bounce_token):
            raise MessageError(
                f"Edition {self.edition_uid}, subscriber {recipient.uid}: the bounce token is malformed."
            )
        return Envelope(sender=f"b+{bounce_token}@{self.bounce_domain}", recipient=wire_address(recipient.address))

    def _reader_head(self, recipient: Recipient, name: str, now: datetime) -> bytes:
        """The reader's own fields, read back: nothing in a name or token may have become a field."""
        if not _TOKEN.fullmatch(recipient.token):
            raise MessageError("the unsubscribe token is malformed. Make a new one.")
        # A variant frozen before there was such a link has no place for it, and asks for none.
        if self.links_preferences and not _TOKEN.fullmatch(recipient.preferences):
            raise MessageError("the preferences token is malformed. Make a new one.")
        one_click, mailto = unsubscribe_uris(self.base_url, self.bounce_domain, recipient.token)
        head = b"".join(
            (
                mailbox_field("To", Mailbox(name=name, address=recipient.address)).wire,
                date_field(now).wire,
                f"Message-ID: {self.message_id(recipient)}\r\n"
                f"List-Unsubscribe: <{one_click}>,\r\n <{mailto}>\r\n".encode("ascii"),
            )
        )
        if not _READER_HEAD.fullmatch(head):
            raise MessageError("its written header fields are not the intended ones. Report this.")
        return head

    def _values(self, recipient: Recipient, name: str) -> list[str]:
        """One value for each slot, escaped for its context."""
        by_name = {
            "TOKEN": recipient.token,
            "ADDRESS": recipient.address,
            "NAME": name or self.fallback_name,
            "PREFERENCES": recipient.preferences,
        }
        for mark in self.marks:
            if any(mark in value for value in (name, recipient.address, recipient.token, recipient.preferences)):
                raise MessageError("a value of the reader looks like a placeholder of the edition. Correct the name.")
        return [escape_value(by_name[slot.name], slot.context, isolate=slot.name == "NAME") for slot in self.body.slots]


def compile_variant(
    variant: Variant, facts: EditionFacts, *, masthead: Masthead, signer: DkimSigner | None = None
) -> CompiledVariant:
    """`variant` encoded for the wire; a sample message is written and read back before it is given out.

    With a `signer` each message carries its DKIM signatures.

    Raises MessageError naming the edition when a part lacks its unsubscribe link, a placeholder
    stands where no value is safe, or a header cannot be written.
    """
    try:
        boundary = mint_boundary(facts.uid, variant.language, variant.furniture, variant.articles_key)
        # Said once here, so that no reader's message has to look at it again.
        uri_field("List-Unsubscribe", unsubscribe_uris(masthead.base_url, masthead.bounce_domain, "token"))
        fields = shared_fields(variant, facts, masthead=masthead, boundary=boundary)
        text, page = cut_text(variant.text, variant.placeholders), cut_html(variant.html, variant.placeholders)
        for part, cut in (("text", text), ("HTML", page)):
            if not any(slot.name == "TOKEN" for slot in cut.slots):
                raise MessageError(f"there is no unsubscribe link in its {part} part. Compose it again.")
        compiled = CompiledVariant(
            edition_uid=facts.uid,
            domain=sending_domain(masthead),
            base_url=masthead.base_url,
            bounce_domain=wire_address(f"b@{masthead.bounce_domain}").rpartition("@")[2],
            fallback_name=load_words(variant.furniture).say("dear reader"),
            shared=join_fields(fields) + b"\r\n",
            body=multipart_body(boundary, text, page),
            marks=tuple(variant.placeholders.values()),
            links_preferences="PREFERENCES" in variant.placeholders,
            html_octets=sum(len(literal.encode()) for literal in page.literals),
        )
        _refuse_clipped(compiled.html_octets)
        names = [field.name for field in fields]
        _read_back(compiled, [*_READER_FIELDS, *names])
    except MessageError as fault:
        raise MessageError(f"Edition {facts.uid[:64]!a}: {fault}") from fault
    if signer is None:
        return compiled
    seal = make_seal(signer, shared=join_fields(fields), shared_names=names, own=_READER_FIELDS, body=compiled.body)
    return replace(compiled, seal=seal)


def _read_back(compiled: CompiledVariant, names: list[str]) -> None:
    """Raise MessageError unless a sample message has exactly the intended fields and clean lines."""
    token = "-" * 26
    sample = Recipient(
        subscriber_id=SubscriberId(0), uid="sample", address="ada@example.org", name="", token=token, preferences=token
    )
    head = compiled._reader_head(sample, "", datetime(2000, 1, 1, tzinfo=UTC))
    message = b"".join((head, compiled.shared, *compiled.body.fill(compiled._values(sample, ""))))
    if header_names(message) != names:
        raise MessageError("the header fields read back are not the intended ones. Report this.")
    if _BROKEN.search(message) or not message.isascii():
        raise MessageError("the message has a bare line end, a NUL, 8-bit octets or too long a line. Report this.")
    if any(mark.encode() in message for mark in compiled.marks):
        raise MessageError("a placeholder is left in the finished message. Report this.")


def _refuse_clipped(octets: int) -> None:
    if octets > HTML_OCTETS:
        raise MessageError(
            f"the HTML has {octets:,} octets and would be clipped at {HTML_OCTETS:,}. "
            "Shorten the article, or mail it as an excerpt."
        )
