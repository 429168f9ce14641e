"""The quiet verbs: bring an archive in without mailing anyone, and take an article back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from newsletter.editions.draft import Draft
from newsletter.editions.release import publish_new
from newsletter.errors import UsageError
from newsletter.model import EditionKind, EditionState
from newsletter.store import Store
from newsletter.store.articles import (
    StoredArticle,
    add_publication,
    article_by_path,
    article_by_uid,
    update_article,
)
from newsletter.store.editions import StoredEdition, editions_of_articles
from newsletter.store.meta import add_event
from newsletter.store.subscribers import hold_sequence


def adopt(store: Store, drafts: Sequence[Draft], *, now: datetime) -> tuple[str, ...]:
    """Publish `drafts` at the dates their authors gave them, mailing nobody; gives the uids that are new.

    One transaction. Safe to repeat: an article the newsroom knows is left as it is. A draft without
    a date takes `now`; one that the uid file remembers comes back at its first publication.
    """
    adopted: list[str] = []
    with store.writing() as connection:
        hold_sequence(connection)
        # Oldest first, so that sequence numbers follow the dates.
        for draft in sorted(drafts, key=lambda d: (_dated(d, now), d.source_path)):
            known = article_by_uid(connection, draft.article.uid) or article_by_path(connection, draft.source_path)
            if known is not None:
                continue
            moment = _dated(draft, now)
            article = replace(draft.article, published_at=moment, updated_at=_updated(draft, moment))
            publish_new(connection, replace(draft, article=article), kind="adopt", mail=False, now=now)
            adopted.append(article.uid)
    return tuple(adopted)


def withdraw(store: Store, uid: str, *, now: datetime) -> tuple[StoredArticle, tuple[StoredEdition, ...]]:
    """Take an article out of feeds, pages and later digests; gives it, and the editions this stopped.

    Emails that left are gone; an edition of this article that is still being sent is cancelled by the
    caller, who knows the engine. One transaction; safe to repeat. Raises UsageError for an unknown uid.
    """
    with store.writing() as connection:
        hold_sequence(connection)
        article = article_by_uid(connection, uid)
        if article is None:
            raise UsageError(f"No article has the uid {uid}. See: newsletter articles list")
        if article.state != "withdrawn":
            update_article(connection, article.id, state="withdrawn")
            add_publication(connection, (article.id, article.revision_id), kind="withdraw", mail=False, now=now)
            add_event(connection, "withdraw", ("articles", article.id), now=now)
        # Also the second time: a crash may have come between us and the caller's cancelling.
        going = [e for e in editions_of_articles(connection, {article.group_uid}) if _is_going(e)]
        return article, tuple(going)


def _is_going(edition: StoredEdition) -> bool:
    # A digest that waits is gathered again at its hour, without what was taken back.
    waits = edition.kind is EditionKind.DIGEST and edition.released_at is None
    return edition.state in _UNFINISHED and not waits


_UNFINISHED = (EditionState.SENDING, EditionState.SCHEDULED, EditionState.PAUSED, EditionState.HELD)


def _dated(draft: Draft, now: datetime) -> datetime:
    moment = draft.remembered.published_at if draft.remembered else min(draft.manuscript.date or now, now)
    return moment.replace(microsecond=0)


def _updated(draft: Draft, published: datetime) -> datetime:
    updated = draft.manuscript.updated
    return max(published, updated.replace(microsecond=0)) if updated else published
