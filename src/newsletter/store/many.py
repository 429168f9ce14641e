"""Many rows by one statement, the fastest way each engine has.

SQLAlchemy's own way took two thirds of the time of an import into SQLite: the driver takes ready tuples
ten times as fast. PostgreSQL gets whole columns as arrays, and makes rows of them by itself.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import ARRAY, ColumnClause, ColumnElement, Connection, CursorResult, Text, any_, bindparam, func, select
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import Insert

from newsletter.store.columns import Utc, sqlite_text

_CACHE_KIB = 65_536


def hold_more_in_memory(connection: Connection) -> None:
    """Give SQLite's page cache 64 MB on this connection; nothing on PostgreSQL.

    New readers scatter over the whole of four indexes. With the usual 2 MB, pages went to the disk and
    came back several times in one transaction.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size = -{_CACHE_KIB}")


def among(connection: Connection, column: ColumnElement[str], values: Collection[str]) -> ColumnElement[bool]:
    """The condition that `column` holds one of `values`, of which there may be thousands.

    They go to the engine as one parameter: as many parameters in a list took twice as long.
    """
    if connection.dialect.name == "postgresql":
        return column == any_(bindparam("among", list(values), type_=ARRAY(Text), unique=True))
    each = func.json_each(bindparam("among", json.dumps(list(values)), unique=True))
    return column.in_(select(each.table_valued("value").c.value))


def insert_many(connection: Connection, statement: Insert, rows: Sequence[Mapping[str, object]]) -> None:
    """Execute an insert once for each of `rows`; nothing when there are none.

    The first row says which columns there are; words in it that name no column are left out.
    """
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        insert_returning(connection, statement, rows)
        return
    columns = _columns(statement, rows)
    bound = {column.name: bindparam(column.name, type_=column.type) for column in columns}
    compiled = statement.values(bound).compile(dialect=connection.dialect)
    if not isinstance(compiled, SQLCompiler) or compiled.positiontup is None:
        raise TypeError("only an INSERT with its columns in order can be executed many times")
    by_name = {column.name: column for column in columns}
    values = [_values(connection, by_name[name], rows) for name in compiled.positiontup]
    tuples: Any = list(zip(*values, strict=True))
    connection.exec_driver_sql(str(compiled), tuples)


def insert_returning(
    connection: Connection, statement: Insert, rows: Sequence[Mapping[str, object]]
) -> CursorResult[Any]:
    """The same for PostgreSQL alone, with what `statement` returns."""
    columns = _columns(statement, rows)
    arrays = [bindparam(f"all_{column.name}", type_=ARRAY(column.type)) for column in columns]
    each = func.unnest(*arrays).table_valued(*(column.name for column in columns)).render_derived()
    values = {f"all_{column.name}": [row[column.name] for row in rows] for column in columns}
    return connection.execute(statement.from_select([column.name for column in columns], select(*each.c)), values)


def _columns(statement: Insert, rows: Sequence[Mapping[str, object]]) -> list[ColumnClause[Any]]:
    return [column for column in statement.table.c if column.name in rows[0]]


def _values(connection: Connection, column: ColumnClause[Any], rows: Sequence[Mapping[str, object]]) -> list[Any]:
    """One column of all rows, as the driver of SQLite wants it."""
    found: list[Any] = list(map(itemgetter(column.name), rows))
    if isinstance(column.type, Utc):
        # Most of them are the same moment.
        texts = {moment: None if moment is None else sqlite_text(moment) for moment in set(found)}
        return list(map(texts.__getitem__, found))
    convert = column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    return found if convert is None else [None if value is None else convert(value) for value in found]
