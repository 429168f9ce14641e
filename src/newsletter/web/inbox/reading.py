"""A message taken apart for looking at. Whatever is wrong with it, something comes out, and all of it is text.

The standard library's modern header parser raises on some hostile headers, so that the old policy
reads them here, and every decoding has a way to fail quietly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.policy import compat32

# Gmail hides what comes after about this much HTML behind "[Message clipped]".
GMAIL_CLIP_OCTETS = 102 * 1024
MAX_PARTS = 100

_LINK = re.compile(r"<\s*(https?://[^<>\s]+)\s*>", re.IGNORECASE)
_NESTING = re.compile(rb"boundary\*?\d*\*?\s*=|message/", re.IGNORECASE)
_FOLD = re.compile(r"\r?\n(?=[ \t])")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadMessage:
    """A message as the inbox shows it.

    `headers` are as written, unfolded; the named ones are decoded. `html` and `text` are the first
    such parts, empty when there is none; `html_size` is that part's, decoded, in octets. `one_click`
    is the https address of List-Unsubscribe, empty unless RFC 8058 allows to POST to it.
    """

    subject: str
    sender: str
    recipients: str
    date: str
    headers: tuple[tuple[str, str], ...]
    html: str
    text: str
    html_size: int
    one_click: str

    @property
    def is_clipped(self) -> bool:
        """Whether Gmail would cut the HTML short."""
        return self.html_size > GMAIL_CLIP_OCTETS


def read_message(source: bytes) -> ReadMessage:
    """`source` taken apart; raises nothing, whatever it is."""
    # Parts nested by the thousand take the parser a second and then overflow it; the headers can still be read.
    if len(_NESTING.findall(source)) > MAX_PARTS:
        source = source.partition(b"\r\n\r\n")[0].partition(b"\n\n")[0] + b"\n\n"
    parsed = message_from_bytes(source, policy=compat32)
    leaves = _leaves(parsed)
    html = _first(leaves, "text/html")
    headers = tuple((name, _FOLD.sub("", _clean(str(value)))) for name, value in parsed.raw_items())
    return ReadMessage(
        subject=_decoded(parsed, "Subject"),
        sender=_decoded(parsed, "From"),
        recipients=_decoded(parsed, "To"),
        date=_decoded(parsed, "Date"),
        headers=headers,
        html=html,
        text=_first(leaves, "text/plain"),
        html_size=len(html.encode()),
        one_click=_one_click(headers),
    )


def _leaves(parsed: Message) -> list[Message]:
    leaves: list[Message] = []
    waiting = [parsed]
    while waiting and len(leaves) < MAX_PARTS:
        part = waiting.pop(0)
        inside = part.get_payload()
        if isinstance(inside, list):
            waiting = [each for each in inside if isinstance(each, Message)] + waiting
        else:
            leaves.append(part)
    return leaves


def _first(leaves: list[Message], media_type: str) -> str:
    for part in leaves:
        if part.get_content_type() == media_type and part.get_content_disposition() != "attachment":
            return _content(part)
    return ""


def _content(part: Message) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")


def _decoded(parsed: Message, name: str) -> str:
    values = [value for each, value in parsed.raw_items() if each.lower() == name.lower()]
    text = _FOLD.sub("", _clean(str(values[0]))) if values else ""
    try:
        return _clean(str(make_header(decode_header(text))))
    except (LookupError, ValueError, MessageError):
        return text


def _one_click(headers: tuple[tuple[str, str], ...]) -> str:
    named = {name.lower(): value for name, value in headers}
    if named.get("list-unsubscribe-post", "").strip().lower() != "list-unsubscribe=one-click":
        return ""
    match = _LINK.search(named.get("list-unsubscribe", ""))
    return match[1] if match else ""


def _clean(text: str) -> str:
    """`text` without the half characters that stand for octets outside ASCII, which UTF-8 cannot write."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
