"""A written feed taken apart at its entries, so that a reader who has most of them is sent the others alone.

Comes in: the octets of one of our own files. Goes out: marks of its entries, and a smaller feed with the
same head. Nothing is parsed and written anew: what a reader gets in a delta are the octets of the whole
feed, so both say the same.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

# Every body is escaped: no other "<item>" or "<entry" stands in a file of ours.
_XML_ENTRY = re.compile(rb"[ \t]*<(item|entry)[ >].*?</\1>\n?", re.DOTALL)
_MARK_OCTETS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """A feed as `head`, `entries` (octets of each, in order) and `tail`; in JSON the entries are joined by commas."""

    head: bytes
    entries: tuple[bytes, ...]
    tail: bytes
    joint: bytes

    @property
    def marks(self) -> tuple[str, ...]:
        """A short hash of each entry's octets: whatever changes in an entry, its mark does."""
        return tuple(map(mark_of, self.entries))

    def without(self, known: Collection[str]) -> bytes:
        """The feed with only the entries whose mark is not `known`."""
        kept = [entry for entry, mark in zip(self.entries, self.marks, strict=True) if mark not in known]
        return self.head + self.joint.join(kept) + self.tail


def mark_of(entry: bytes) -> str:
    """The mark of an entry: 20 hexadecimal digits."""
    return hashlib.blake2b(entry, digest_size=_MARK_OCTETS).hexdigest()


def take_apart(content: bytes) -> Parts | None:
    """The parts of a feed file of ours, whichever its format; None for anything that is none."""
    if content.startswith(b"{"):
        return _json_parts(content)
    found = list(_XML_ENTRY.finditer(content))
    if not found:
        return Parts(head=content, entries=(), tail=b"", joint=b"") if _is_xml_feed(content) else None
    entries = tuple(match[0] for match in found)
    head, tail = content[: found[0].start()], content[found[-1].end() :]
    # Entries stand one behind the other: anything between them would be lost.
    whole = Parts(head=head, entries=entries, tail=tail, joint=b"")
    return whole if whole.without(()) == content and _is_xml_feed(content) else None


def _is_xml_feed(content: bytes) -> bool:
    return b"<rss" in content[:500] or b"<feed" in content[:500]


def _json_parts(content: bytes) -> Parts | None:
    try:
        feed = json.loads(content)
        items: Sequence[object] = feed.pop("items")
        entries = tuple(_written(item) for item in items)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    head, _, tail = _written(feed | {"items": []}).rpartition(b"]")
    whole = Parts(head=head, entries=entries, tail=b"]" + tail, joint=b",")
    return whole if whole.without(()) == content else None


def _written(value: object) -> bytes:
    # As `jsonfeed` writes it.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
