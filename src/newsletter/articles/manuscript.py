"""A file's octets to a `Manuscript`: the door of this room for reading articles.

Each station tells its faults; they are gathered and raised together, so that an author mends a file once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from zoneinfo import ZoneInfo

from newsletter.articles.body import Body, NotABodyError, make_body
from newsletter.articles.characters import decode, one_line
from newsletter.articles.fields import Fields, read_fields, title_fault
from newsletter.articles.frontmatter import read_front_matter
from newsletter.articles.languages import NotALanguageError, detect_language, language_in_name, language_tag
from newsletter.articles.limits import MAX_SUMMARY_CHARS
from newsletter.articles.markdown import TooHeavyError, markdown_to_html
from newsletter.articles.plaintext import plain_text_to_html
from newsletter.articles.summary import shorten
from newsletter.errors import ArticleError, Fault
from newsletter.model import Finding, Manuscript, Severity

_FORMATS = {".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html", ".txt": "text"}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    title: str | None
    body: Body | None = None
    topics: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    path: str
    title: str
    language: str | None
    source_hash: str
    findings: tuple[Finding, ...]


def parse_article(
    source: bytes,
    *,
    path: str,
    languages: Sequence[str],
    default_language: str,
    title: str | None = None,
    language: str | None = None,
    time_zone: str = "UTC",
) -> Manuscript:
    """The article in a file, by the ending of `path`: Markdown, HTML or plain text.

    `title` and `language` win over the file. Detection chooses among `languages`;
    `Manuscript.language` is None where nothing was sure, and a note says so. Dates without a zone
    are taken in `time_zone`. The same octets give the same manuscript.

    Raises ArticleError with all faults of the file, each with its line and what to do.
    """
    form = _form(path)
    text, removed = decode(source, path=path)
    front, below = read_front_matter(text, path=path)
    fields = read_fields(front.entries, path=path, zone=ZoneInfo(time_zone))
    option, option_faults = _options(title, language, path=path)
    read = _read(below, form, path=path, title=option.title or fields.title)
    faults = [*front.faults, *fields.faults, *option_faults, *read.faults]
    if title is None and read.title is None and read.body and not front.faults and "title" not in fields.lines:
        faults.append(_no_title(form, path=path))
    if faults or read.body is None or read.title is None:
        raise ArticleError(sorted(faults, key=lambda fault: fault.line or 0))
    tag = option.language or fields.language or language_in_name(path, languages=languages)
    findings = (*removed, *_long_summary(fields, path=path), *read.body.findings)
    if tag is None:
        tag, note = _detected(read.body.source_text, languages, default_language, path=path)
        findings = (*findings, note)
    digest = hashlib.sha256(source).hexdigest()
    told = _Told(path=path, title=read.title, language=tag, source_hash=digest, findings=findings)
    return _manuscript(fields, read.body, told, topics=read.topics)


def _form(path: str) -> str:
    form = _FORMATS.get(PurePath(path).suffix.lower())
    if form is None:
        message = "this kind of file is no article. Its name must end in .md (Markdown), .html or .txt."
        raise ArticleError([Fault(path=path, message=message)])
    return form


def _options(title: str | None, language: str | None, *, path: str) -> tuple[Fields, list[Fault]]:
    faults: list[Fault] = []
    tag = None
    if title is not None and (sentence := title_fault(title.strip())):
        faults.append(Fault(path=path, field="--title", message=sentence))
        title = None
    try:
        tag = language_tag(language) if language is not None else None
    except NotALanguageError as error:
        faults.append(Fault(path=path, field="--language", message=str(error)))
    return Fields(title=one_line(title) if title is not None else None, language=tag), faults


def _read(text: str, form: str, *, path: str, title: str | None) -> _Read:
    topics: tuple[str, ...] = ()
    try:
        if form == "text":
            pasted = plain_text_to_html(text)
            raw, topics = pasted.html, pasted.topics
        else:
            raw = markdown_to_html(text) if form == "markdown" else text
        # Named after the file, not the title: an id in a published page survives an edited title.
        prefix = f"a{hashlib.sha256(PurePath(path).name.encode()).hexdigest()[:8]}"
        body = make_body(raw, path=path, title=title, prefix=prefix)
    except (TooHeavyError, NotABodyError) as error:
        return _Read(title=title, faults=(Fault(path=path, message=f"the text cannot be read: {error}"),))
    faults = []
    if not body.html:
        faults.append(Fault(path=path, message="the article has no text. Write it below the title."))
    if title is None and body.heading is not None:
        title = body.heading
        if sentence := title_fault(title):
            faults.append(Fault(path=path, field="title", message=sentence))
    return _Read(title=title, body=body, topics=topics, faults=tuple(faults))


def _no_title(form: str, *, path: str) -> Fault:
    other = {"markdown": 'begin the text with "# …"', "html": "begin the text with <h1>…</h1>"}.get(
        form, 'put "title: …" between two lines of --- at the top'
    )
    return Fault(path=path, field="title", message=f'there is none. Pass --title "…", or {other}.')


def _detected(text: str, languages: Sequence[str], default_language: str, *, path: str) -> tuple[str | None, Finding]:
    tag = detect_language(text, languages=languages) if len(languages) > 1 else None
    message = (
        f'The language was told from the text: "{tag}".'
        if tag
        else f'No language is named and none is sure, so it is the newsroom\'s: "{default_language}".'
    )
    advice = f"If that is wrong, write `language: {tag or default_language}` with the right one, or pass --language."
    note = Finding(code="language-detected", severity=Severity.NOTE, message=message, advice=advice, place=path)
    return tag, note


def _long_summary(fields: Fields, *, path: str) -> tuple[Finding, ...]:
    if len(fields.summary) <= MAX_SUMMARY_CHARS:
        return ()
    return (
        Finding(
            code="summary-cut",
            severity=Severity.WARNING,
            message=f"The summary has {len(fields.summary)} characters and was cut to {MAX_SUMMARY_CHARS}.",
            advice="Shorten it, so that it ends where you want it to.",
            place=f"{path}:{fields.lines['summary']}",
        ),
    )


def _manuscript(fields: Fields, body: Body, told: _Told, *, topics: tuple[str, ...]) -> Manuscript:
    return Manuscript(
        path=told.path,
        title=told.title,
        body_html=body.html,
        source_text=body.source_text,
        source_hash=told.source_hash,
        summary=shorten(fields.summary) or body.summary,
        standfirst=shorten(fields.summary),
        author=fields.author,
        date=fields.date,
        updated=fields.updated,
        language=told.language,
        topics=tuple(dict.fromkeys((*topics, *fields.topics))),
        image=fields.image,
        image_alt=fields.image_alt,
        audio=fields.audio.reference,
        audio_bytes=fields.audio.size,
        audio_type=fields.audio.media_type,
        slug=fields.slug,
        uid=fields.uid,
        draft=fields.draft,
        publish_at=fields.publish_at,
        translation_of=fields.translation_of,
        email=fields.email,
        lines=fields.lines,
        findings=told.findings,
    )
