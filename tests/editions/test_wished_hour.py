"""The hour that articles' own files name: one for a command, in the newsroom's zone, and only if it is to come."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from real_newsroom import TIDES, Desk

from newsletter.editions import wished_hour
from newsletter.errors import UsageError

EIGHT = datetime(2026, 12, 1, 7, tzinfo=UTC)


def with_hour(desk: Desk, name: str, hour: str) -> Path:
    """An article that is to be published at this hour."""
    return desk.write(f"articles/{name}.md", TIDES.replace("language: en", f"language: en\npublish_at: {hour}"))


def wished(desk: Desk, *files: Path) -> datetime | None:
    return wished_hour(files, masthead=desk.newsroom.masthead, now=desk.now)


def test_hour_to_come_is_taken_in_the_newsrooms_zone(desk: Desk) -> None:
    assert wished(desk, with_hour(desk, "tides", "2026-12-01 08:00")) == EIGHT


def test_files_that_name_the_same_moment_in_other_words_agree(desk: Desk) -> None:
    files = [with_hour(desk, "one", "2026-12-01 08:00"), with_hour(desk, "two", "2026-12-01 07:00 UTC")]

    assert wished(desk, *files) == EIGHT


@pytest.mark.parametrize("hour", ["2026-11-01 08:00", "2026-11-24 10:00", "2026-11-24 09:00Z"])
def test_hour_that_is_past_or_this_very_moment_is_none(desk: Desk, hour: str) -> None:
    assert wished(desk, with_hour(desk, "tides", hour)) is None


def test_file_without_an_hour_names_none(desk: Desk) -> None:
    assert wished(desk, desk.write("articles/tides.md")) is None
    assert wished(desk) is None


@pytest.mark.parametrize("other", ["2026-12-01 08:01", "2026-11-01 08:00"])
def test_files_for_different_hours_are_refused_with_each_ones_hour(desk: Desk, other: str) -> None:
    files = [with_hour(desk, "one", "2026-12-01 08:00"), with_hour(desk, "two", other)]

    with pytest.raises(UsageError, match="The articles are for different hours") as refused:
        wished(desk, *files)

    assert f"{files[0]}: 2026-12-01 07:00 UTC" in str(refused.value)
    assert f"{files[1]}: {'2026-12-01 07:01 UTC' if other > '2026-12' else 'now'}" in str(refused.value)
    assert "Publish them one by one, or pass --at." in str(refused.value)


def test_file_with_an_hour_beside_one_without_is_refused(desk: Desk) -> None:
    files = [with_hour(desk, "one", "2026-12-01 08:00"), desk.write("articles/two.md")]

    with pytest.raises(UsageError, match="two\\.md: now"):
        wished(desk, *files)


@pytest.mark.parametrize("text", ["---\ntitle: [\n---\nText.\n", "---\npublish_at: never\ntitle: x\n---\nText.\n", ""])
def test_file_that_cannot_be_read_names_none_so_that_its_faults_are_told_by_the_plan(desk: Desk, text: str) -> None:
    assert wished(desk, desk.write("articles/broken.md", text)) is None


def test_file_that_is_not_there_names_none(desk: Desk) -> None:
    assert wished(desk, desk.folder / "articles" / "nowhere.md") is None
