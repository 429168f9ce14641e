"""Migration 0002: a newsroom from before the public web keeps every row it had."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, insert, select, text

from newsletter.store import Store
from newsletter.store.backup import backup, restore
from newsletter.store.schema import HEAD, _alembic, upgrade, version_of
from newsletter.store.search import is_search_table
from newsletter.store.tables import consents, metadata, notices, subscribers, wordings

FIRST = "INSERT INTO subscribers (uid, address, address_key, name, state, language, time_zone, rhythm, "
FIRST += "covered_through, token_version, joined_at, paused_until) VALUES "
FIRST += "(:uid, :uid, :uid, '', 'active', 'fr', 'Europe/Paris', 'each', 7, 1, :at, :at)"
CONSENT = "INSERT INTO consents (subscriber_id, what, wording, source, method, at) "
CONSENT += "VALUES (:who, :what, :wording, 'form', 'paper', :at)"
NOTICE = "INSERT INTO notices (kind, to_address, dedupe_key, message, state, attempts, not_before) "
NOTICE += "VALUES ('confirm', 'ada@example.org', 'k1', :message, 0, 0, :at)"
SAID = "Yes, send me « La lettre » — نعم"


def fill_first_schema(store: Store, now: datetime, *, readers: int = 3) -> None:
    """A database as version 0001 left it, with readers who said yes and one who left."""
    at = now if store.path is None else now.replace(tzinfo=None)
    with store.writing() as connection:
        command.upgrade(_alembic(connection), "0001")
        for number in range(1, readers + 1):
            connection.execute(text(FIRST), {"uid": f"r{number}@example.org", "at": at})
            connection.execute(text(CONSENT), {"who": number, "what": "import", "wording": SAID, "at": at})
        connection.execute(text(CONSENT), {"who": 1, "what": "unsubscribe", "wording": "", "at": at})
        connection.execute(text(CONSENT), {"who": 2, "what": "subscribe", "wording": "Another yes", "at": at})
        connection.execute(text(NOTICE), {"message": b"\x00\r\n", "at": at})


def consented(connection: Connection) -> list[tuple[int, str, str | None]]:
    query = select(consents.c.subscriber_id, consents.c.what, wordings.c.text).outerjoin(wordings)
    return [tuple(row) for row in connection.execute(query.order_by(consents.c.id))]


def test_upgrade_keeps_every_consent_with_its_words(empty: Store, now: datetime) -> None:
    fill_first_schema(empty, now)

    assert upgrade(empty) == ("0001", HEAD)

    with empty.reading() as connection:
        rows = consented(connection)
        hashes = connection.execute(select(wordings.c.language, wordings.c.hash).order_by(wordings.c.id)).all()
        reader = connection.execute(select(subscribers).where(subscribers.c.id == 1)).one()
        notice = connection.execute(select(notices)).one()
        old = connection.execute(select(consents.c.at, consents.c.page, consents.c.ip)).first()
    later = [(1, "unsubscribe", None), (2, "subscribe", "Another yes")]
    assert rows == [(number, "import", SAID) for number in (1, 2, 3)] + later
    said = [hashlib.sha256(f"\0{words}".encode()).hexdigest() for words in (SAID, "Another yes")]
    assert [tuple(row) for row in hashes] == [("", digest) for digest in said]
    assert (reader.covered_through, reader.catch_up, reader.paused_until) == (7, False, now)
    assert (notice.message, notice.lease_token, notice.not_before) == (b"\x00\r\n", None, now)
    assert tuple(old) == (now, "", None)


def test_upgraded_tables_are_exactly_those_of_the_program(empty: Store, now: datetime) -> None:
    fill_first_schema(empty, now)

    upgrade(empty)

    with empty.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": _described})
        assert compare_metadata(context, metadata) == []


def _described(name: str | None, kind: str, _parents: object) -> bool:
    """The index behind the search is each engine's own, and in no description of tables."""
    return kind != "table" or not is_search_table(name)


def test_new_rows_are_numbered_after_the_old_ones(empty: Store, now: datetime) -> None:
    fill_first_schema(empty, now)
    upgrade(empty)

    row = {"subscriber_id": 1, "what": "confirm", "wording_id": 1, "source": "form", "method": "double opt-in"}
    with empty.writing() as connection:
        number = connection.execute(insert(consents).values(**row, at=now).returning(consents.c.id)).scalar_one()

    assert number == 6


def test_more_consents_than_are_moved_at_a_time_all_arrive(tmp_path: Path, now: datetime) -> None:
    store = Store(f"sqlite:///{tmp_path}/newsletter.db")
    fill_first_schema(store, now, readers=5_001)

    upgrade(store)

    with store.reading() as connection:
        rows = consented(connection)
    store.close()
    assert len(rows) == 5_003
    assert sum(words == SAID for _, _, words in rows) == 5_001


def test_backup_from_before_is_restored_and_then_upgraded(tmp_path: Path, now: datetime) -> None:
    store = Store(f"sqlite:///{tmp_path}/newsletter.db")
    fill_first_schema(store, now)
    backup(store, tmp_path / "before.zip", key_file=tmp_path / "newsletter.key")
    upgrade(store)
    store.close()

    restore(tmp_path / "before.zip", database=tmp_path / "newsletter.db", key_file=tmp_path / "k", now=now)

    again = Store(f"sqlite:///{tmp_path}/newsletter.db")
    with again.reading() as connection:
        assert version_of(connection) == "0001"
    assert upgrade(again) == ("0001", HEAD)
    with again.reading() as connection:
        assert len(consented(connection)) == 5
    again.close()
