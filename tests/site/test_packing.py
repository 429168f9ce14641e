"""Packed copies beside the outputs: the same for the same content, and never out of step with it."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.site import Written, packed_copies, plan_outputs, remove_outputs, unpacked, write_outputs
from newsletter.store import Store
from newsletter.store.outputs import StoredOutput

Write = Callable[[Mapping[str, bytes]], Written]
Rows = Callable[[], Mapping[str, StoredOutput]]

FEED = b"<rss>" + b"The tide tables hang at the harbour office. " * 100 + b"</rss>"


def test_copies_say_what_the_file_says_and_count_as_one_with_it(root: Path, write: Write, rows: Rows) -> None:
    written = write({"feeds/rss.xml": FEED})

    assert written.changed == ("feeds/rss.xml",)
    assert brotli.decompress((root / "feeds/rss.xml.br").read_bytes()) == FEED
    assert gzip.decompress((root / "feeds/rss.xml.gz").read_bytes()) == FEED
    assert set(rows()) == {"feeds/rss.xml", "feeds/rss.xml.br", "feeds/rss.xml.gz"}


def test_same_content_gives_the_same_copies() -> None:
    assert packed_copies("a.xml", FEED) == packed_copies("a.xml", FEED)
    assert packed_copies("a.xml", FEED)["a.xml.gz"][4:8] == bytes(4)


@pytest.mark.parametrize(
    ("path", "content"), [("site/media/a.png", FEED), ("site/a.html", b"short"), ("site/_gone", FEED)]
)
def test_pictures_and_small_files_have_none(write: Write, rows: Rows, path: str, content: bytes) -> None:
    write({path: content})

    assert set(rows()) == {path}


def test_repeated_write_touches_nothing(root: Path, write: Write) -> None:
    write({"feeds/rss.xml": FEED})
    before = {file.name: file.stat().st_ino for file in (root / "feeds").iterdir()}

    written = write({"feeds/rss.xml": FEED})

    assert (written.changed, written.unchanged) == ((), 1)
    assert {file.name: file.stat().st_ino for file in (root / "feeds").iterdir()} == before


@pytest.mark.parametrize("damage", [None, b"", b"older"])
@pytest.mark.parametrize("ending", [".br", ".gz"])
def test_lost_or_altered_copy_comes_back(root: Path, write: Write, ending: str, damage: bytes | None) -> None:
    write({"feeds/rss.xml": FEED})
    copy = root / f"feeds/rss.xml{ending}"
    before = copy.read_bytes()
    copy.unlink()
    if damage is not None:
        copy.write_bytes(damage)

    write({"feeds/rss.xml": FEED})

    assert copy.read_bytes() == before


def test_file_that_shrinks_loses_its_copies(root: Path, write: Write, rows: Rows) -> None:
    write({"feeds/rss.xml": FEED})

    written = write({"feeds/rss.xml": b"<rss/>"})

    assert (written.changed, written.removed) == (("feeds/rss.xml",), ())
    assert [file.name for file in (root / "feeds").iterdir()] == ["rss.xml"]
    assert set(rows()) == {"feeds/rss.xml"}


def test_copies_go_with_their_file(root: Path, write: Write, rows: Rows, store: Store) -> None:
    write({"site/en/tides/index.html": FEED})

    assert remove_outputs(root, ["site/en/tides/index.html"], store=store) == ("site/en/tides/index.html",)

    assert list((root / "site").iterdir()) == []
    assert rows() == {}


def test_copies_carry_the_date_of_their_file(root: Path, write: Write, now: datetime) -> None:
    write({"feeds/rss.xml": FEED})

    assert {file.stat().st_mtime for file in (root / "feeds").iterdir()} == {now.timestamp()}


def test_plan_does_not_count_copies(root: Path) -> None:
    assert plan_outputs(root, {"feeds/rss.xml": FEED}) == ("feeds/rss.xml",)


def test_copy_is_in_place_before_its_file(
    root: Path, store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    monkeypatch.setattr("os.replace", lambda old, new, **_: order.append(new))

    write_outputs(root, {"feeds/rss.xml": FEED, "feeds/atom.xml": FEED}, store=store, now=now)

    for name in ("rss.xml", "atom.xml"):
        assert order.index(f"{name}.br") < order.index(name) > order.index(f"{name}.gz")


@given(st.binary(max_size=3000))
def test_unpacking_gives_the_content_back(content: bytes) -> None:
    copies = packed_copies("a.xml", content)

    for coding, ending in (("br", ".br"), ("gzip", ".gz")):
        if copies:
            assert unpacked(coding, copies[f"a.xml{ending}"], size=len(content)) == content
            assert unpacked(coding, copies[f"a.xml{ending}"], size=len(content) - 1) is None
        assert unpacked(coding, content, size=len(content) + 1) is None
