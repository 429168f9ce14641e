"""Opens the newsroom for a command: configuration from the folder, the hour from the clock."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime
from pathlib import Path

from newsletter.answers import World
from newsletter.cli.screen import Screen
from newsletter.newsroom import Newsroom


def the_world() -> World:
    """The real clock, ids, randomness and environment."""
    return World(
        clock=lambda: datetime.now(UTC),
        new_id=lambda: str(uuid.uuid4()),
        random=os.urandom,
        environ=os.environ,
    )


def open_newsroom(folder: Path, screen: Screen) -> Newsroom:
    """The newsroom in `folder`; its warnings are said at once. Raises ConfigError with every fault."""
    newsroom = Newsroom(folder, the_world())
    for warning in newsroom.config.warnings:
        screen.warn(warning)
    return newsroom
