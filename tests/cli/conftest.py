"""The fixtures of a person at a keyboard."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "harness"))

from keyboard import (  # found only through the line above
    audience,
    fresh_newsroom,
    hundreds,
    newsroom,
    no_relay,
    on_terminal,
    published,
    published_newsroom,
    readers,
    relay,
    run,
    serve,
    spawn,
    thousands,
)

__all__ = [
    "audience",
    "fresh_newsroom",
    "hundreds",
    "newsroom",
    "no_relay",
    "on_terminal",
    "published",
    "published_newsroom",
    "readers",
    "relay",
    "run",
    "serve",
    "spawn",
    "thousands",
]
