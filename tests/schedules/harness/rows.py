"""Short ways to write the rows that a gathering reads, many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import insert

from newsletter.model import ArticleId, DeliveryState, EditionId, RevisionId, Variant
from newsletter.store import Store
from newsletter.store.articles import RevisionContent, add_publication, add_revision, insert_article
from newsletter.store.editions import insert_edition, insert_variant
from newsletter.store.tables import deliveries, owed, subscriber_topics, subscribers

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
JOINED = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Writes rows into `store`."""

    store: Store

    def reader(self, name: str, *, topics: Iterable[str] = (), **columns: object) -> int:
        """A reader of the weekly digest; gives the number."""
        number = self.readers([{"name": name, **columns}])[0]
        rows = [{"subscriber_id": number, "topic": topic} for topic in topics]
        if rows:
            with self.store.writing() as connection:
                connection.execute(insert(subscriber_topics), rows)
        return number

    def readers(self, columns: Sequence[Mapping[str, object]]) -> list[int]:
        """Readers of the weekly digest, each with a name and what else is different; gives their numbers."""
        usual = {"state": "active", "language": "en", "time_zone": "Europe/Paris", "hour": None, "rhythm": "weekly"}
        usual |= {"covered_through": 0, "token_version": 0, "joined_at": JOINED, "paused_until": None}
        rows = [
            usual | {"uid": name, "address": name, "address_key": name, "suppression_key": f"key {name}"} | one
            for one in columns
            for name in (str(one["name"]),)
        ]
        with self.store.writing() as connection:
            query = insert(subscribers).returning(subscribers.c.id, sort_by_parameter_order=True)
            return list(connection.execute(query, rows).scalars())

    def article(
        self, slug: str, *, topics: tuple[str, ...] = (), meta: dict[str, object] | None = None, **columns: object
    ) -> tuple[ArticleId, RevisionId]:
        """A published article that was mailed, in a group of its own."""
        content = RevisionContent(
            title=slug,
            summary="",
            author="",
            body_html="<p>",
            meta={"email": "full", **(meta or {})},
            source_hash=slug,
            topics=topics,
            significant=False,
        )
        values = {"uid": f"uid:{slug}", "group_uid": slug, "source_path": slug, "source_hash": slug, "slug": slug}
        values |= {"language": "en", "first_published_at": JOINED, "updated_at": JOINED} | columns
        with self.store.writing() as connection:
            article_id = insert_article(connection, **values)
            revision_id = add_revision(connection, article_id, content, now=JOINED)
            add_publication(connection, (article_id, revision_id), kind="publish", mail=True, now=JOINED)
        return article_id, revision_id

    def edition(self, uid: str, *carried: tuple[ArticleId, RevisionId]) -> tuple[EditionId, int]:
        """An edition with these articles in one variant; gives both numbers."""
        values = {"uid": uid, "kind": "digest", "dedupe_key": uid, "state": "sending", "reason": "", "subject": uid}
        values |= {"scheduled_at": JOINED, "released_at": JOINED, "finished_at": None, "considered": 0, "audience": 0}
        variant = Variant(
            language="en", furniture="en", articles_key=uid, subject=uid, html="", text="", placeholders={}
        )
        with self.store.writing() as connection:
            edition_id = insert_edition(connection, **values)
            return edition_id, insert_variant(connection, edition_id, variant, carried)

    def deliver(self, edition: tuple[EditionId, int], *readers: int, state: DeliveryState = DeliveryState.SENT) -> None:
        rows = [{"edition_id": edition[0], "variant_id": edition[1], "subscriber_id": reader} for reader in readers]
        with self.store.writing() as connection:
            connection.execute(insert(deliveries), [row | {"state": int(state), "attempts": 1} for row in rows])

    def owe(self, reader: int, *article_ids: int) -> None:
        rows = [{"subscriber_id": reader, "article_id": article_id, "reason": "pause"} for article_id in article_ids]
        with self.store.writing() as connection:
            connection.execute(insert(owed), rows)
