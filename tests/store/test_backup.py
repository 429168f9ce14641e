"""A copy that can be trusted, and bringing it back."""

from __future__ import annotations

import sqlite3
import stat
import zipfile
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import event, insert

from newsletter.errors import StoreBusy, StoreError, UsageError
from newsletter.store import Store
from newsletter.store.backup import backup, restore
from newsletter.store.meta import remember, remembered
from newsletter.store.tables import counters, meta


@pytest.fixture
def place(tmp_path: Path, empty_database: Path) -> Path:
    """A newsroom's folder with a database that knows the word "before", and a key."""
    folder = tmp_path / "newsroom"
    folder.mkdir()
    (folder / "newsletter.db").write_bytes(empty_database.read_bytes())
    (folder / "newsletter.key").write_text("the key", "utf-8")
    say(folder, "before")
    return folder


def say(folder: Path, word: str) -> None:
    store = Store(f"sqlite:///{folder}/newsletter.db")
    with store.writing() as connection:
        remember(connection, "word", word)
    store.close()


def note(database: Path, key: str = "word") -> str | None:
    store = Store(f"sqlite:///{database}")
    with store.reading() as connection:
        value = remembered(connection, key)
    store.close()
    return value


def save(folder: Path, name: str = "backup.zip") -> Path:
    store = Store(f"sqlite:///{folder}/newsletter.db")
    target = folder.parent / name
    backup(store, target, key_file=folder / "newsletter.key")
    store.close()
    return target


def bring_back(folder: Path, archive: Path, now: datetime) -> tuple[Path, ...]:
    return restore(archive, database=folder / "newsletter.db", key_file=folder / "newsletter.key", now=now)


def everything(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith(("-shm", "-wal"))}


def put_back(folder: Path, files: dict[str, bytes]) -> None:
    for path in folder.iterdir():
        path.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)


def test_backup_holds_database_and_key_and_is_the_owners_alone(place: Path) -> None:
    target = save(place)

    with zipfile.ZipFile(target) as archive:
        assert sorted(archive.namelist()) == ["newsletter.db", "newsletter.key"]
        assert archive.read("newsletter.key") == b"the key"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(path.name for path in place.parent.iterdir()) == ["backup.zip", "newsroom"]


def test_copy_is_the_owners_alone_while_it_is_made(place: Path, tmp_path: Path) -> None:
    store = Store(f"sqlite:///{place}/newsletter.db")
    modes = []

    def look(_connection, _cursor, statement, *_rest) -> None:
        if statement.startswith("VACUUM"):
            modes.extend(stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir() if path.is_file())

    event.listen(store.engine, "after_cursor_execute", look)
    backup(store, tmp_path / "backup.zip", key_file=place / "newsletter.key")
    store.close()

    assert modes == [0o600]


def test_backup_overwrites_nothing(place: Path) -> None:
    target = place.parent / "backup.zip"
    target.write_text("older", "utf-8")

    with pytest.raises(UsageError, match="exists already"):
        save(place)

    assert target.read_text("utf-8") == "older"


def test_backup_into_a_folder_that_is_not_there_gets_a_sentence(place: Path) -> None:
    with pytest.raises(StoreError, match=r"none/backup\.zip: the backup cannot be written"):
        save(place, "none/backup.zip")


def test_backup_while_others_write_is_one_instant(place: Path) -> None:
    """Two rows are always written together, so a copy that holds one of them is torn."""
    store, ready, done = Store(f"sqlite:///{place}/newsletter.db"), Event(), Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            number += 1
            with store.writing() as connection:
                connection.execute(insert(counters).values(name=f"n{number}", value=number))
                connection.execute(insert(meta).values(key=f"n{number}", value=str(number)))
            ready.set()

    writer = Thread(target=write)
    writer.start()
    ready.wait()
    targets = [save(place, f"{n}.zip") for n in range(3)]
    done.set()
    writer.join()
    store.close()

    for target in targets:
        with zipfile.ZipFile(target) as archive:
            archive.extract("newsletter.db", place.parent)
        connection = sqlite3.connect(place.parent / "newsletter.db")
        pair = connection.execute("SELECT (SELECT count(*) FROM counters), (SELECT count(*) - 1 FROM meta)").fetchone()
        connection.close()
        assert pair[0] == pair[1] > 0


def test_damaged_database_is_not_backed_up(place: Path) -> None:
    content = bytearray((place / "newsletter.db").read_bytes())
    content[9000:30000] = b"\xff" * 21000
    (place / "newsletter.db").write_bytes(content)

    with pytest.raises(StoreError, match="damaged"):
        save(place)

    assert not (place.parent / "backup.zip").exists()


def test_restored_database_is_as_it_was_and_paused(place: Path, now: datetime) -> None:
    target = save(place)
    say(place, "after")

    bring_back(place, target, now)

    assert note(place / "newsletter.db") == "before"
    assert note(place / "newsletter.db", "paused") == "restored from backup.zip at 2026-11-24 09:00 UTC"
    assert (place / "newsletter.key").read_text("utf-8") == "the key"


def test_old_files_are_moved_aside_whole(place: Path, now: datetime) -> None:
    """With what was still in the write-ahead log: without it there would be no table."""
    target = save(place)
    say(place, "after")
    (place / "newsletter.key").write_text("a newer key", "utf-8")

    aside = bring_back(place, target, now)

    assert {path.name.partition(".before-")[0] for path in aside} >= {"newsletter.db", "newsletter.key"}
    assert note(next(path for path in aside if path.name.startswith("newsletter.db.before"))) == "after"
    assert next(path for path in aside if "key" in path.name).read_text("utf-8") == "a newer key"


def test_restoring_twice_in_a_second_loses_nothing(place: Path, now: datetime) -> None:
    target = save(place)
    say(place, "after")

    first, second = (bring_back(place, target, now) for _ in range(2))

    assert not {*first} & {*second}
    assert note(next(path for path in first if path.name.startswith("newsletter.db.before"))) == "after"


def test_backup_without_a_key_leaves_the_present_one(place: Path, now: datetime) -> None:
    key = (place / "newsletter.key").rename(place / "elsewhere")
    target = save(place)
    key.rename(place / "newsletter.key")

    bring_back(place, target, now)

    assert (place / "newsletter.key").read_text("utf-8") == "the key"


def test_restored_elsewhere_needs_no_old_files(place: Path, now: datetime) -> None:
    target = save(place)
    (place.parent / "new").mkdir()

    assert bring_back(place.parent / "new", target, now) == ()

    assert note(place.parent / "new" / "newsletter.db") == "before"
    assert stat.S_IMODE((place.parent / "new" / "newsletter.key").stat().st_mode) == 0o600


def test_damaged_archive_changes_nothing(place: Path, now: datetime) -> None:
    """Each octet in turn, in steps: whatever breaks is a sentence, and the newsroom stays as it is."""
    target = save(place)
    whole = target.read_bytes()
    before = everything(place)
    refused = []

    for at in [*range(0, len(whole), max(1, len(whole) // 60)), len(whole) - 1]:
        target.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        # Some octets no reader of zips looks at, such as those of a date.
        with suppress(StoreError, UsageError):
            bring_back(place, target, now)
            put_back(place, before)
            continue
        refused.append(at)
        assert everything(place) == before

    assert len(refused) > 40


@pytest.mark.parametrize("size", [0, 10, 1000])
def test_cut_archive_gets_a_sentence(place: Path, now: datetime, size: int) -> None:
    target = save(place)
    target.write_bytes(target.read_bytes()[:size])

    with pytest.raises(UsageError, match="damaged"):
        bring_back(place, target, now)


def test_foreign_archives_are_refused(place: Path, now: datetime) -> None:
    before = everything(place)
    sqlite3.connect(place.parent / "photos.db").execute("CREATE TABLE photos (id)").connection.close()
    foreign = {
        "without": {"notes.txt": b"hello"},
        "text": {"newsletter.db": b"this is no database, though it is long enough to be read as one" * 20},
        "empty": {"newsletter.db": b""},
        "photos": {"newsletter.db": (place.parent / "photos.db").read_bytes()},
    }
    for name, files in foreign.items():
        with zipfile.ZipFile(place.parent / f"{name}.zip", "w") as archive:
            for inner, content in files.items():
                archive.writestr(inner, content)

        with pytest.raises((UsageError, StoreError), match=rf"{name}\.zip: "):
            bring_back(place, place.parent / f"{name}.zip", now)

    assert everything(place) == before


def test_archive_that_is_not_there_gets_a_sentence(place: Path, now: datetime) -> None:
    with pytest.raises(UsageError, match="no such file"):
        bring_back(place, place.parent / "none.zip", now)


def test_names_in_an_archive_lead_nowhere(place: Path, now: datetime) -> None:
    target = save(place)
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("../planted", b"hello")
        archive.writestr("/tmp/planted", b"hello")

    bring_back(place, target, now + timedelta(days=1))

    assert not (place.parent / "planted").exists()


def test_database_another_program_has_open_is_not_replaced(place: Path, now: datetime) -> None:
    """That program would go on mailing from the old one."""
    target = save(place)
    serving = Store(f"sqlite:///{place}/newsletter.db")
    with serving.reading() as connection:
        remembered(connection, "word")

    with pytest.raises(StoreBusy, match="Stop it"):
        bring_back(place, target, now)
    serving.close()
    bring_back(place, target, now)

    assert note(place / "newsletter.db", "paused") is not None


def test_damaged_database_can_be_replaced(place: Path, now: datetime) -> None:
    target = save(place)
    (place / "newsletter.db").write_bytes(b"no database any more" * 300)

    aside = bring_back(place, target, now)

    assert note(place / "newsletter.db") == "before"
    assert any(path.read_bytes().startswith(b"no database") for path in aside)


def test_postgresql_is_backed_up_by_its_own_tools(tmp_path: Path) -> None:
    store = Store("postgresql+psycopg://localhost/newsletter")

    with pytest.raises(UsageError, match="pg_dump"):
        backup(store, tmp_path / "backup.zip", key_file=tmp_path / "newsletter.key")
