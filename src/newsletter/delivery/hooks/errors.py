"""What is raised when a report is not taken."""

from __future__ import annotations

from newsletter.errors import NewsletterError


class HookRefused(NewsletterError):
    """The report is not proven to be the provider's, too old, or nothing that can be read; it counts for nothing."""


class HookUndecided(NewsletterError):
    """Whether the report is the provider's cannot be told just now; the provider should send it again."""
