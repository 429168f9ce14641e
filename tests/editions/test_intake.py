"""A file from outside is copied in with its pictures, and nothing is overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest
from real_newsroom import QUAY, TIDES, Desk, picture

from newsletter.editions import Standing
from newsletter.errors import UsageError
from newsletter.store.tables import articles

SHOWN = f"{TIDES}\n![The quay](img/quay.png)\n"


@pytest.fixture
def desktop(tmp_path: Path) -> Path:
    """A folder outside the newsroom, with an article and its picture."""
    picture(tmp_path / "desktop/img/quay.png")
    (tmp_path / "desktop/tides.md").write_text(SHOWN, "utf-8")
    return tmp_path / "desktop"


def test_article_from_outside_is_copied_in_with_its_picture(desk: Desk, desktop: Path) -> None:
    desk.publish(desktop / "tides.md")

    assert desk.read("articles/tides.md") == SHOWN
    assert (desk.folder / "articles/img/quay.png").read_bytes() == (desktop / "img/quay.png").read_bytes()
    assert [row["source_path"] for row in desk.rows(articles)] == ["articles/tides.md"]


def test_plan_copies_nothing(desk: Desk, desktop: Path) -> None:
    assert desk.plan(desktop / "tides.md").drafts[0].is_outside

    assert not (desk.folder / "articles").exists()


def test_copy_is_the_source_from_then_on(desk: Desk, desktop: Path) -> None:
    desk.publish(desktop / "tides.md")

    inside, again = (desk.plan(path).drafts[0] for path in (desk.folder / "articles/tides.md", desktop / "tides.md"))

    assert (inside.standing, again.standing) == (Standing.SAME, Standing.SAME)
    assert not inside.is_outside


def test_file_that_stands_there_is_not_overwritten(desk: Desk, desktop: Path) -> None:
    desk.write("articles/tides.md", QUAY)

    with pytest.raises(UsageError, match=r"tides\.md: another file of this name is there"):
        desk.publish(desktop / "tides.md")

    assert desk.read("articles/tides.md") == QUAY
    assert not (desk.folder / "articles/img").exists()
    assert desk.count(articles) == 0


def test_picture_that_stands_there_is_not_overwritten(desk: Desk, desktop: Path) -> None:
    other = picture(desk.folder / "articles/img/quay.png", "red").read_bytes()

    with pytest.raises(UsageError, match=r"quay\.png: another file"):
        desk.publish(desktop / "tides.md")

    assert (desk.folder / "articles/img/quay.png").read_bytes() == other
    assert not (desk.folder / "articles/tides.md").exists()


def test_two_files_from_outside_with_one_name_are_refused(desk: Desk, desktop: Path) -> None:
    (desktop / "more").mkdir()
    (desktop / "more/tides.md").write_text(QUAY, "utf-8")

    with pytest.raises(UsageError, match="both belong at"):
        desk.plan(desktop / "tides.md", desktop / "more/tides.md", each=True)


def test_two_pictures_from_outside_with_one_name_are_refused(desk: Desk, desktop: Path) -> None:
    """Else the second article would show the first one's picture."""
    picture(desktop / "more/img/quay.png", "red")
    (desktop / "more/quay.md").write_text(f"{QUAY}\n![Quay](img/quay.png)\n", "utf-8")

    with pytest.raises(UsageError, match=r"quay\.png"):
        desk.publish(desktop / "tides.md", desktop / "more/quay.md", each=True)

    assert not (desk.folder / "articles").exists()


def test_picture_shared_by_two_articles_from_outside_is_copied_once(desk: Desk, desktop: Path) -> None:
    (desktop / "quay.md").write_text(f"{QUAY}\n![Quay](img/quay.png)\n", "utf-8")

    desk.publish(desktop / "tides.md", desktop / "quay.md", each=True)

    assert sorted(path.name for path in (desk.folder / "articles").rglob("*.*") if path.is_file()) == [
        ".uids.toml",
        "quay.md",
        "quay.png",
        "tides.md",
    ]


def test_articles_in_a_linked_folder_are_not_copied(desk: Desk, tmp_path: Path) -> None:
    """As when the writers share that folder among them."""
    (tmp_path / "shared/2026").mkdir(parents=True)
    (tmp_path / "shared/2026/tides.md").write_text(TIDES, "utf-8")
    (desk.folder / "articles").symlink_to(tmp_path / "shared")

    desk.publish(desk.folder / "articles/2026/tides.md")

    assert [row["source_path"] for row in desk.rows(articles)] == ["articles/2026/tides.md"]
    assert not (desk.folder / "articles/tides.md").exists()


def test_roundabout_name_of_a_file_outside_is_still_outside(desk: Desk, desktop: Path) -> None:
    (desk.folder / "articles").mkdir()

    draft = desk.plan(desk.folder / "articles" / ".." / ".." / "desktop" / "tides.md").drafts[0]

    assert (draft.is_outside, draft.source_path) == (True, "articles/tides.md")


def test_copy_left_by_a_crash_before_the_release_is_no_obstacle(desk: Desk, desktop: Path) -> None:
    desk.write("articles/tides.md", SHOWN)

    released = desk.publish(desktop / "tides.md")

    assert len(released.published) == 1
