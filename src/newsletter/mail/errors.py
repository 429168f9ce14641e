"""The one refusal of this room: a message that must not leave as it is."""

from __future__ import annotations

from newsletter.errors import NewsletterError


class MessageError(NewsletterError, ValueError):
    """A message cannot be composed, compiled or filled; the sentence names the edition and what is wrong.

    It never holds a reader's full address or token. Nothing was sent.
    """


def masked(address: str) -> str:
    """`address` as a log may show it: "a…@example.org", or "…" where there is no domain to show."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain[:80]}" if at and domain.isprintable() else "…"
