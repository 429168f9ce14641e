"""Where the three formats of a feed are served."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedUrls:
    """Where the three formats of one feed are served."""

    rss: str
    atom: str
    json: str
