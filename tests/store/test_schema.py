"""The schema's version: fresh, behind, ahead, and what the migrations make."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from newsletter.errors import StoreError
from newsletter.store import Store
from newsletter.store.schema import HEAD, require_head, upgrade, version_of
from newsletter.store.search import is_search_table
from newsletter.store.tables import metadata


def version(store: Store) -> str | None:
    with store.reading() as connection:
        return version_of(connection)


def set_version(store: Store, number: str) -> None:
    with store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :number"), {"number": number})


def test_fresh_database_is_made_ready(empty: Store) -> None:
    assert version(empty) is None

    require_head(empty)

    assert version(empty) == HEAD


def test_upgrade_tells_both_versions_and_is_safe_to_repeat(empty: Store) -> None:
    assert upgrade(empty) == (None, HEAD)
    assert upgrade(empty) == (HEAD, HEAD)


def test_migrations_make_exactly_the_tables_of_the_program(empty: Store) -> None:
    upgrade(empty)

    with empty.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": _described})
        assert compare_metadata(context, metadata) == []


def _described(name: str | None, kind: str, _parents: object) -> bool:
    """The index behind the search is each engine's own; test_search asks both."""
    return kind != "table" or not is_search_table(name)


def test_two_programs_may_start_at_once(empty: Store) -> None:
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: upgrade(empty), range(3)))

    assert sorted(results, key=str) == [(HEAD, HEAD), (HEAD, HEAD), (None, HEAD)]


def test_upgrade_that_fails_leaves_no_half_schema(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/newsletter.db")
    with store.writing() as connection:
        connection.execute(text("CREATE TABLE outputs (path TEXT)"))

    with pytest.raises(StoreError):
        upgrade(store)

    with store.reading() as connection:
        tables = set(connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars())
    store.close()
    assert tables == {"outputs"}


def test_older_schema_is_refused_with_the_command_that_helps(desk) -> None:
    set_version(desk.store, "0000")

    with pytest.raises(StoreError, match=r"schema 0000.*newsletter db backup FILE && newsletter db upgrade"):
        require_head(desk.store)


def test_newer_schema_is_refused_and_left_alone(desk) -> None:
    set_version(desk.store, "9999")

    for refuse in (require_head, upgrade):
        with pytest.raises(StoreError, match="newer than this program knows"):
            refuse(desk.store)

    assert version(desk.store) == "9999"


def test_older_database_can_be_backed_up_before_the_upgrade(desk, tmp_path: Path) -> None:
    """What the sentence advises has to work."""
    set_version(desk.store, "0000")

    desk.another().upkeep.backup(tmp_path / "before.zip")

    assert (tmp_path / "before.zip").is_file()
    assert version(desk.store) == "0000"
