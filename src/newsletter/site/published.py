"""Stored articles as the crafts know them: topics by name, translations by language, the present host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from newsletter.model import Article, ArticleId, Audio, Change, EmailMode, Image, Masthead, Topic, article_url
from newsletter.store.articles import StoredArticle
from newsletter.store.changes import change_notes

Changes = Mapping[ArticleId, Sequence[Change]]


def changes_of(connection: Connection, stored: Iterable[StoredArticle]) -> Changes:
    """What readers were told was changed in each of `stored`, oldest first; nothing for those never corrected."""
    notes = change_notes(connection, [one.id for one in stored])
    return {article_id: tuple(Change(at=at, note=note) for at, note in told) for article_id, told in notes.items()}


def told_forms(connection: Connection, stored: Sequence[StoredArticle], masthead: Masthead) -> list[Article]:
    """Each of `stored` in its published form, with what readers were told was changed in it; same order."""
    changes = changes_of(connection, stored)
    return [published_form(one, masthead, changes=changes.get(one.id, ())) for one in stored]


def published_form(
    stored: StoredArticle,
    masthead: Masthead,
    sisters: Iterable[StoredArticle] = (),
    *,
    changes: Sequence[Change] = (),
) -> Article:
    """The article as it is public now.

    `sisters` are the public articles of its translation group, itself among them or not. A body made
    absolute under a former base URL is moved to the present one. `changes` as `changes_of` gives them.
    """
    meta = stored.meta
    return Article(
        uid=stored.uid,
        group_uid=stored.group_uid,
        slug=stored.slug,
        language=stored.language,
        title=stored.title,
        summary=stored.summary,
        author=stored.author,
        body_html=_moved(stored.body_html, meta.get("base_url"), masthead.base_url),
        url=article_url(masthead.base_url, stored.language, stored.slug),
        published_at=stored.first_published_at,
        updated_at=stored.updated_at,
        topics=tuple(_topic(slug, meta.get("topic_names"), masthead) for slug in stored.topics),
        image=_image(meta.get("image"), meta.get("base_url"), masthead.base_url),
        email=EmailMode(str(meta.get("email", EmailMode.FULL))),
        translations={
            sister.language: article_url(masthead.base_url, sister.language, sister.slug)
            for sister in sisters
            if sister.uid != stored.uid
        },
        date=_date(meta.get("date")),
        standfirst=str(meta.get("standfirst", "")),
        changes=tuple(changes),
        audio=_audio(meta.get("audio"), meta.get("base_url"), masthead.base_url),
    )


def published_forms(
    stored: Sequence[StoredArticle], masthead: Masthead, *, changes: Changes | None = None
) -> list[Article]:
    """Each of `stored` in its published form, sisters found among them, with its `changes`; same order."""
    told = changes or {}
    groups: dict[str, list[StoredArticle]] = {}
    for one in stored:
        groups.setdefault(one.group_uid, []).append(one)
    return [published_form(one, masthead, groups[one.group_uid], changes=told.get(one.id, ())) for one in stored]


def _topic(slug: str, names: object, masthead: Masthead) -> Topic:
    declared = next((topic for topic in masthead.topics if topic.slug == slug), None)
    if declared is not None:
        return declared
    name = names.get(slug, slug) if isinstance(names, dict) else slug
    return Topic(slug=slug, names={masthead.language: str(name)}, declared=False)


def _moved(text: str, former: object, present: str) -> str:
    if not isinstance(former, str) or former in ("", present):
        return text
    return text.replace(f'"{former}/', f'"{present}/').replace(f'"{former}"', f'"{present}"')


def _image(meta: object, former: object, present: str) -> Image | None:
    if not isinstance(meta, dict):
        return None
    url = _moved(f'"{meta["url"]}', former, present)[1:]
    return Image(
        url=url,
        alt=str(meta["alt"]),
        width=int(meta["width"]),
        height=int(meta["height"]),
        media_type=str(meta["media_type"]),
        size=int(meta["size"]),
    )


def _audio(meta: object, former: object, present: str) -> Audio | None:
    if not isinstance(meta, dict):
        return None
    url = _moved(f'"{meta["url"]}', former, present)[1:]
    return Audio(url=url, media_type=str(meta["media_type"]), size=int(meta["size"]))


def _date(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
