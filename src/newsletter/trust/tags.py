"""The lists of `tag=value` that DKIM keys and DMARC records are written in (RFC 6376 §3.2)."""

from __future__ import annotations


def read_tags(text: str, *, lenient: bool = False) -> dict[str, str] | None:
    """The tags of `text` in order, each value without blanks around it; None when it is no such list.

    A tag that is there twice makes the whole list invalid. What is no tag does so, too, unless `lenient`:
    DMARC passes over it (RFC 9989 §4.7).
    """
    tags: dict[str, str] = {}
    for piece in text.rstrip("; \t\r\n").split(";"):
        name, equals, value = piece.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            if lenient:
                continue
            return None
        if name in tags:
            return None
        tags[name] = value.strip()
    return tags
