"""Editions, their frozen variants, and the rows a release writes: named queries."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from newsletter.model import (
    ArticleId,
    EditionId,
    EditionKind,
    EditionState,
    RevisionId,
    Variant,
    VariantId,
)
from newsletter.store.tables import (
    articles,
    chunks,
    editions,
    exclusions,
    revisions,
    variant_articles,
    variants,
)

CHUNK_SIZE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredEdition:
    """One row of `editions`."""

    id: EditionId
    uid: str
    kind: EditionKind
    dedupe_key: str
    state: EditionState
    reason: str
    subject: str
    scheduled_at: datetime
    hold_until: datetime | None
    released_at: datetime | None
    finished_at: datetime | None
    considered: int
    audience: int


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldArticle:
    """An article in a variant: its title as frozen, its address as it is now."""

    uid: str
    title: str
    language: str
    slug: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredVariant:
    """One frozen variant with the articles it holds, in reading order."""

    id: VariantId
    variant: Variant
    contents: tuple[HeldArticle, ...]


def edition_by_key(connection: Connection, dedupe_key: str) -> StoredEdition | None:
    """The edition made under this dedupe key (unique index), or None."""
    return _one(connection, select(editions).where(editions.c.dedupe_key == dedupe_key))


def edition_by_id(connection: Connection, edition_id: EditionId, *, to_change: bool = False) -> StoredEdition | None:
    """The edition with this id (primary key), or None; `to_change` locks its row until the transaction ends."""
    query = select(editions).where(editions.c.id == edition_id)
    return _one(connection, query.with_for_update() if to_change else query)


def editions_by_uid(connection: Connection, start: str) -> list[StoredEdition]:
    """The editions whose uid begins with `start`, oldest first; a full uid gives one at most."""
    query = select(editions).where(editions.c.uid.startswith(start, autoescape=True)).order_by(editions.c.id)
    return [_stored(row) for row in connection.execute(query).mappings()]


def list_editions(
    connection: Connection, *, states: Collection[EditionState] = (), limit: int | None = None
) -> list[StoredEdition]:
    """Editions, newest first; only those in `states` when any are named (index on state)."""
    query = select(editions).order_by(editions.c.id.desc())
    if states:
        query = query.where(editions.c.state.in_([str(state) for state in states]))
    return [_stored(row) for row in connection.execute(query.limit(limit)).mappings()]


def editions_with_withdrawn(connection: Connection) -> set[EditionId]:
    """The editions that carry an article which was taken back (index on variant_articles.article_id)."""
    query = (
        select(variants.c.edition_id)
        .join(variant_articles, variant_articles.c.variant_id == variants.c.id)
        .join(articles, articles.c.id == variant_articles.c.article_id)
        .where(articles.c.state == "withdrawn")
        .distinct()
    )
    return {EditionId(number) for number in connection.execute(query).scalars()}


def editions_of_articles(connection: Connection, group_uids: Collection[str]) -> list[StoredEdition]:
    """The editions that carried any article of these translation groups, newest first."""
    carried = (
        select(variants.c.edition_id)
        .join(variant_articles, variant_articles.c.variant_id == variants.c.id)
        .join(articles, articles.c.id == variant_articles.c.article_id)
        .where(articles.c.group_uid.in_(group_uids))
    )
    query = select(editions).where(editions.c.id.in_(carried)).order_by(editions.c.id.desc())
    return [_stored(row) for row in connection.execute(query).mappings()]


def insert_edition(connection: Connection, **values: Any) -> EditionId:
    """Write an edition's row; `values` are its columns but the id."""
    result = connection.execute(insert(editions).values(**values))
    return EditionId(int(result.inserted_primary_key[0]))  # type: ignore[index]  # one row: a key is there


def update_edition(connection: Connection, edition_id: EditionId, **values: Any) -> None:
    """Change the columns named in `values` (primary key)."""
    connection.execute(update(editions).where(editions.c.id == edition_id).values(**values))


def move_edition(
    connection: Connection,
    edition_id: EditionId,
    *,
    to: EditionState,
    allowed: Collection[EditionState],
    reason: str,
) -> bool:
    """Change an edition's state if it is in one of `allowed`; gives whether it was."""
    moved = connection.execute(
        update(editions)
        .where(editions.c.id == edition_id, editions.c.state.in_([str(state) for state in allowed]))
        .values(state=str(to), reason=reason)
    )
    return moved.rowcount == 1


def hold_going(connection: Connection, *, reason: str) -> int:
    """Hold all editions scheduled or being sent, until a person resumes them; gives their number (index on state)."""
    held = connection.execute(
        update(editions).where(editions.c.state.in_(("scheduled", "sending"))).values(state="held", reason=reason)
    )
    return held.rowcount


def insert_variant(
    connection: Connection,
    edition_id: EditionId,
    variant: Variant,
    contents: Sequence[tuple[ArticleId, RevisionId]],
) -> VariantId:
    """Freeze a variant, with the article revisions it holds in reading order."""
    result = connection.execute(
        insert(variants).values(
            edition_id=edition_id,
            language=variant.language,
            furniture=variant.furniture,
            articles_key=variant.articles_key,
            subject=variant.subject,
            html=variant.html,
            text=variant.text,
            placeholders=dict(variant.placeholders),
        )
    )
    variant_id = VariantId(int(result.inserted_primary_key[0]))  # type: ignore[index]  # as above
    fill_variant(connection, variant_id, contents)
    return variant_id


def fill_variant(
    connection: Connection, variant_id: VariantId, contents: Sequence[tuple[ArticleId, RevisionId]]
) -> None:
    """Say which revisions a variant holds, in reading order; articles that wait for their hour have none yet."""
    rows = [
        {"variant_id": variant_id, "position": n, "article_id": article_id, "revision_id": revision_id}
        for n, (article_id, revision_id) in enumerate(contents)
    ]
    if rows:
        connection.execute(insert(variant_articles), rows)


def frozen_variants(connection: Connection, edition_id: EditionId) -> dict[tuple[str, str], VariantId]:
    """The edition's variants by (articles_key, furniture language), in the order they were written."""
    query = (
        select(variants.c.articles_key, variants.c.furniture, variants.c.id)
        .where(variants.c.edition_id == edition_id)
        .order_by(variants.c.id)
    )
    return {(key, furniture): VariantId(number) for key, furniture, number in connection.execute(query)}


def variants_of(connection: Connection, edition_id: EditionId) -> list[StoredVariant]:
    """The frozen variants of an edition, in the order they were written."""
    rows = connection.execute(
        select(variants).where(variants.c.edition_id == edition_id).order_by(variants.c.id)
    ).mappings()
    return [
        StoredVariant(
            id=VariantId(row["id"]),
            variant=Variant(
                language=row["language"],
                furniture=row["furniture"],
                articles_key=row["articles_key"],
                subject=row["subject"],
                html=row["html"],
                text=row["text"],
                placeholders=row["placeholders"],
            ),
            contents=variant_contents(connection, VariantId(row["id"])),
        )
        for row in rows.all()
    ]


def variant_contents(connection: Connection, variant_id: VariantId) -> tuple[HeldArticle, ...]:
    """The articles in a variant, in reading order (primary keys)."""
    query = (
        select(articles.c.uid, revisions.c.title, articles.c.language, articles.c.slug)
        .select_from(variant_articles)
        .join(articles, articles.c.id == variant_articles.c.article_id)
        .join(revisions, revisions.c.id == variant_articles.c.revision_id)
        .where(variant_articles.c.variant_id == variant_id)
        .order_by(variant_articles.c.position)
    )
    return tuple(HeldArticle(**row) for row in connection.execute(query).mappings())


def variant_looks(
    connection: Connection, edition_id: EditionId
) -> dict[tuple[str, tuple[tuple[int, int], ...]], VariantId]:
    """The edition's variants by furniture language and (article, revision) in reading order."""
    query = (
        select(variants.c.id, variants.c.furniture, variant_articles.c.article_id, variant_articles.c.revision_id)
        .join(variant_articles, variant_articles.c.variant_id == variants.c.id)
        .where(variants.c.edition_id == edition_id)
        .order_by(variants.c.id, variant_articles.c.position)
    )
    found: dict[VariantId, tuple[str, tuple[tuple[int, int], ...]]] = {}
    for variant_id, furniture, article_id, revision_id in connection.execute(query):
        contents = found.get(VariantId(variant_id), ("", ()))[1]
        found[VariantId(variant_id)] = (furniture, (*contents, (article_id, revision_id)))
    return {look: variant_id for variant_id, look in found.items()}


def drop_unused_variants(connection: Connection, edition_id: EditionId, *, keep: Collection[VariantId]) -> None:
    """Delete the variants of an edition that was not released yet, but for those in `keep`."""
    gone = select(variants.c.id).where(variants.c.edition_id == edition_id, variants.c.id.not_in(keep))
    connection.execute(delete(variant_articles).where(variant_articles.c.variant_id.in_(gone)))
    connection.execute(delete(variants).where(variants.c.edition_id == edition_id, variants.c.id.not_in(keep)))


def insert_exclusions(connection: Connection, edition_id: EditionId, excluded: Mapping[str, int]) -> None:
    """Write how many were considered and left out, by reason."""
    rows = [{"edition_id": edition_id, "reason": why, "count": n} for why, n in sorted(excluded.items()) if n]
    if rows:
        connection.execute(insert(exclusions), rows)


def insert_chunks(
    connection: Connection,
    edition_id: EditionId,
    ranges: Sequence[tuple[int, int, int]],
    wave_at: Mapping[int, datetime] | None = None,
) -> None:
    """Write one open chunk per (wave, first, last subscriber id); one without an hour in `wave_at` is due at once."""
    hours = wave_at or {}
    if ranges:
        rows = [
            {"edition_id": edition_id, "wave": wave, "wave_at": hours.get(wave), "first_id": a, "last_id": b}
            for wave, a, b in ranges
        ]
        connection.execute(insert(chunks).values(state="open"), rows)


def edition_counts(connection: Connection) -> Mapping[str, int]:
    """How many editions are in each state."""
    query = select(editions.c.state, func.count()).group_by(editions.c.state)
    return {row[0]: row[1] for row in connection.execute(query)}


def waiting_editions(connection: Connection, *, now: datetime | None = None) -> list[StoredEdition]:
    """The scheduled editions in order of their hour; with `now` those whose hold is over (index on state)."""
    query = (
        select(editions)
        .where(editions.c.state == str(EditionState.SCHEDULED))
        .order_by(editions.c.hold_until, editions.c.id)
    )
    if now is not None:
        query = query.where(editions.c.hold_until <= now)
    return [_stored(row) for row in connection.execute(query).mappings()]


def unfinished_editions(connection: Connection) -> list[StoredEdition]:
    """Editions that are being sent, paused or held, oldest first (index on state)."""
    going = ("sending", "paused", "held")
    query = select(editions).where(editions.c.state.in_(going)).order_by(editions.c.id)
    return [_stored(row) for row in connection.execute(query).mappings()]


def _one(connection: Connection, query: Any) -> StoredEdition | None:
    row = connection.execute(query).mappings().first()
    return None if row is None else _stored(row)


def _stored(row: Any) -> StoredEdition:
    values = {name: row[name] for name in StoredEdition.__dataclass_fields__}
    values["kind"] = EditionKind(values["kind"])
    values["state"] = EditionState(values["state"])
    return StoredEdition(**values)
