"""The rows of `outputs`, on both engines as far as their text goes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.dialects import postgresql

from newsletter.store import Store
from newsletter.store.outputs import StoredOutput, forget_outputs, output_paths, outputs_at, remember_outputs
from newsletter.store.tables import outputs


def _row(path: str, now: datetime, digest: str = "0") -> StoredOutput:
    return StoredOutput(path=path, hash=digest * 64, size=1, last_modified=now)


def test_row_of_the_same_path_is_written_over(store: Store, now: datetime) -> None:
    with store.writing() as connection:
        remember_outputs(connection, [_row("feeds/rss.xml", now), _row("site/index.html", now)])
        remember_outputs(connection, [_row("feeds/rss.xml", now, "1")])

        assert outputs_at(connection, ["feeds/rss.xml", "site/none.html"]) == {
            "feeds/rss.xml": _row("feeds/rss.xml", now, "1")
        }


def test_paths_are_found_by_their_beginning_taken_literally(store: Store, now: datetime) -> None:
    with store.writing() as connection:
        remember_outputs(connection, [_row(path, now) for path in ("site/a_b/x", "site/acb/x", "feeds/x")])

        assert output_paths(connection, below="site/a_b/") == ("site/a_b/x",)
        assert output_paths(connection) == ("feeds/x", "site/a_b/x", "site/acb/x")


def test_forgetting_twice_is_forgetting(store: Store, now: datetime) -> None:
    with store.writing() as connection:
        remember_outputs(connection, [_row("feeds/x", now)])
        forget_outputs(connection, ["feeds/x"])
        forget_outputs(connection, ["feeds/x"])

        assert output_paths(connection) == ()


def test_more_rows_than_one_statement_takes(store: Store, now: datetime) -> None:
    rows = [_row(f"site/{number}.html", now) for number in range(450)]
    with store.writing() as connection:
        remember_outputs(connection, rows)

        assert len(outputs_at(connection, [row.path for row in rows])) == 450
        forget_outputs(connection, [row.path for row in rows])
        assert output_paths(connection) == ()


def test_nothing_to_remember_is_no_statement(store: Store) -> None:
    with store.writing() as connection:
        remember_outputs(connection, [])
        forget_outputs(connection, [])

        assert output_paths(connection) == ()


def test_postgresql_spells_the_same_upsert() -> None:
    statement = postgresql.insert(outputs).values(path="x", hash="h", size=1)
    changed = {"hash": statement.excluded.hash}

    text = str(
        statement.on_conflict_do_update(index_elements=["path"], set_=changed).compile(dialect=postgresql.dialect())
    )

    assert "ON CONFLICT (path) DO UPDATE SET hash = excluded.hash" in text
