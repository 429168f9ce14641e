"""Short ways to publish, correct and withdraw straight in a store, and the press that prints it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from lxml import etree

from newsletter.editions.archive import withdraw
from newsletter.model import Article, ArticleId
from newsletter.site import Press
from newsletter.site.render import article_files, render_public
from newsletter.store import Store
from newsletter.store.articles import (
    RevisionContent,
    add_publication,
    add_revision,
    insert_article,
    update_article,
)

TAG = "news.example.org,2026-11-24"
DELETED = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"


class Desk:
    """Short ways to publish, correct and withdraw in a store; each a minute after the one before."""

    def __init__(self, store: Store, press: Press, article: Article, now: datetime) -> None:
        self.store, self.press, self.article, self.now = store, press, article, now
        self.ids: dict[str, ArticleId] = {}

    def publish(self, slug: str, *, language: str = "en", topics: tuple[str, ...] = ()) -> None:
        self.now += timedelta(minutes=1)
        uid = f"tag:{TAG}:{slug}"
        with self.store.writing() as connection:
            self.ids[slug] = insert_article(
                connection,
                uid=uid,
                group_uid=uid,
                source_path=f"articles/{slug}.md",
                source_hash=slug,
                slug=slug,
                language=language,
                first_published_at=self.now,
                updated_at=self.now,
            )
        self.correct(slug, topics=topics, kind="publish")

    def correct(
        self,
        slug: str,
        *,
        note: str | None = None,
        significant: bool = True,
        topics: tuple[str, ...] = (),
        kind: str = "correct",
    ) -> None:
        self.now += timedelta(minutes=1)
        content = RevisionContent(
            title=slug,
            summary=self.article.summary,
            author="",
            body_html=self.article.body_html,
            meta={} if note is None else {"note": note},
            source_hash=f"{slug} {self.now}",
            topics=topics,
            significant=significant,
        )
        with self.store.writing() as connection:
            revision_id = add_revision(connection, self.ids[slug], content, now=self.now)
            if significant:
                update_article(connection, self.ids[slug], updated_at=self.now)
            add_publication(connection, (self.ids[slug], revision_id), kind=kind, mail=False, now=self.now)

    def withdraw(self, slug: str) -> None:
        self.now += timedelta(minutes=1)
        withdraw(self.store, f"tag:{TAG}:{slug}", now=self.now)

    def files(self, *changed: str) -> Mapping[str, bytes]:
        uids = [f"tag:{TAG}:{slug}" for slug in changed] if changed else None
        with self.store.reading() as connection:
            made = render_public(connection, self.press, changed=uids)
            return {**made.files, **article_files(connection, made, made.texts, self.press)}

    def deleted(self, folder: str = "") -> list[tuple[str, str]]:
        feed = etree.fromstring(self.files()[f"feeds/{folder}atom.xml"])
        return [(each.get("ref").rpartition(":")[2], each.get("when")) for each in feed.findall(DELETED)]
