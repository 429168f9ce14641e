"""Names and links that would lead out of the output folders."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import OutputError
from newsletter.site import Written, open_output, plan_outputs, remove_outputs
from newsletter.site.places import split_path
from newsletter.store import Store

Write = Callable[[Mapping[str, bytes]], Written]

HOSTILE = [
    "",
    "site",
    "feeds/",
    "/site/x.html",
    "../site/x.html",
    "site/../config.toml",
    "site/./x.html",
    "site//x.html",
    "site/x.html/",
    "articles/x.md",
    "config.toml",
    "newsletter.key",
    "site/.htaccess",
    "site/.well/x.html",
    "site/..",
    "site/a\x00.html",
    "site/a\nb.html",
    "site\\x.html",
    "site/a\\..\\b.html",
    "site/\u2028.html",
    "site/\udcff.html",
    "site/" + "a" * 246,
    "site/" + "é" * 123,
    "site/" + "a/" * 300 + "x",
    "Site/x.html",
    "feeds\u200b/x.xml",
]


@pytest.mark.parametrize("path", HOSTILE)
def test_name_that_cannot_be_an_output_stops_everything(root: Path, write: Write, store: Store, path: str) -> None:
    with pytest.raises(OutputError, match="cannot be the name of an output"):
        write({"site/good.html": b"good", path: b"bad"})
    with pytest.raises(OutputError):
        plan_outputs(root, {path: b"bad"})
    with pytest.raises(OutputError):
        remove_outputs(root, [path], store=store)

    assert (_names(root)) == [".newsletter.lock"]


@pytest.mark.parametrize(
    "path", ["site/" + "a" * 245, "site/ar/جداول المد/index.html", "feeds/topics/a b?c%2f/rss.xml"]
)
def test_long_and_foreign_names_are_written(root: Path, write: Write, path: str) -> None:
    write({path: b"x"})

    assert (root / path).read_bytes() == b"x"


@given(st.text(max_size=40))
def test_accepted_name_stays_below_its_folder(path: str) -> None:
    segments = split_path(path)

    if segments is not None:
        assert os.path.normpath(f"/root/{path}") == "/root/" + "/".join(segments)
        assert not any(segment.startswith(".") for segment in segments)


@pytest.mark.parametrize("planted", ["site", "site/en", "site/en/x"])
def test_write_through_a_linked_folder_is_refused(root: Path, tmp_path: Path, write: Write, planted: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / planted).parent.mkdir(parents=True, exist_ok=True)
    (root / planted).symlink_to(outside, target_is_directory=True)

    with pytest.raises(OutputError, match=r"a link, a file or a folder is in the way.*move it aside"):
        write({"site/en/x/index.html": b"x"})

    assert _names(outside) == []


def test_link_in_the_place_of_a_file_is_replaced_and_its_target_left_alone(
    root: Path, tmp_path: Path, write: Write
) -> None:
    target = tmp_path / "newsletter.key"
    target.write_bytes(b"secret")
    (root / "feeds").mkdir()
    (root / "feeds/rss.xml").symlink_to(target)

    write({"feeds/rss.xml": b"secret"})

    assert not (root / "feeds/rss.xml").is_symlink()
    assert target.read_bytes() == b"secret"
    assert target.stat().st_nlink == 1


def test_removing_a_link_removes_only_the_link(root: Path, tmp_path: Path, store: Store) -> None:
    target = tmp_path / "precious"
    target.write_bytes(b"x")
    (root / "site").mkdir()
    (root / "site/x.html").symlink_to(target)

    remove_outputs(root, ["site/x.html"], store=store)

    assert target.read_bytes() == b"x"
    assert not (root / "site/x.html").is_symlink()


def test_folder_in_the_place_of_a_file_is_told(root: Path, write: Write, store: Store) -> None:
    (root / "feeds/rss.xml").mkdir(parents=True)

    with pytest.raises(OutputError, match=r"feeds/rss\.xml: a link, a file or a folder is in the way"):
        write({"feeds/rss.xml": b"x"})
    assert _names(root / "feeds") == ["rss.xml"]


def test_file_in_the_place_of_a_folder_is_told(root: Path, write: Write) -> None:
    (root / "site").write_bytes(b"")

    with pytest.raises(OutputError, match="in the way"):
        write({"site/x.html": b"x"})


def test_pipe_in_the_place_of_a_file_keeps_nobody_waiting(root: Path, write: Write) -> None:
    (root / "feeds").mkdir()
    os.mkfifo(root / "feeds/rss.xml")

    write({"feeds/rss.xml": b"x"})

    assert (root / "feeds/rss.xml").read_bytes() == b"x"


def test_linked_newsroom_is_written_to(root: Path, tmp_path: Path, store: Store, write: Write) -> None:
    (tmp_path / "link").symlink_to(root, target_is_directory=True)

    assert plan_outputs(tmp_path / "link", {"feeds/rss.xml": b"x"}) == ("feeds/rss.xml",)


def test_written_file_opens(root: Path, write: Write) -> None:
    write({"site/ar/جداول/index.html": b"x"})

    file = open_output(root / "site", "ar/جداول/index.html")

    assert file is not None
    with file:
        assert file.read() == b"x"


@pytest.mark.parametrize(
    "path", ["..", "../newsletter.key", ".htaccess", "", "en", "en/", "missing", "x\x00", "link/a", "file"]
)
def test_nothing_else_opens(root: Path, tmp_path: Path, path: str) -> None:
    (root / "newsletter.key").write_bytes(b"secret")
    (root / "site/en").mkdir(parents=True)
    (root / "site/.htaccess").write_bytes(b"secret")
    (root / "site/link").symlink_to(root, target_is_directory=True)
    (root / "site/file").symlink_to(root / "newsletter.key")

    assert open_output(root / "site", path) is None
    assert open_output(tmp_path / "nowhere", path) is None


def _names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())
