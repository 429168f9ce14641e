"""A publication at an hour to come: frozen now, released by whoever finds it due, never early.

Until then nothing of an article is in the tables that feeds, pages and digests are made from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from newsletter.editions.draft import Draft, Standing, refuse_taken_address
from newsletter.editions.dress import furniture_for
from newsletter.editions.manuscripts import read_manuscript
from newsletter.editions.news import News, NewsKind, Post, waiting_key
from newsletter.editions.plan import Plan, PlannedEdition
from newsletter.editions.release import NewArticle, insert_published, new_article_of, queue_edition
from newsletter.errors import ArticleError, Fault, UsageError
from newsletter.mail import articles_key
from newsletter.model import ArticleId, EditionId, EditionState, Masthead, RevisionId, VariantId
from newsletter.store import Store
from newsletter.store.articles import RevisionContent, article_by_path, article_by_slug, article_by_uid
from newsletter.store.audience import Audience, reader_languages
from newsletter.store.editions import (
    edition_by_id,
    edition_by_key,
    fill_variant,
    frozen_variants,
    insert_edition,
    insert_variant,
    update_edition,
)
from newsletter.store.meta import add_event
from newsletter.store.scheduled import (
    ScheduledArticle,
    delete_scheduled,
    hold_scheduled,
    insert_scheduled,
    scheduled_among,
    scheduled_by_command,
)
from newsletter.store.subscribers import hold_sequence


@dataclass(frozen=True, kw_only=True, slots=True)
class Appointment:
    """When a plan is to be released (aware UTC), how long before the owner is told, and how the owner is."""

    at: datetime
    hold: timedelta
    post: Post


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """What the release of a scheduled command wrote: uids of articles, and its editions."""

    uids: tuple[str, ...]
    editions: tuple[EditionId, ...]


def schedule_plan(store: Store, plan: Plan, appointment: Appointment, *, now: datetime) -> str:
    """Freeze a plan of new articles until its hour; gives the name under which it waits. One transaction.

    Raises UsageError for articles that are published already, or that wait already.
    """
    known = [draft.source_path for draft in plan.drafts if draft.standing is not Standing.NEW or draft.remembered]
    if known:
        raise UsageError(
            f"{', '.join(known)}: published already. A revision goes out at once: run the command without --at."
        )
    command = (plan.editions[0].uid if plan.editions else plan.drafts[0].article.uid)[-64:]
    with store.writing() as connection:
        hold_sequence(connection)
        refuse_waiting(connection, plan.drafts)
        edition_of: dict[str, EditionId] = {}
        for planned in plan.editions:
            edition_id = _freeze(connection, planned, appointment, now=now)
            edition_of |= {draft.article.uid: edition_id for draft in planned.drafts}
        for draft in plan.drafts:
            refuse_taken_address(connection, draft)
            insert_scheduled(
                connection,
                uid=draft.article.uid,
                source_path=draft.source_path,
                command=command,
                edition_id=edition_of.get(draft.article.uid),
                at=appointment.at,
                everyone=plan.wishes.everyone,
                article=_as_json(new_article_of(draft)),
                held=None,
            )
        add_event(connection, "schedule", ("editions", next(iter(edition_of.values()), None)), now=now)
    return command


def wished_hour(files: Sequence[Path], *, masthead: Masthead, now: datetime) -> datetime | None:
    """The hour to come that the files name themselves (publish_at), or None. A file that cannot be read names none.

    Raises UsageError when they do not name the same hour: one command publishes at one hour.
    """
    hours: dict[Path, datetime | None] = {}
    for file in files:
        try:
            found = read_manuscript(file, masthead=masthead, title="-", language=None, known_title=None)
        except (ArticleError, UsageError):
            continue
        hours[file] = found.publish_at if found.publish_at and found.publish_at > now else None
    if len(set(hours.values())) > 1:
        named = ", ".join(f"{file}: {at:%Y-%m-%d %H:%M} UTC" if at else f"{file}: now" for file, at in hours.items())
        raise UsageError(f"The articles are for different hours ({named}). Publish them one by one, or pass --at.")
    return next(iter(hours.values()), None)


def refuse_waiting(connection: Connection, drafts: Sequence[Draft]) -> None:
    """Nothing, if none of the drafts is scheduled already; raises UsageError that says when and how to stop it."""
    uids, paths = [draft.article.uid for draft in drafts], [draft.source_path for draft in drafts]
    for one in scheduled_among(connection, uids=uids, source_paths=paths):
        raise UsageError(
            f"{one.source_path}: scheduled for {one.at:%Y-%m-%d %H:%M} UTC already. Pass --now to publish it at once. "
            f"To change its text or its hour, first run: newsletter articles unschedule {one.source_path}"
        )


def release_command(store: Store, command: str, *, masthead: Masthead, now: datetime) -> Published | None:
    """Publish what a command scheduled and queue its editions. One transaction; None when nothing waits, or it rests.

    Raises ArticleError when the address of one was taken meanwhile; nothing is done then.
    """
    with store.writing() as connection:
        hold_sequence(connection)
        rows = scheduled_by_command(connection, command)
        editions = tuple(dict.fromkeys(row.edition_id for row in rows if row.edition_id is not None))
        if not rows or any(_rests(connection, edition_id) for edition_id in editions):
            return None
        written: dict[str, tuple[ArticleId, RevisionId]] = {}
        for row in rows:
            new = _from_json(row.article, now=now)
            _refuse_taken(connection, new)
            mail = row.edition_id is not None
            written[row.uid] = insert_published(connection, new, kind="publish", mail=mail, now=now)
        for edition_id in editions:
            mine = [row for row in rows if row.edition_id == edition_id]
            _release(connection, edition_id, mine, written, masthead=masthead, now=now)
        delete_scheduled(connection, [row.id for row in rows])
        return Published(uids=tuple(row.uid for row in rows), editions=editions)


def hold_command(store: Store, command: str, *, reason: str, post: Post, now: datetime) -> None:
    """Keep what a command scheduled, since it is too late or cannot be published, until a person decides."""
    with store.writing() as connection:
        hold_sequence(connection)
        rows = scheduled_by_command(connection, command)
        if not rows:
            return
        hold_scheduled(connection, command, reason=reason)
        for edition_id in {row.edition_id for row in rows if row.edition_id is not None}:
            update_edition(connection, edition_id, state=str(EditionState.HELD), reason=reason)
        what = ", ".join(row.source_path for row in rows)
        post(
            connection,
            News(kind=NewsKind.HELD, dedupe_key=f"held:{command}:{now:%Y%m%d%H%M}", what=what, reason=reason),
        )
        add_event(connection, "hold", ("editions", rows[0].edition_id), now=now, reason=reason)


def forget_scheduled(connection: Connection, rows: Sequence[ScheduledArticle], *, now: datetime) -> None:
    """Let articles that wait be articles of the folder again: they were never published."""
    delete_scheduled(connection, [row.id for row in rows])
    for row in rows:
        add_event(connection, "unschedule", ("editions", row.edition_id), now=now, path=row.source_path)


def _freeze(connection: Connection, planned: PlannedEdition, appointment: Appointment, *, now: datetime) -> EditionId:
    if edition_by_key(connection, planned.dedupe_key) is not None:
        raise UsageError("An edition of these articles was made by another command meanwhile. Nothing was done.")
    edition_id = insert_edition(
        connection,
        uid=planned.uid,
        kind=str(planned.kind),
        dedupe_key=planned.dedupe_key,
        state=str(EditionState.SCHEDULED),
        reason="",
        subject=planned.subject,
        scheduled_at=appointment.at,
        hold_until=appointment.at,
        released_at=None,
        finished_at=None,
        considered=0,
        audience=0,
    )
    for one in planned.dressed:
        insert_variant(connection, edition_id, one.variant, ())
    news = News(
        kind=NewsKind.WAITS,
        dedupe_key=waiting_key(edition_id),
        what=planned.subject,
        edition=(edition_id, planned.uid),
        at=appointment.at,
        readers=planned.count.audience,
        text=planned.dressed[0].variant.text,
        not_before=max(now, appointment.at - appointment.hold),
    )
    if appointment.hold:
        appointment.post(connection, news)
    return edition_id


def _release(
    connection: Connection,
    edition_id: EditionId,
    rows: Sequence[ScheduledArticle],
    written: dict[str, tuple[ArticleId, RevisionId]],
    *,
    masthead: Masthead,
    now: datetime,
) -> None:
    """Give each reader language its frozen variant, and queue the edition."""
    groups: dict[str, list[ScheduledArticle]] = {}
    for row in rows:
        groups.setdefault(row.article["group_uid"], []).append(row)
    frozen = frozen_variants(connection, edition_id)
    variant_of: dict[str, VariantId] = {}
    filled: set[VariantId] = set()
    for language in dict.fromkeys((*reader_languages(connection), *masthead.languages)):
        chosen = [_pick(group, language, masthead) for group in groups.values()]
        key = articles_key([row.uid for row in chosen])
        # Who came in a language after the freezing gets the same articles in the words of another.
        wanted = (key, furniture_for(language, masthead))
        same = [variant for (articles, _), variant in frozen.items() if articles == key]
        variant = frozen.get(wanted) or next(iter(same), None) or next(iter(frozen.values()))
        variant_of[language] = variant
        if variant not in filled and (wanted in frozen or same):
            fill_variant(connection, variant, [written[row.uid] for row in chosen])
            filled.add(variant)
    audience = Audience(
        topics=tuple(sorted({topic for row in rows for topic in row.article["content"]["topics"]})),
        group_uids=tuple(groups),
        everyone=rows[0].everyone,
        now=now,
    )
    queue_edition(connection, edition_id, audience, variant_of)


def _rests(connection: Connection, edition_id: EditionId) -> bool:
    """Whether somebody paused the edition, perhaps at this moment."""
    edition = edition_by_id(connection, edition_id, to_change=True)
    return edition is None or edition.state is not EditionState.SCHEDULED


def _pick(group: Sequence[ScheduledArticle], language: str, masthead: Masthead) -> ScheduledArticle:
    by_language = {row.article["language"]: row for row in group}
    chain = (by_language.get(each) for each in masthead.languages_for(language))
    return next((row for row in chain if row is not None), group[0])


def _refuse_taken(connection: Connection, new: NewArticle) -> None:
    holder = article_by_slug(connection, new.language, new.slug)
    other = holder or article_by_uid(connection, new.uid) or article_by_path(connection, new.source_path)
    if other is None:
        return
    message = (
        f"“{other.title}” ({other.source_path or other.uid}) was published meanwhile with the same address, path or "
        "uid. Publish this one by hand under another: newsletter publish"
    )
    raise ArticleError([Fault(path=new.source_path, message=message)])


def _as_json(new: NewArticle) -> dict[str, Any]:
    values = asdict(new)
    return values | {name: values[name].isoformat() for name in ("first_published_at", "updated_at")}


def _from_json(values: dict[str, Any], *, now: datetime) -> NewArticle:
    """The article as it is written at its release, which is the first moment it is public."""
    content = values["content"]
    moment = now.replace(microsecond=0)
    written = {"first_published_at": moment, "updated_at": moment}
    return NewArticle(
        **{**values, **written, "content": RevisionContent(**{**content, "topics": tuple(content["topics"])})}
    )
