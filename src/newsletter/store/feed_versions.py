"""What feed files held under their entity tags: named queries over `feed_versions`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from newsletter.store.inserting import insert_into
from newsletter.store.tables import feed_versions

VERSIONS_KEPT = 50  # of one feed: a reader that stayed away longer fetches it whole


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedVersion:
    """The file `path` (below the newsroom) with SHA-256 `digest` (hex): the marks of its entries, newest first."""

    path: str
    digest: str
    made_at: datetime
    entries: tuple[str, ...]


def remember_versions(connection: Connection, versions: Sequence[FeedVersion]) -> None:
    """Write each of `versions`, over an older one of the same bytes, and forget all but the latest fifty of a file."""
    for version in versions:
        row = asdict(version) | {"entries": list(version.entries)}
        statement = insert_into(connection, feed_versions).values(**row)
        statement = statement.on_conflict_do_update(
            index_elements=[feed_versions.c.path, feed_versions.c.digest], set_={"made_at": version.made_at}
        )
        connection.execute(statement)
        _forget_old(connection, version.path)


def version_of(connection: Connection, path: str, digest: str) -> FeedVersion | None:
    """The version of `path` whose digest begins with `digest` (32 digits or more), if it is remembered (key)."""
    query = select(feed_versions).where(
        feed_versions.c.path == path, feed_versions.c.digest.startswith(digest, autoescape=True)
    )
    row = connection.execute(query.limit(1)).mappings().first()
    return None if row is None else FeedVersion(**{**row, "entries": tuple(row["entries"])})


def _forget_old(connection: Connection, path: str) -> None:
    kept = (
        select(feed_versions.c.digest)
        .where(feed_versions.c.path == path)
        .order_by(feed_versions.c.made_at.desc(), feed_versions.c.digest)
        .limit(VERSIONS_KEPT)
    )
    connection.execute(
        delete(feed_versions).where(feed_versions.c.path == path, feed_versions.c.digest.not_in(kept.scalar_subquery()))
    )
