"""One connection kept by a sender for its whole run, with a short transaction for each message.

Asking the pool for a connection and compiling a statement cost more than the statements of one
message. Comes in: `Store`. Goes out: `Held`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from newsletter.errors import StoreError
from newsletter.store.columns import Utc, sqlite_text
from newsletter.store.engine import Store, in_sentences


class Held:
    """A connection of one store, used by one thread; made by `hold`."""

    def __init__(self, store: Store, connection: Connection) -> None:
        """Keep `connection`; the first look always says that something changed."""
        self.store = store
        self._connection = connection
        # A database in memory has one connection for all, whose own commits count for nothing.
        self._has_version = store.path is not None
        self._version: object = None
        self._prepared: dict[ClauseElement, Prepared] = {}
        self._driver_error: type[Exception] = connection.dialect.loaded_dbapi.Error
        self._driver = connection.connection
        self._cursor = self._driver.cursor()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A write transaction like `Store.writing`, on the held connection. Raises StoreError, whatever fails."""
        try:
            with in_sentences(self.store.url.database), self._transaction():
                yield self._connection
        except DBAPIError as error:
            raise StoreError(f"{self.store.url.database}: {error.orig}. Run: newsletter doctor") from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._mend()
        if self.store.is_sqlite:
            self._execute("BEGIN IMMEDIATE", ())
        try:
            yield
            self._commit()
        except BaseException:
            # A connection that is gone has nothing to undo, and must not hide why it went.
            if not self._connection.invalidated:
                with suppress(self._driver_error):
                    self._driver.rollback()
            raise
        finally:
            # SQLAlchemy keeps count of transactions, too; by now there is nothing left to undo.
            if self._connection.in_transaction():
                self._connection.rollback()

    def has_news(self) -> bool:
        """Whether anybody else may have committed since the last call; asked inside a transaction.

        Exact for SQLite on disk (PRAGMA data_version, some microseconds). Always true elsewhere,
        where the rows have to be read.
        """
        if not self._has_version:
            return True
        self._execute("PRAGMA data_version", ())
        before, self._version = self._version, self._cursor.fetchone()
        return before != self._version

    def run(self, statement: ClauseElement, **values: object) -> int:
        """Execute a module-level `statement` with its bound `values`; gives the number of rows it touched.

        Compiled once and handed to the driver itself: SQLAlchemy's way to it took longer than the
        five statements of a message.
        """
        prepared = self._prepare(statement)
        self._execute(prepared.sql, prepared.bind(values))
        return int(self._cursor.rowcount)

    def run_many(self, statement: ClauseElement, rows: Sequence[Mapping[str, object]]) -> int:
        """Execute a module-level `statement` once for each of `rows`; gives the number of rows touched altogether."""
        if not rows:
            return 0
        prepared = self._prepare(statement)
        bound: Any = [prepared.bind(row) for row in rows]
        try:
            self._cursor.executemany(prepared.sql, bound)
        except self._driver_error as error:
            raise self._wrapped(error) from error
        return int(self._cursor.rowcount)

    def _prepare(self, statement: ClauseElement) -> Prepared:
        prepared = self._prepared.get(statement)
        if prepared is None:
            prepared = self._prepared[statement] = Prepared(self._connection.dialect, statement)
        return prepared

    @contextmanager
    def savepoint(self) -> Iterator[Callable[[], None]]:
        """A part of a transaction that can be undone by itself: by the function it gives, while it lasts."""
        self._execute("SAVEPOINT part", ())
        yield lambda: self._execute("ROLLBACK TO SAVEPOINT part", ())
        self._execute("RELEASE SAVEPOINT part", ())

    def _mend(self) -> None:
        """Take a new connection if SQLAlchemy threw the old one away, as it does when Ctrl-C hits a statement."""
        if self._connection.invalidated:
            self._driver = self._connection.connection
            self._cursor = self._driver.cursor()
            self._version = None

    def _execute(self, sql: str, values: Mapping[str, object] | tuple[object, ...]) -> None:
        try:
            self._cursor.execute(sql, values)
        except self._driver_error as error:
            raise self._wrapped(error) from error

    def _commit(self) -> None:
        try:
            self._driver.commit()
        except self._driver_error as error:
            raise self._wrapped(error) from error

    def _wrapped(self, error: Exception) -> BaseException:
        """The driver's error as SQLAlchemy's, like those of every other statement."""
        return DBAPIError.instance(None, None, error, self._driver_error)


@contextmanager
def hold(store: Store) -> Iterator[Held]:
    """A connection of `store` for the length of the block."""
    with in_sentences(store.url.database), store.engine.connect() as connection:
        yield Held(store, connection)


class Prepared:
    """A Core statement as the driver's own text, with the conversions its values need."""

    def __init__(self, dialect: Dialect, statement: ClauseElement) -> None:
        """Compile `statement` for `dialect`."""
        compiled = statement.compile(dialect=dialect)
        if not isinstance(compiled, SQLCompiler):
            raise TypeError("only SELECT, INSERT, UPDATE and DELETE can be prepared")
        self.sql = str(compiled)
        self._fixed: Mapping[str, object] = dict(compiled.params)
        self._order = compiled.positiontup
        self._converters = {
            name: convert
            for bind, name in compiled.bind_names.items()
            if (convert := _converter(bind.type, dialect)) is not None
        }

    def bind(self, values: Mapping[str, object]) -> Mapping[str, object] | tuple[object, ...]:
        """The statement's parameters with `values` filled in, as the driver wants them."""
        filled = {**self._fixed, **values}
        for name, convert in self._converters.items():
            if filled[name] is not None:
                filled[name] = convert(filled[name])
        return filled if self._order is None else tuple([filled[name] for name in self._order])


def _converter(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], object] | None:
    if isinstance(kind, Utc) and dialect.name == "sqlite":
        return sqlite_text
    return kind.dialect_impl(dialect).bind_processor(dialect)
