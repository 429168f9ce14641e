"""A file becomes a draft: read, recognised, illustrated, and made absolute. Nothing is written.

Comes in: a path and the wishes of the command. Goes out: `Draft`, which holds the article exactly
as it would be published. Called by the desk for publish, preview, check and adopt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection

from newsletter.articles import absolutise, slugify
from newsletter.editions.identity import Claim, Identity, identify, mint_uid, moved_path
from newsletter.editions.kinship import Sister, group_of
from newsletter.editions.manuscripts import in_known_language, place_of, read_manuscript, topics_of
from newsletter.editions.pictures import image_map, lead_image
from newsletter.editions.recordings import Media, audio_of, gather_media, pictures_among
from newsletter.editions.uids import KnownUid
from newsletter.errors import ArticleError, Fault
from newsletter.model import Article, ArticleId, Image, Manuscript, Masthead, article_url
from newsletter.store.articles import (
    RevisionContent,
    StoredArticle,
    article_by_path,
    article_by_slug,
    article_by_uid,
)

NOTE = "note"


class Standing(StrEnum):
    """How a draft relates to what is published."""

    NEW = "new"
    SAME = "same"
    CHANGED = "changed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What the command line says about the article itself.

    With `any_date` a date in the future is no obstacle. A draft `for_a_look` is shown, never
    published: one that says draft: true will do, and a rewritten file is taken for a revision.
    """

    title: str | None = None
    language: str | None = None
    claim: Claim | None = None
    any_date: bool = False
    for_a_look: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Workbench:
    """What drafting needs of the newsroom: where it is, what it is called, the hour, fresh ids.

    `tag` is the authority and date of RFC 4151 under which uids are minted. `remembered` is what
    the uid file beside the articles knows, by source path.
    """

    folder: Path
    masthead: Masthead
    tag: str
    now: datetime
    new_id: Callable[[], str]
    remembered: Mapping[str, KnownUid] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """An article as it would be published, and how it relates to what is.

    `file` is what was read; `source_path` is its permanent place in the newsroom, POSIX, relative.
    They differ for a file from outside, which is copied in at publication. `displaces` is an older
    article of the same path that gives the path up (`--new`). `remembered` is set for an article that
    was published before by a database since lost: it comes back under its uid and mails nobody. Among the
    `pictures` the article's recording is the last.
    """

    folder: Path
    file: Path
    source_path: str
    manuscript: Manuscript
    article: Article
    known: StoredArticle | None
    moved_from: str | None
    displaces: ArticleId | None
    remembered: KnownUid | None
    standing: Standing
    pictures: tuple[Media, ...]

    @property
    def content(self) -> RevisionContent:
        """What the next revision would hold."""
        return content_of(self)

    @property
    def place(self) -> Path:
        """The file's permanent place on disk."""
        return self.folder / self.source_path

    @property
    def is_outside(self) -> bool:
        """Whether the file lies outside the newsroom and has to be copied in."""
        return self.file.resolve() != self.place.resolve()


def draft_article(
    connection: Connection, file: Path, *, bench: Workbench, wishes: Wishes, sisters: Sequence[Draft] = ()
) -> Draft:
    """Read `file` into a draft.

    `sisters` are drafts of the same command, so that two translations published together share a
    group. Raises ArticleError with every fault of the file, and UsageError when the file does not
    exist or may be another article than its path says.
    """
    source_path = place_of(file, bench.folder)
    here = article_by_path(connection, source_path)
    displaced = here if wishes.claim == "new" else None
    manuscript = _read(file, bench, wishes, known_title=here.title if here and not displaced else None)
    found, remembered = _recognise(connection, manuscript, source_path, bench=bench, wishes=wishes)
    _refuse_unready(manuscript, found, bench.now, wishes)
    if found.known:
        manuscript = in_known_language(manuscript, found.known.language)
    media = gather_media(manuscript, file, within=_reach(file, bench.folder))
    context = _Context(bench=bench, sisters=sisters, source_path=source_path, displaced=displaced)
    article = _article(connection, manuscript, found.known, media, context)
    draft = Draft(
        file=file,
        source_path=source_path,
        manuscript=manuscript,
        article=_as_remembered(article, remembered) if remembered else article,
        known=found.known,
        moved_from=found.moved_from,
        displaces=displaced.id if displaced else None,
        remembered=remembered,
        standing=Standing.NEW,
        pictures=media,
        folder=bench.folder,
    )
    refuse_taken_address(connection, draft)
    return replace(draft, standing=_standing(draft))


def _read(file: Path, bench: Workbench, wishes: Wishes, *, known_title: str | None) -> Manuscript:
    return read_manuscript(
        file, masthead=bench.masthead, title=wishes.title, language=wishes.language, known_title=known_title
    )


def _reach(file: Path, folder: Path) -> Path:
    """The folder an article's pictures lie in or below: the newsroom, else the file's own."""
    return folder if file.resolve().is_relative_to(folder.resolve()) else file.parent


def content_of(draft: Draft) -> RevisionContent:
    """The revision a draft would become; `significant` is decided at release."""
    article = draft.article
    image = article.image
    meta: dict[str, object] = {
        "base_url": article.url.removesuffix(article_url("", article.language, article.slug)),
        "date": article.date.isoformat() if article.date else None,
        "email": str(article.email),
        "standfirst": article.standfirst,
        "image": None if image is None else {name: getattr(image, name) for name in Image.__dataclass_fields__},
        "topic_names": {t.slug: t.name_in(article.language) for t in article.topics if not t.declared},
    }
    # Not named where there is none: else every article published before there was audio would count as changed.
    if article.audio is not None:
        meta["audio"] = asdict(article.audio)
    return RevisionContent(
        title=article.title,
        summary=article.summary,
        author=article.author,
        body_html=article.body_html,
        meta=meta,
        source_hash=draft.manuscript.source_hash,
        topics=tuple(topic.slug for topic in article.topics),
        significant=False,
    )


def refuse_taken_address(connection: Connection, draft: Draft) -> None:
    """Nothing, if the draft's page may stand at its address; raises ArticleError when another article's does."""
    article = draft.article
    holder = article_by_slug(connection, article.language, article.slug)
    if holder is None or (draft.known and holder.id == draft.known.id):
        return
    message = (
        f"{article.url} is the page of another article, {holder.source_path or holder.uid}. "
        "Give this one its own address in the front matter, such as slug: " + article.slug + "-2"
    )
    line = draft.manuscript.lines.get("slug")
    raise ArticleError([Fault(path=draft.manuscript.path, line=line, field="slug", message=message)])


@dataclass(frozen=True, kw_only=True, slots=True)
class _Context:
    bench: Workbench
    sisters: Sequence[Draft]
    source_path: str
    displaced: StoredArticle | None


def _recognise(
    connection: Connection, manuscript: Manuscript, source_path: str, *, bench: Workbench, wishes: Wishes
) -> tuple[Identity, KnownUid | None]:
    """The article the store knows, and what the uid file remembers where the store knows none."""
    claim = wishes.claim or ("same" if wishes.for_a_look else None)
    found = identify(connection, manuscript, source_path=source_path, folder=bench.folder, claim=claim)
    remembered = bench.remembered.get(source_path)
    if found.known or claim == "new" or remembered is None or manuscript.uid not in (None, remembered.uid):
        return found, None
    stored = article_by_uid(connection, remembered.uid)
    if stored is None:
        return found, remembered
    # A database older than the uid file, such as one from a backup, knows the article by its former path.
    moved_from = moved_path(stored, source_path)
    is_gone = moved_from is not None and not (bench.folder / moved_from).exists()
    return Identity(known=stored, moved_from=moved_from) if is_gone else found, None


def _refuse_unready(manuscript: Manuscript, found: Identity, now: datetime, wishes: Wishes) -> None:
    path = manuscript.path
    if manuscript.draft and not wishes.for_a_look:
        line = manuscript.lines.get("draft")
        message = "the article says draft: true. Take the line out when it is ready."
        raise ArticleError([Fault(path=path, line=line, field="draft", message=message)])
    if manuscript.date and manuscript.date > now and found.known is None and not wishes.any_date:
        line = manuscript.lines.get("date")
        message = f"{manuscript.date:%Y-%m-%d %H:%M} UTC lies in the future. Pass --now to publish it now all the same."
        raise ArticleError([Fault(path=path, line=line, field="date", message=message)])


def _article(
    connection: Connection,
    manuscript: Manuscript,
    known: StoredArticle | None,
    media: tuple[Media, ...],
    context: _Context,
) -> Article:
    bench = context.bench
    masthead = bench.masthead
    language = manuscript.language or (known.language if known else masthead.language)
    slug = manuscript.slug or (known.slug if known else slugify(manuscript.title))
    url = article_url(masthead.base_url, language, slug)
    images = image_map(pictures_among(media), masthead.base_url)
    uid = known.uid if known else manuscript.uid or mint_uid(bench.tag, bench.new_id)
    return Article(
        uid=uid,
        group_uid=known.group_uid if known else _group(connection, manuscript, context) or uid,
        slug=slug,
        language=language,
        title=manuscript.title,
        summary=manuscript.summary,
        author=manuscript.author,
        body_html=absolutise(manuscript.body_html, page_url=url, base_url=masthead.base_url, images=images),
        url=url,
        published_at=known.first_published_at if known else bench.now.replace(microsecond=0),
        updated_at=known.updated_at if known else bench.now.replace(microsecond=0),
        topics=topics_of(manuscript.topics, masthead),
        image=lead_image(manuscript, images),
        email=manuscript.email,
        date=manuscript.date,
        standfirst=manuscript.standfirst,
        audio=audio_of(manuscript, media, masthead.base_url),
    )


def _group(connection: Connection, manuscript: Manuscript, context: _Context) -> str | None:
    sisters = [_sister(sister) for sister in context.sisters]
    group = group_of(connection, manuscript, sisters, context.source_path, context.bench.masthead)
    # Another article at a known path is no kin of those that translate the one before.
    is_strange = context.displaced is not None and group == context.displaced.group_uid
    return None if is_strange and not manuscript.translation_of else group


def _as_remembered(article: Article, remembered: KnownUid) -> Article:
    return replace(
        article,
        uid=remembered.uid,
        group_uid=remembered.group_uid,
        published_at=remembered.published_at,
        updated_at=remembered.published_at,
    )


def _sister(draft: Draft) -> Sister:
    article = draft.article
    return Sister(
        uid=article.uid,
        group_uid=article.group_uid,
        slug=article.slug,
        language=article.language,
        source_path=draft.source_path,
    )


def _standing(draft: Draft) -> Standing:
    known = draft.known
    if known is None:
        return Standing.NEW
    if known.state == "withdrawn":
        return Standing.WITHDRAWN
    content = content_of(draft)
    ours = (content.title, content.summary, content.author, content.body_html, content.meta, content.topics)
    # What readers were told of the last change is no part of the text.
    meta = {name: value for name, value in known.meta.items() if name != NOTE}
    theirs = (known.title, known.summary, known.author, known.body_html, meta, known.topics)
    address = (draft.article.language, draft.article.slug) == (known.language, known.slug)
    return Standing.SAME if ours == theirs and address else Standing.CHANGED
