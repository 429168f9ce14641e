"""The release: in one transaction an article's place in the feed and one delivery row per due reader.

Comes in: a plan a person agreed to. Goes out: what was written. After the commit nothing about the
edition depends on a file, a template or the clock any more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from newsletter.editions.draft import NOTE, Draft, Standing, refuse_taken_address
from newsletter.editions.dress import Dressed
from newsletter.editions.plan import Plan, PlannedEdition, PublishWishes
from newsletter.errors import UsageError
from newsletter.model import ArticleId, EditionId, EditionState, RevisionId, VariantId
from newsletter.store import Store
from newsletter.store.articles import (
    RevisionContent,
    StoredArticle,
    add_publication,
    add_revision,
    article_by_path,
    article_by_uid,
    insert_article,
    keep_former_address,
    present_sequence,
    update_article,
)
from newsletter.store.audience import Audience, chunk_ranges, move_cursors, queue_deliveries, reader_languages
from newsletter.store.editions import (
    StoredEdition,
    edition_by_key,
    editions_of_articles,
    insert_chunks,
    insert_edition,
    insert_variant,
    update_edition,
)
from newsletter.store.meta import add_event
from newsletter.store.owed import owe_paused
from newsletter.store.subscribers import hold_sequence

Written = Mapping[str, tuple[ArticleId, RevisionId]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Released:
    """What a release wrote: the editions by id, and the articles whose page or feed changed."""

    editions: tuple[StoredEdition, ...]
    published: tuple[str, ...]
    revised: tuple[str, ...]


def release(store: Store, plan: Plan, *, now: datetime) -> Released:
    """Publish the plan's articles and queue its editions for every due subscriber.

    One transaction. Safe to repeat: an edition whose key exists is given back as it is, an article
    published meanwhile is not published again. `now` is aware UTC.

    Raises UsageError when a reader signed up in a language no variant was made for since the plan, or
    when some articles of one edition were published meanwhile, and ArticleError when an address was taken.
    """
    with store.writing() as connection:
        # One release at a time, also where writers do not exclude each other anyway.
        hold_sequence(connection)
        written: dict[str, tuple[ArticleId, RevisionId]] = {}
        published: list[str] = []
        revised: list[str] = []
        overtaken: dict[str, str] = {}
        mailed = {draft.article.uid for edition in plan.editions for draft in edition.drafts}
        for draft in plan.drafts:
            known = _present(connection, draft)
            if known is None:
                kind = "adopt" if draft.remembered else "publish"
                written[draft.article.uid] = publish_new(
                    connection, draft, kind=kind, mail=draft.article.uid in mailed, now=now
                )
                published.append(draft.article.uid)
            elif draft.standing in (Standing.CHANGED, Standing.WITHDRAWN):
                written[draft.article.uid] = revise(connection, draft, known, wishes=plan.wishes, now=now)
                revised.append(draft.article.uid)
            else:
                if draft.known is not None:
                    _remember_file(connection, known, draft)
                written[draft.article.uid] = (known.id, known.revision_id)
                if draft.known is None:
                    overtaken[draft.source_path] = known.group_uid
        editions = [_release_edition(connection, edition, written, now=now) for edition in _ours(plan, overtaken)]
        editions += editions_of_articles(connection, set(overtaken.values())) if overtaken else []
        return Released(editions=tuple(editions), published=tuple(published), revised=tuple(revised))


def _ours(plan: Plan, overtaken: Collection[str]) -> list[PlannedEdition]:
    """The editions left to us: another process that published the articles since the plan has the others."""
    ours: list[PlannedEdition] = []
    for edition in plan.editions:
        lost = [draft.source_path for draft in edition.drafts if draft.source_path in overtaken]
        if not lost:
            ours.append(edition)
        elif len(lost) < len(edition.drafts):
            raise UsageError(
                f"{', '.join(lost)}: published by another command while this edition was being planned. "
                "Nothing was done. Run the command again."
            )
    return ours


def _present(connection: Connection, draft: Draft) -> StoredArticle | None:
    """The draft's article as the store holds it now; one it displaces from its path is another."""
    stored = article_by_uid(connection, draft.article.uid) or article_by_path(connection, draft.source_path)
    return None if stored is None or stored.id == draft.displaces else stored


def publish_new(
    connection: Connection, draft: Draft, *, kind: str, mail: bool, now: datetime
) -> tuple[ArticleId, RevisionId]:
    """Write an article the newsroom did not know: row, first revision, publication."""
    refuse_taken_address(connection, draft)
    if draft.displaces is not None:
        update_article(connection, draft.displaces, source_path=None)
    return insert_published(connection, new_article_of(draft), kind=kind, mail=mail, now=now)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewArticle:
    """What is written of an article at its first publication."""

    uid: str
    group_uid: str
    source_path: str
    source_hash: str
    slug: str
    language: str
    first_published_at: datetime
    updated_at: datetime
    content: RevisionContent


def new_article_of(draft: Draft) -> NewArticle:
    """A draft as it would be written."""
    article = draft.article
    return NewArticle(
        uid=article.uid,
        group_uid=article.group_uid,
        source_path=draft.source_path,
        source_hash=draft.manuscript.source_hash,
        slug=article.slug,
        language=article.language,
        first_published_at=article.published_at,
        updated_at=article.updated_at,
        content=draft.content,
    )


def insert_published(
    connection: Connection, new: NewArticle, *, kind: str, mail: bool, now: datetime
) -> tuple[ArticleId, RevisionId]:
    """Write row, first revision and publication of an article whose address is free."""
    columns = {name: getattr(new, name) for name in NewArticle.__dataclass_fields__ if name != "content"}
    article_id = insert_article(connection, **columns)
    revision_id = add_revision(connection, article_id, new.content, now=now)
    add_publication(connection, (article_id, revision_id), kind=kind, mail=mail, now=now)
    add_event(connection, kind, ("articles", article_id), now=now, mail=mail)
    return article_id, revision_id


def revise(
    connection: Connection, draft: Draft, known: StoredArticle, *, wishes: PublishWishes, now: datetime
) -> tuple[ArticleId, RevisionId]:
    """Write a new revision of a published article; mails nobody.

    `updated` moves only when the author calls the change significant (RFC 4287 §4.2.15), or has a note on it
    for readers. A changed address is kept as a former one.
    """
    article, significant = draft.article, wishes.significant or wishes.note is not None
    refuse_taken_address(connection, draft)
    _remember_file(connection, known, draft)
    if (known.language, known.slug) != (article.language, article.slug):
        keep_former_address(connection, known.id, known.language, known.slug)
    update_article(
        connection,
        known.id,
        state="published",
        language=article.language,
        slug=article.slug,
        updated_at=now.replace(microsecond=0) if significant else known.updated_at,
    )
    meta = draft.content.meta | ({NOTE: wishes.note} if wishes.note else {})
    content = replace(draft.content, significant=significant, meta=meta)
    revision_id = add_revision(connection, known.id, content, now=now)
    add_publication(connection, (known.id, revision_id), kind="correct", mail=False, now=now)
    add_event(connection, "correct", ("articles", known.id), now=now, significant=significant)
    return known.id, revision_id


def _remember_file(connection: Connection, known: StoredArticle, draft: Draft) -> None:
    """Keep where the article's file is now, and what is in it; another article read from there gives the place up.

    Also for an edit that no reader sees: the next rename is recognised by it.
    """
    present = (draft.source_path, draft.manuscript.source_hash)
    if (known.source_path, known.source_hash) == present:
        return
    holder = article_by_path(connection, draft.source_path)
    if holder is not None and holder.id != known.id:
        update_article(connection, holder.id, source_path=None)
    update_article(connection, known.id, source_path=present[0], source_hash=present[1])


def _release_edition(
    connection: Connection, planned: PlannedEdition, written: Written, *, now: datetime
) -> StoredEdition:
    existing = edition_by_key(connection, planned.dedupe_key)
    if existing is not None:
        return existing
    edition_id = insert_edition(
        connection,
        uid=planned.uid,
        kind=str(planned.kind),
        dedupe_key=planned.dedupe_key,
        state=str(EditionState.SENDING),
        reason="",
        subject=planned.subject,
        scheduled_at=now,
        hold_until=None,
        released_at=now,
        finished_at=None,
        considered=0,
        audience=0,
    )
    variant_of = _freeze(connection, edition_id, planned.dressed, written)
    _require_every_language(connection, variant_of)
    queue_edition(connection, edition_id, replace(planned.audience, now=now), variant_of)
    released = edition_by_key(connection, planned.dedupe_key)
    if released is None:
        raise AssertionError("the edition just written is not there")
    return released


def queue_edition(
    connection: Connection, edition_id: EditionId, audience: Audience, variant_of: Mapping[str, VariantId]
) -> None:
    """Write a row for each due reader, what is owed to those who pause, the chunks and the balance."""
    now = audience.now
    count = queue_deliveries(connection, edition_id, audience, variant_of)
    owe_paused(connection, audience, variant_of)
    insert_chunks(connection, edition_id, chunk_ranges(connection, edition_id))
    move_cursors(connection, present_sequence(connection), now=now)
    state = EditionState.SENDING if count.audience else EditionState.SENT
    values = {"state": str(state), "released_at": now, "finished_at": None if count.audience else now}
    update_edition(
        connection, edition_id, considered=count.considered, audience=count.audience, hold_until=None, **values
    )
    add_event(connection, "release", ("editions", edition_id), now=now, audience=count.audience)


def _freeze(
    connection: Connection, edition_id: EditionId, dressed: Sequence[Dressed], written: Written
) -> dict[str, VariantId]:
    variant_of: dict[str, VariantId] = {}
    for one in dressed:
        contents = [written[draft.article.uid] for draft in one.drafts]
        variant_id = insert_variant(connection, edition_id, one.variant, contents)
        variant_of.update(dict.fromkeys(one.reader_languages, variant_id))
    return variant_of


def _require_every_language(connection: Connection, variant_of: Mapping[str, VariantId]) -> None:
    missing = set(reader_languages(connection)) - set(variant_of)
    if missing:
        raise UsageError(
            f"A reader signed up in {', '.join(sorted(missing))} while the edition was being planned. "
            "Nothing was sent. Run the command again."
        )
