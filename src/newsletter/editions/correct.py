"""A correction by mail: only to those who got the article as it was before, once for each new revision."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from newsletter.articles import to_text
from newsletter.editions.digests import DigestBench
from newsletter.editions.dress import furniture_for
from newsletter.errors import UsageError
from newsletter.i18n import load_words
from newsletter.mail import EditionText, compose_variant
from newsletter.model import Article, EditionKind, EditionState, RevisionId, Variant
from newsletter.store import Store
from newsletter.store.articles import StoredArticle, article_by_uid
from newsletter.store.audience import chunk_ranges, reader_languages
from newsletter.store.corrections import count_correction, queue_correction, unfinished_with
from newsletter.store.editions import (
    StoredEdition,
    edition_by_id,
    edition_by_key,
    insert_chunks,
    insert_edition,
    insert_exclusions,
    insert_variant,
)
from newsletter.store.meta import add_event
from newsletter.store.subscribers import hold_sequence


def release_correction(store: Store, uid: str, *, bench: DigestBench, now: datetime) -> StoredEdition | None:
    """Queue the correction of an article's present revision; None when nobody has an older one.

    One transaction; safe to repeat: the second call gives the edition of the first. Raises UsageError for an
    article whose present revision says nothing of what was changed, or whose emails have not all left yet.
    """
    with store.reading() as connection:
        stored = _stored(connection, uid)
        article = bench.published(connection, [uid])[uid]
        languages = reader_languages(connection)
    furnitures = {language: furniture_for(language, bench.masthead) for language in languages}
    edition_uid = bench.new_id().replace("-", "")[:20]
    dressed = {each: _dress(article, stored, each, bench, edition_uid) for each in dict.fromkeys(furnitures.values())}
    with store.writing() as connection:
        hold_sequence(connection)
        key = _key(stored)
        existing = edition_by_key(connection, key)
        if existing is not None:
            return existing
        revision = (stored.id, stored.revision_id)
        counted = count_correction(connection, revision, now=now)
        audience = counted.pop("", 0)
        if not audience:
            return None
        edition_id = insert_edition(
            connection,
            uid=edition_uid,
            kind=str(EditionKind.CORRECTION),
            dedupe_key=key,
            state=str(EditionState.SENDING),
            reason="",
            subject=next(iter(dressed.values())).subject,
            scheduled_at=now,
            hold_until=None,
            released_at=now,
            finished_at=None,
            considered=audience + sum(counted.values()),
            audience=audience,
        )
        frozen = {each: insert_variant(connection, edition_id, one, [revision]) for each, one in dressed.items()}
        variant_of = {language: frozen[each] for language, each in furnitures.items()}
        queue_correction(connection, edition_id, revision, variant_of, now=now)
        insert_chunks(connection, edition_id, chunk_ranges(connection, edition_id))
        insert_exclusions(connection, edition_id, counted)
        add_event(connection, "correct by mail", ("editions", edition_id), now=now, audience=audience)
        return edition_by_id(connection, edition_id)


def correction_readers(connection: Connection, uid: str, *, edited: bool, now: datetime) -> int:
    """How many readers a correction would reach: of the present revision, or if `edited` of one made now.

    None once the present one was corrected by mail. Raises UsageError while emails with the old text
    have not all left.
    """
    stored = article_by_uid(connection, uid)
    if stored is None or (not edited and edition_by_key(connection, _key(stored)) is not None):
        return 0
    unfinished = unfinished_with(connection, stored.id)
    if unfinished:
        edition = edition_by_id(connection, unfinished[0])
        name = edition.uid if edition else unfinished[0]
        raise UsageError(
            f"Emails with the old text have not all left yet (edition {name}). Wait until they have, or stop them "
            f"first: newsletter editions cancel {name}"
        )
    # No revision has the number 0: all that were mailed are older than the next.
    present = RevisionId(0) if edited else stored.revision_id
    return count_correction(connection, (stored.id, present), now=now).get("", 0)


def _key(stored: StoredArticle) -> str:
    return f"correct:{stored.uid}:{stored.revision_no}"[:255]


def _stored(connection: Connection, uid: str) -> StoredArticle:
    stored = article_by_uid(connection, uid)
    if stored is None or stored.state != "published":
        raise UsageError(f"No published article has the uid {uid}. See: newsletter articles list")
    if not stored.meta.get("note"):
        raise UsageError(f"“{stored.title}” has no note on what was changed. Pass --note with the corrected file.")
    return stored


def _dress(article: Article, stored: StoredArticle, furniture: str, bench: DigestBench, edition_uid: str) -> Variant:
    """The corrected article with the note above its text, and “Correction” in the subject."""
    words = load_words(article.language)
    note = words.say("Correction: {note}", note=str(stored.meta["note"]))
    text = EditionText(
        articles=(replace(article, standfirst=note, changes=()),),
        text_bodies=(to_text(article.body_html, image_word=words.say("Image")),),
        furniture=furniture,
        subject=words.say("Correction: {title}", title=article.title),
        edition_url=article.url,
        seed=edition_uid.encode(),
    )
    return compose_variant(bench.templates, text, masthead=bench.masthead)
