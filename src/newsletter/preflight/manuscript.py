"""An article as its author wrote it, before it is published."""

from __future__ import annotations

from lxml import etree

from newsletter.model import Finding, Manuscript, Masthead, Output, Topic
from newsletter.preflight import images, links, structure
from newsletter.preflight.findings import error, warning
from newsletter.preflight.markup import read_html, shown, visible_text
from newsletter.preflight.titles import check_title
from newsletter.preflight.words import missing_words

MAX_SUMMARY = 280
_REPLACEMENT = "\ufffd"


def check_manuscript(manuscript: Manuscript, *, masthead: Masthead) -> tuple[Finding, ...]:
    """What its author should look at; the findings of `manuscript` itself are not repeated.

    A place is the file with its line where that is known, the address of an image or link, or the
    text of a heading.
    """
    body = read_html(manuscript.body_html)
    return (
        *check_title(manuscript.title, place=_line(manuscript, "title")),
        *_check_language(manuscript, masthead),
        *_check_topics(manuscript, masthead.topics),
        *_check_summary(manuscript),
        *_check_body(manuscript, body),
        *structure.check_heading_order(body, above=1, output=Output.ALL),
        *_check_audio(manuscript),
        *images.check_cover(manuscript, place=_line(manuscript, "image")),
        *images.check_alt_texts(body, output=Output.ALL),
        *images.check_empty_alt_texts(body),
        *links.check_written_links(body),
    )


def _check_language(manuscript: Manuscript, masthead: Masthead) -> list[Finding]:
    language = (manuscript.language or masthead.language).lower()
    if language in masthead.languages or language.split("-")[0] in masthead.languages:
        return []
    message = f"The article is in “{shown(language)}”, and the newsroom publishes in {', '.join(masthead.languages)}."
    advice = f"Add “{shown(language)}” to languages in config.toml, or correct the language of the article."
    return [error("language-unknown", message, advice=advice, place=_line(manuscript, "language"))]


def _check_topics(manuscript: Manuscript, topics: tuple[Topic, ...]) -> list[Finding]:
    known = {
        name.strip().casefold()
        for topic in topics
        if topic.declared
        for name in (topic.slug, *topic.names.values(), *topic.aliases)
    }
    return [
        warning(
            "undeclared",
            f"The topic “{shown(topic)}” is not declared: it gets a page and a feed, but readers cannot choose it.",
            advice="Declare it under [topics] in config.toml, or use one that is.",
            place=_line(manuscript, "topics"),
        )
        for topic in dict.fromkeys(manuscript.topics)
        if topic.strip().casefold() not in known
    ]


def _check_summary(manuscript: Manuscript) -> list[Finding]:
    length = len(manuscript.summary)
    if length <= MAX_SUMMARY:
        return []
    message = f"The summary has {length:,} characters; at most {MAX_SUMMARY} are shown."
    place = _line(manuscript, "summary")
    return [warning("summary-too-long", message, advice="Shorten the summary.", place=place)]


def _check_audio(manuscript: Manuscript) -> list[Finding]:
    if not (manuscript.audio or "").startswith("https://") or manuscript.audio_bytes:
        return []
    message = "The size of the recording is not known; programs for podcasts ask for it (RSS 2.0, <enclosure>)."
    place = _line(manuscript, "audio")
    return [warning("audio-size-missing", message, advice="Write audio_bytes: and its octets.", place=place)]


def _check_body(manuscript: Manuscript, body: etree._Element) -> list[Finding]:
    text = visible_text(body)
    if not text.strip() and body.find(".//img") is None:
        return [error("body-empty", "The article has no body.", advice="Write one.", place=manuscript.path)]
    found = []
    if missing := missing_words(manuscript.source_text, text):
        message = f"Words of the article would be lost, from here on: “{missing}”."
        advice = "Look there for markup that is not allowed, never ends or is nested very deeply."
        found.append(error("words-lost", message, advice=advice, place=manuscript.path))
    if _REPLACEMENT in f"{manuscript.title}{manuscript.summary}{text}":
        message = "The article holds “\ufffd”: there a character was lost when the file was made."
        found.append(
            warning("replacement-character", message, advice="Write that character again.", place=manuscript.path)
        )
    return found


def _line(manuscript: Manuscript, field: str) -> str:
    line = manuscript.lines.get(field)
    return manuscript.path if line is None else f"{manuscript.path}:{line}"
