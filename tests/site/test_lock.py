"""One writer at a time, and what the next one finds after a crash."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import pytest

from newsletter.errors import OutputError, StoreBusy
from newsletter.site import Renewal, Written, plan_outputs, renew_outputs, write_outputs
from newsletter.site.lock import writing_alone
from newsletter.store import Store

Write = Callable[[Mapping[str, bytes]], Written]


def test_second_writer_waits_no_longer_than_told(root: Path, store: Store, now: datetime) -> None:
    with writing_alone(root), pytest.raises(StoreBusy, match=r"has been writing feeds and pages for 0\.05 s"):
        write_outputs(root, {"feeds/rss.xml": b"x"}, store=store, now=now, wait_s=0.05)

    assert plan_outputs(root, {"feeds/rss.xml": b"x"}) == ("feeds/rss.xml",)


def test_lock_is_free_again_after_an_error(root: Path, write: Write) -> None:
    with pytest.raises(OutputError):
        write({"nowhere/x": b""})

    assert write({"feeds/rss.xml": b"x"}).changed == ("feeds/rss.xml",)


@pytest.mark.parametrize(("call", "number"), [("pwrite", 28), ("fsync", 5)])
def test_lock_that_cannot_be_written_is_told(
    root: Path, write: Write, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, fail)

    with pytest.raises(OutputError, match=r"\.newsletter\.lock: cannot be written \("):
        write({"feeds/rss.xml": b"x"})
    assert _names(root) == [".newsletter.lock"]


def test_linked_lock_is_refused(root: Path, tmp_path: Path, write: Write) -> None:
    (root / ".newsletter.lock").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OutputError, match=r"newsletter\.lock"):
        write({"feeds/rss.xml": b"x"})
    assert not (tmp_path / "elsewhere").exists()


def _at_once(publish: Callable[[bytes], object]) -> None:
    publishers = [threading.Thread(target=publish, args=(line,)) for line in (b"a", b"b")]
    for each in publishers:
        each.start()
    for each in publishers:
        each.join(10)


def test_two_publishers_lose_nobodys_article(root: Path, store: Store, now: datetime) -> None:
    released: list[bytes] = []

    def publish(line: bytes) -> None:
        released.append(line)
        renew_outputs(root, lambda: Renewal(files={"feeds/rss.xml": b"".join(sorted(released))}), store=store, now=now)

    _at_once(publish)

    assert (root / "feeds/rss.xml").read_bytes() == b"ab"


def test_control_what_was_built_before_the_lock_loses_an_article(root: Path, store: Store, now: datetime) -> None:
    released: list[bytes] = []
    both_have_read = threading.Barrier(2)

    def publish(line: bytes) -> None:
        built = b"".join([*released, line])
        both_have_read.wait(5)
        released.append(line)
        write_outputs(root, {"feeds/rss.xml": built}, store=store, now=now)

    _at_once(publish)

    assert (root / "feeds/rss.xml").read_bytes() in (b"a", b"b")


def test_renewal_removes_what_is_gone_but_never_what_it_writes(root: Path, store: Store, now: datetime) -> None:
    write_outputs(root, {"site/a.html": b"a", "site/b.html": b"b"}, store=store, now=now)

    written = renew_outputs(
        root,
        lambda: Renewal(files={"site/a.html": b"new"}, gone=["site/a.html", "site/b.html"]),
        store=store,
        now=now,
    )

    assert written == Written(changed=("site/a.html",), removed=("site/b.html",))
    assert _names(root / "site") == ["a.html"]


# One process takes the time to import, and a fork of it dies for each case.
_DYING_WRITERS = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from newsletter.site import write_outputs
from newsletter.store import Store
from newsletter.store.tables import metadata

real = {name: getattr(os, name) for name in ("fsync", "replace", "utime")}

def die(root, name, when):
    def dying(*args, **kwargs):
        staged = (root / "feeds/.rss.xml.new").exists()
        if staged and when == "after":
            real[name](*args, **kwargs)
        if staged:
            os.kill(os.getpid(), signal.SIGKILL)
        return real[name](*args, **kwargs)
    setattr(os, name, dying)
    write(root, b"new")

def write(root, content):
    store = Store(f"sqlite:///{root}.db")
    metadata.create_all(store.engine)
    write_outputs(root, {"feeds/rss.xml": content}, store=store, now=datetime(2026, 11, 24, tzinfo=UTC))
    store.close()

for case in sys.argv[2:]:
    root = Path(sys.argv[1]) / case
    root.mkdir()
    write(root, b"old")
    child = os.fork()
    if child == 0:
        die(root, *case.split("-"))
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != -signal.SIGKILL:
        sys.exit(f"{case}: survived")
"""
_CASES = {
    "utime-before": b"old",
    "fsync-before": b"old",
    "fsync-after": b"old",
    "replace-before": b"old",
    "replace-after": b"new",
}


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one newsroom for each case, whose writer was killed at that point."""
    folder = tmp_path_factory.mktemp("crashed")
    subprocess.run([sys.executable, "-c", _DYING_WRITERS, str(folder), *_CASES], check=True, timeout=60)
    return folder


@pytest.mark.parametrize(("case", "standing"), _CASES.items())
def test_killed_writer_leaves_old_or_new_and_the_next_one_cleans_up(
    crashed: Path, now: datetime, case: str, standing: bytes
) -> None:
    root, store = crashed / case, Store(f"sqlite:///{crashed / case}.db")
    assert (root / "feeds/rss.xml").read_bytes() == standing
    assert (root / ".newsletter.lock").read_bytes() == b"writing\n"

    # Another file is written, so that the leftover is found by looking for it.
    write_outputs(root, {"site/index.html": b"x"}, store=store, now=now)

    assert _names(root / "feeds") == ["rss.xml"]
    assert (root / ".newsletter.lock").read_bytes() == b""
    store.close()


def test_cleaning_up_leaves_links_and_other_hidden_files_alone(root: Path, tmp_path: Path, write: Write) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / ".precious.new").write_bytes(b"x")
    (root / "feeds").mkdir()
    (root / "feeds/.gitignore").write_bytes(b"*")
    (root / "feeds/.x.new").symlink_to(outside / ".precious.new")
    (root / "feeds/out").symlink_to(outside, target_is_directory=True)
    (root / "feeds/.left.new").write_bytes(b"half")
    (root / ".newsletter.lock").write_bytes(b"writing\n")

    write({"site/index.html": b"x"})

    assert (_names(root / "feeds")) == [".gitignore", ".x.new", "out"]
    assert (outside / ".precious.new").read_bytes() == b"x"


def test_reader_polling_while_a_file_is_renewed_sees_whole_files_only(root: Path, store: Store, now: datetime) -> None:
    versions = [bytes([65 + number]) * 200_000 for number in range(8)]
    write_outputs(root, {"feeds/rss.xml": versions[0]}, store=store, now=now)
    seen: set[bytes] = set()
    ended = threading.Event()

    def poll() -> None:
        while not ended.is_set():
            seen.add((root / "feeds/rss.xml").read_bytes())

    reader = threading.Thread(target=poll)
    reader.start()
    for version in versions:
        write_outputs(root, {"feeds/rss.xml": version}, store=store, now=now)
    ended.set()
    reader.join(10)

    assert seen <= set(versions)


def _names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())
