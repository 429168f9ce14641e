"""`newsletter init`: the files of a new newsroom, then its database and its keys."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from newsletter.cli.opening import open_newsroom
from newsletter.cli.screen import Screen
from newsletter.config.scaffold import NewsroomWishes, write_newsroom


def begin(folder: Path, *, title: str, language: str, screen: Screen) -> tuple[Path, ...]:
    """Make a newsroom in `folder` and give the files written. Raises UsageError where one is already."""
    wishes = NewsroomWishes(title=title, language=language)
    written = write_newsroom(folder, wishes, today=datetime.now(UTC).date())
    newsroom = open_newsroom(folder, screen)
    newsroom.renew_outputs()
    if not newsroom.keys.token_keys:
        raise AssertionError("a newsroom without keys cannot sign links")
    newsroom.store.close()
    return written
