"""A copy of the database that can be trusted, and bringing it back.

Copying the `.db` file without its `-wal` loses every table; VACUUM INTO writes one whole file from
one instant, also while others write.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
import zipfile
import zlib
from datetime import datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from newsletter.errors import StoreBusy, StoreError, UsageError
from newsletter.store.editions import hold_going
from newsletter.store.engine import Store, integrity_faults
from newsletter.store.meta import OUTPUTS_MADE_WITH, remember

DATABASE = "newsletter.db"
KEY = "newsletter.key"
_FOREIGN = "It is no backup made by: newsletter db backup"


def backup(store: Store, target: Path, *, key_file: Path) -> int:
    """Write the database and the key into the zip `target` (mode 0600); gives its size in octets.

    Appears whole or not at all, and overwrites nothing. Raises UsageError on PostgreSQL or when
    `target` exists, StoreError when the database is damaged or the disk is full.
    """
    if store.path is None:
        raise UsageError("Back up a PostgreSQL database with pg_dump, and keep newsletter.key beside the dump.")
    if target.exists():
        raise UsageError(f"{target}: exists already, and a backup overwrites nothing. Choose another name.")
    copy, temporary = target.with_suffix(".copy.tmp"), target.with_suffix(".zip.tmp")
    try:
        copy.unlink(missing_ok=True)
        # SQLite would make the copy readable by all, and its words for a missing folder help nobody.
        os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with store.reading() as connection:
            faults = integrity_faults(connection)
        if faults:
            raise StoreError(f"{store.path}: the database is damaged ({faults[0]}). Keep your older backups.")
        with store.engine.connect() as connection:
            connection.exec_driver_sql("VACUUM INTO ?", (str(copy),))
        os.close(os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(copy, DATABASE)
            if key_file.is_file():
                archive.write(key_file, KEY)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.rename(target)
        return target.stat().st_size
    except (OSError, DBAPIError) as error:
        why = error.strerror if isinstance(error, OSError) else error.orig
        raise StoreError(f"{target}: the backup cannot be written ({why}). Check space and rights.") from error
    finally:
        copy.unlink(missing_ok=True)
        temporary.unlink(missing_ok=True)


def restore(archive_file: Path, *, database: Path, key_file: Path, now: datetime) -> tuple[Path, ...]:
    """Put a backup in the place of the present database and key; gives where the old files went.

    The restored newsroom is paused, and each edition that was being sent is held: it does not know what
    was mailed since the backup, so it mails nobody before a person agrees. The old files are moved
    aside, never deleted.

    Raises UsageError when the file is no backup of ours, StoreError when what is in it is damaged, and
    StoreBusy when another program has the present database open: it would go on mailing from it.
    """
    fresh = database.with_suffix(".restoring")
    try:
        key = _unpack(archive_file, fresh)
        _check(fresh, archive_file)
        _require_alone(database)
        _pause(fresh, archive_file, now)
        aside = _move_aside(database, key_file if key else None, now)
        if key is not None:
            with os.fdopen(os.open(key_file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                file.write(key)
        fresh.replace(database)
        return aside
    except FileNotFoundError as error:
        raise UsageError(f"{archive_file}: there is no such file. Check the name.") from error
    except OSError as error:
        raise StoreError(f"{archive_file}: cannot be restored ({error.strerror}). Check space and rights.") from error
    finally:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{fresh}{suffix}").unlink(missing_ok=True)


def _unpack(archive_file: Path, fresh: Path) -> bytes | None:
    """Write the archive's database to `fresh` (mode 0600), and give its key if there is one."""
    fresh.unlink(missing_ok=True)
    try:
        with zipfile.ZipFile(archive_file) as archive:
            names = set(archive.namelist())
            if DATABASE not in names:
                raise UsageError(f"{archive_file}: holds no {DATABASE}. {_FOREIGN}")
            private = os.O_CREAT | os.O_EXCL | os.O_WRONLY
            with archive.open(DATABASE) as source, os.fdopen(os.open(fresh, private, 0o600), "wb") as target:
                shutil.copyfileobj(source, target)
            return archive.read(KEY) if KEY in names else None
    # A password or an unknown compression is a RuntimeError.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise UsageError(f"{archive_file}: is damaged, or no backup made by: newsletter db backup") from error


def _check(database: Path, archive_file: Path) -> None:
    try:
        connection = sqlite3.connect(database)
        try:
            result = connection.execute("PRAGMA integrity_check").fetchone()[0]
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{archive_file}: the database in it is damaged ({error}). Try an older backup.") from error
    if result != "ok":
        raise StoreError(f"{archive_file}: the database in it is damaged ({result}). Try an older backup.")
    if not tables >= {"meta", "alembic_version"}:
        raise UsageError(f"{archive_file}: the database in it is not a newsroom's. {_FOREIGN}")


def _require_alone(database: Path) -> None:
    """Nothing, if no other program has the present database open; folds its log into it."""
    if not database.exists():
        return
    connection = sqlite3.connect(database, isolation_level=None, timeout=0)
    try:
        # Only the last connection can leave WAL mode.
        connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        raise StoreBusy(
            f"{database}: another program has the database open. Stop it (newsletter serve?), then run this again."
        ) from error
    except sqlite3.DatabaseError:
        # Too damaged to say; it is what the backup is to replace.
        return
    finally:
        connection.close()


def _pause(database: Path, archive_file: Path, now: datetime) -> None:
    store = Store(f"sqlite:///{database}")
    why = f"restored from {archive_file.name} at {now:%Y-%m-%d %H:%M} UTC"
    with store.writing() as connection:
        remember(connection, "paused", why)
        # The files below feeds/ and site/ may say more than this database: they are made again.
        remember(connection, OUTPUTS_MADE_WITH, None)
        hold_going(connection, reason=why)
    with store.engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    store.close()


def _move_aside(database: Path, key_file: Path | None, now: datetime) -> tuple[Path, ...]:
    stamp = f"before-{now:%Y%m%dT%H%M%S}"
    turn = next(n for n in itertools.count() if not list(database.parent.glob(f"*.{stamp}{_turn(n)}*")))
    # The log keeps its place behind the database's name, so that the old database can be opened.
    pairs = [(f"{database}{suffix}", f"{database}.{stamp}{_turn(turn)}{suffix}") for suffix in ("-wal", "-shm", "")]
    if key_file:
        pairs.append((str(key_file), f"{key_file}.{stamp}{_turn(turn)}"))
    there = [(Path(path), Path(aside)) for path, aside in pairs if Path(path).exists()]
    for path, aside in there:
        if path == database:
            _keep(path, aside)
        else:
            path.rename(aside)
    return tuple(aside for _, aside in there)


def _keep(path: Path, aside: Path) -> None:
    """Give the file a second name, so that the first one is never without a database, also in a crash."""
    try:
        os.link(path, aside)
    except OSError:
        # Not every file system has hard links.
        shutil.copy2(path, aside)


def _turn(number: int) -> str:
    return f"-{number}" if number else ""
