"""Named queries on `feed_readers`: how many read a feed through which program, by day, without anybody's address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import Connection, case, delete, func, select

from newsletter.store.inserting import insert_into
from newsletter.store.tables import feed_readers, private_feeds

_KEY = ("day", "path", "service", "feed_key")


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedReaders:
    """How many read the feed file `path` (below `feeds/`) on `day` (UTC) through one service or program.

    `feed_key` is the service's own number of the feed, or "". `is_estimate` says that we counted
    programs; else the service reported the number.
    """

    day: date
    path: str
    service: str
    feed_key: str = ""
    readers: int
    is_estimate: bool = False


def note_feed_readers(connection: Connection, rows: Sequence[FeedReaders]) -> None:
    """Write down the counts of `rows`, each key once; the highest of a day stays (primary key).

    A reported number takes the place of an estimate, however high that was. Safe to repeat.
    """
    if not rows:
        return
    new = insert_into(connection, feed_readers)
    old, more = feed_readers.c, new.excluded
    readers = case(
        (more.is_estimate < old.is_estimate, more.readers),
        (more.is_estimate > old.is_estimate, old.readers),
        (more.readers > old.readers, more.readers),
        else_=old.readers,
    )
    is_estimate = case((more.is_estimate < old.is_estimate, more.is_estimate), else_=old.is_estimate)
    upsert = new.on_conflict_do_update(index_elements=list(_KEY), set_={"readers": readers, "is_estimate": is_estimate})
    # In the order of the key, so that two processes that write at once do not wait for each other's rows in a circle.
    ordered = sorted(rows, key=lambda row: (row.day, row.path, row.service, row.feed_key))
    connection.execute(upsert, [{**asdict(row), "is_estimate": int(row.is_estimate)} for row in ordered])


def feed_readers_since(connection: Connection, since: date) -> list[FeedReaders]:
    """The counts of `since` and every later day, oldest first (primary key, read in order)."""
    query = select(feed_readers).where(feed_readers.c.day >= since).order_by(*(feed_readers.c[name] for name in _KEY))
    rows = connection.execute(query).mappings()
    return [FeedReaders(**{**row, "is_estimate": bool(row["is_estimate"])}) for row in rows]


def count_private_feeds(connection: Connection) -> int:
    """How many private feeds are in use; revoked ones are left out. One scan."""
    query = select(func.count()).select_from(private_feeds).where(private_feeds.c.revoked_at.is_(None))
    return int(connection.execute(query).scalar_one())


def forget_feed_readers(connection: Connection, *, before: date) -> int:
    """Delete the counts of the days before `before`; gives their number (primary key)."""
    return connection.execute(delete(feed_readers).where(feed_readers.c.day < before)).rowcount
