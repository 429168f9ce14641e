"""Files swapped in whole, and only when their bytes differ."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.errors import OutputError, StoreBusy
from newsletter.site import Written, plan_outputs, remove_outputs, write_outputs
from newsletter.store import Store
from newsletter.store.outputs import StoredOutput

Write = Callable[[Mapping[str, bytes]], Written]
Rows = Callable[[], Mapping[str, StoredOutput]]
PAGE = "site/en/the-tide-tables/index.html"


def test_files_are_written_and_remembered(root: Path, write: Write, rows: Rows, now: datetime) -> None:
    written = write({"feeds/rss.xml": b"<rss/>", PAGE: b"page"})

    assert written == Written(changed=("feeds/rss.xml", PAGE))
    assert (root / PAGE).read_bytes() == b"page"
    assert rows()["feeds/rss.xml"] == StoredOutput(
        path="feeds/rss.xml", hash=hashlib.sha256(b"<rss/>").hexdigest(), size=6, last_modified=now
    )


def test_file_that_says_the_same_is_not_touched(
    root: Path, write: Write, store: Store, rows: Rows, now: datetime
) -> None:
    write({PAGE: b"page", "feeds/rss.xml": b"old"})
    before, remembered = (root / PAGE).stat().st_ctime_ns, rows()[PAGE]

    written = write_outputs(root, {PAGE: b"page", "feeds/rss.xml": b"new"}, store=store, now=now + timedelta(days=1))

    assert written == Written(changed=("feeds/rss.xml",), unchanged=1)
    assert (root / PAGE).stat().st_ctime_ns == before
    assert rows()[PAGE] == remembered


def test_last_modified_moves_only_with_the_bytes(
    root: Path, write: Write, store: Store, rows: Rows, now: datetime
) -> None:
    later = now + timedelta(hours=1)
    write({"feeds/rss.xml": b"one"})
    write_outputs(root, {"feeds/rss.xml": b"one"}, store=store, now=later)
    assert rows()["feeds/rss.xml"].last_modified == now

    write_outputs(root, {"feeds/rss.xml": b"two"}, store=store, now=later)

    assert rows()["feeds/rss.xml"].last_modified == later
    assert (root / "feeds/rss.xml").stat().st_mtime == later.timestamp()


def test_lost_file_comes_back_with_its_old_date(
    root: Path, write: Write, store: Store, rows: Rows, now: datetime
) -> None:
    write({PAGE: b"page"})
    (root / PAGE).unlink()

    written = write_outputs(root, {PAGE: b"page"}, store=store, now=now + timedelta(days=1))

    assert written.changed == (PAGE,)
    assert (root / PAGE).stat().st_mtime == now.timestamp()
    assert rows()[PAGE].last_modified == now


def test_file_altered_by_hand_is_put_right(root: Path, write: Write) -> None:
    write({PAGE: b"page"})
    (root / PAGE).write_bytes(b"vandal")

    write({PAGE: b"page"})

    assert (root / PAGE).read_bytes() == b"page"


def test_what_a_crash_left_unremembered_is_remembered_by_the_next_write(
    root: Path, write: Write, rows: Rows, now: datetime
) -> None:
    (root / "feeds").mkdir()
    (root / "feeds/rss.xml").write_bytes(b"<rss/>")
    os.utime(root / "feeds/rss.xml", (1_700_000_000, 1_700_000_000))

    written = write({"feeds/rss.xml": b"<rss/>"})

    assert written == Written(unchanged=1)
    assert rows()["feeds/rss.xml"].last_modified == datetime.fromtimestamp(1_700_000_000, UTC)


def test_anybody_may_read_what_is_written_whatever_the_umask(root: Path, write: Write) -> None:
    before = os.umask(0o077)
    try:
        write({PAGE: b"page"})
    finally:
        os.umask(before)

    assert stat.S_IMODE((root / PAGE).stat().st_mode) == 0o644
    assert stat.S_IMODE((root / PAGE).parent.stat().st_mode) == 0o755


@pytest.mark.parametrize(
    ("obstacle", "kept"), [("site/en", "feeds/rss.xml"), ("site/media", PAGE), ("site/site.css", PAGE)]
)
def test_what_names_others_is_not_swapped_in_before_them(root: Path, write: Write, obstacle: str, kept: str) -> None:
    files = {"feeds/rss.xml": b"old", "site/en/old.html": b"old", PAGE: b"old"}
    write({path: content for path, content in files.items() if not path.startswith(obstacle)})
    (root / obstacle).parent.mkdir(exist_ok=True)
    if obstacle == "site/site.css":
        (root / obstacle).mkdir()
    else:
        (root / obstacle).write_bytes(b"")

    with pytest.raises(OutputError):
        write({"feeds/rss.xml": b"new", PAGE: b"new", "site/media/a.png": b"new", "site/site.css": b"new"})

    assert (root / kept).read_bytes() == b"old"


def test_plan_says_what_would_change_and_changes_nothing(root: Path, write: Write, rows: Rows) -> None:
    write({PAGE: b"page", "feeds/rss.xml": b"old"})
    before = rows()

    plan = plan_outputs(root, {PAGE: b"page", "feeds/rss.xml": b"new", "site/fr/new/index.html": b"x"})

    assert plan == ("feeds/rss.xml", "site/fr/new/index.html")
    assert (root / "feeds/rss.xml").read_bytes() == b"old"
    assert not (root / "site/fr").exists()
    assert rows() == before


def test_removed_file_goes_with_the_folders_it_leaves_empty(root: Path, write: Write, store: Store, rows: Rows) -> None:
    write({PAGE: b"page", "site/fr/x/index.html": b"x"})

    removed = remove_outputs(root, [PAGE, "site/never/was/index.html"], store=store)

    assert removed == (PAGE,)
    assert sorted(each.name for each in (root / "site").iterdir()) == ["fr"]
    assert set(rows()) == {"site/fr/x/index.html"}
    assert remove_outputs(root, [PAGE], store=store) == ()


def test_folder_with_anything_left_in_it_stays(root: Path, write: Write, store: Store) -> None:
    write({PAGE: b"page", "site/en/index.html": b"front"})

    remove_outputs(root, [PAGE], store=store)

    assert [each.name for each in (root / "site/en").iterdir()] == ["index.html"]


@pytest.mark.parametrize("folder", ["feeds", "site/en"])
def test_unwritable_folder_is_told_and_the_last_good_file_stays(
    root: Path, write: Write, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    write({f"{folder}/x.html": b"good"})
    # Root may write anywhere, so the refusal is the system's own error, raised where it would be.
    real = os.open

    def refuse(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if flags & os.O_EXCL:
            raise PermissionError(13, "Permission denied", path)
        return real(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", refuse)

    with pytest.raises(OutputError) as caught:
        write({f"{folder}/x.html": b"new"})
    assert str(caught.value) == (
        f"{folder}/x.html: cannot be written (Permission denied). Check who may write there, then run the command "
        "again. The last good file is still there."
    )
    assert (root / folder / "x.html").read_bytes() == b"good"


def test_full_disk_is_told_and_leaves_neither_half_nor_temporary_file(
    root: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({"feeds/rss.xml": b"good", "feeds/atom.xml": b"good"})
    real = os.utime

    def full(descriptor: int, times: tuple[float, float]) -> None:
        if (root / "feeds/.atom.xml.new").exists() and (root / "feeds/.rss.xml.new").exists():
            raise OSError(28, "No space left on device")
        real(descriptor, times)

    monkeypatch.setattr(os, "utime", full)

    with pytest.raises(OutputError, match=r"No space left on device\)\. Free some disk space"):
        write({"feeds/rss.xml": b"new", "feeds/atom.xml": b"new"})
    assert _names(root / "feeds") == ["atom.xml", "rss.xml"]
    assert (root / "feeds/rss.xml").read_bytes() == (root / "feeds/atom.xml").read_bytes() == b"good"


def test_missing_newsroom_is_told(tmp_path: Path, store: Store, now: datetime) -> None:
    with pytest.raises(OutputError, match=r"\.newsletter\.lock: No such file or directory\. Check that the folder"):
        write_outputs(tmp_path / "nowhere", {"feeds/rss.xml": b""}, store=store, now=now)


def test_busy_store_is_told_and_the_next_write_puts_it_right(
    root: Path, store: Store, rows: Rows, now: datetime, tmp_path: Path
) -> None:
    impatient = Store(str(store.url), busy_timeout_s=0.01)
    with store.writing(), pytest.raises(StoreBusy):
        write_outputs(root, {"feeds/rss.xml": b"x"}, store=impatient, now=now)
    impatient.close()
    assert rows() == {}

    assert write_outputs(root, {"feeds/rss.xml": b"x"}, store=store, now=now) == Written(unchanged=1)
    assert set(rows()) == {"feeds/rss.xml"}


def _names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())
