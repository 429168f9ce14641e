"""What columns are made of: aware UTC times, and keys that both engines number by themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Dialect, ForeignKey, Integer, MetaData, TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Utc(TypeDecorator[datetime]):
    """An aware UTC datetime; refuses naive ones. SQLite keeps it naive, PostgreSQL with its zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into what the engine stores."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime reached the database")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back an aware UTC time."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def sqlite_text(value: datetime) -> str:
    """What SQLAlchemy stores for an aware time in SQLite, made six times as fast as by its own conversion."""
    if value.tzinfo is None:
        raise ValueError("a naive datetime reached the database")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


# SQLite numbers rows by itself only in a column declared exactly INTEGER.
Key = BigInteger().with_variant(Integer, "sqlite")


def id_column() -> Column[Any]:
    """A primary key that numbers itself."""
    return Column("id", Key, primary_key=True, autoincrement=True)


def reference(target: str, **kw: Any) -> Column[Any]:
    """A column that points at a row of `target`; its name is the table's in the singular and `_id`."""
    name = kw.pop("name", target.rstrip("s") + "_id")
    return Column(name, Key, ForeignKey(f"{target}.id"), **kw)
