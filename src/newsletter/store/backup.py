"""A copy of the database that can be trusted, and bringing it back.

Copying the `.db` file without its `-wal` loses every table; VACUUM INTO writes one whole file from
one instant, also while others write.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import zipfile
from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from newsletter.errors import StoreError, UsageError
from newsletter.store.engine import Store, integrity_faults
from newsletter.store.meta import remember

DATABASE = "newsletter.db"
KEY = "newsletter.key"


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
    except OSError as error:
        raise StoreError(
            f"{target}: the backup cannot be written ({error.strerror}). Check space and rights."
        ) from error
    finally:
        copy.unlink(missing_ok=True)
        temporary.unlink(missing_ok=True)


def restore(archive_file: Path, *, database: Path, key_file: Path, now: datetime) -> tuple[Path, ...]:
    """Put a backup in the place of the present database and key; gives where the old files went.

    The restored newsroom is paused: it does not know what was mailed since the backup, so it mails
    nobody before a person agrees. The old files are moved aside, never deleted.

    Raises UsageError when the file is no backup of ours, StoreError when what is in it is damaged.
    """
    fresh = database.with_suffix(".restoring")
    try:
        with zipfile.ZipFile(archive_file) as archive:
            names = set(archive.namelist())
            if DATABASE not in names:
                raise UsageError(f"{archive_file}: holds no {DATABASE}. It is no backup made by: newsletter db backup")
            with archive.open(DATABASE) as source, fresh.open("wb") as target:
                shutil.copyfileobj(source, target)
            key = archive.read(KEY) if KEY in names else None
        _check(fresh, archive_file)
        _pause(fresh, archive_file, now)
        aside = _move_aside(database, key_file if key else None, now)
        if key is not None:
            with os.fdopen(os.open(key_file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                file.write(key)
        fresh.rename(database)
        return aside
    except FileNotFoundError as error:
        raise UsageError(f"{archive_file}: there is no such file. Check the name.") from error
    except zipfile.BadZipFile as error:
        raise UsageError(f"{archive_file}: is damaged, or no backup made by: newsletter db backup") from error
    except OSError as error:
        raise StoreError(f"{archive_file}: cannot be restored ({error.strerror}). Check space and rights.") from error
    finally:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{fresh}{suffix}").unlink(missing_ok=True)


def _check(database: Path, archive_file: Path) -> None:
    try:
        connection = sqlite3.connect(database)
        try:
            result = connection.execute("PRAGMA integrity_check").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{archive_file}: the database in it is damaged ({error}). Try an older backup.") from error
    if result != "ok":
        raise StoreError(f"{archive_file}: the database in it is damaged ({result}). Try an older backup.")


def _pause(database: Path, archive_file: Path, now: datetime) -> None:
    store = Store(f"sqlite:///{database}")
    with store.writing() as connection:
        remember(connection, "paused", f"restored from {archive_file.name} at {now:%Y-%m-%d %H:%M} UTC")
    with store.engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    store.close()


def _move_aside(database: Path, key_file: Path | None, now: datetime) -> tuple[Path, ...]:
    moved: list[Path] = []
    candidates = [Path(f"{database}{suffix}") for suffix in ("-wal", "-shm", "")] + ([key_file] if key_file else [])
    for path in candidates:
        if path.exists():
            aside = path.with_name(f"{path.name}.before-{now:%Y%m%dT%H%M%S}")
            path.rename(aside)
            moved.append(aside)
    return tuple(moved)
