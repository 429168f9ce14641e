"""Pages made on the spot, in the reader's language, that appear even when the theme is broken."""

from __future__ import annotations

import logging
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse

from newsletter.errors import ConfigError
from newsletter.model import Masthead
from newsletter.pages import Frame, PageText, make_frame, message_page
from newsletter.web.served import ServedNewsroom

log = logging.getLogger("newsletter.web")

# Isolates (Unicode UAX #9 §2.4): an address or a title keeps its own direction inside Arabic text.
_LEFT_TO_RIGHT, _OWN_DIRECTION, _END = "\u2066", "\u2068", "\u2069"
_WORD_JOINER = "\u2060"


def isolated(text: str) -> str:
    """`text` with a direction of its own, for the middle of a sentence."""
    return f"{_OWN_DIRECTION}{text}{_END}"


def isolated_address(masked: str) -> str:
    """A masked address as one word, left to right, that no line breaks apart."""
    return f"{_LEFT_TO_RIGHT}{masked.replace('…', f'…{_WORD_JOINER}')}{_END}"


def frame_in(masthead: Masthead, language: str) -> Frame:
    """The frame of a page for one reader, without the links to other languages."""
    return make_frame(masthead, language, languages=())


def wished_language(request: Request, masthead: Masthead) -> str:
    """The first of the browser's languages that the newsroom speaks (RFC 9110 §12.5.4), else the newsroom's own."""
    wishes: list[tuple[float, str]] = []
    for wish in request.headers.get("accept-language", "")[:500].lower().split(","):
        tag, _, weight = wish.partition(";q=")
        try:
            wishes.append((-float(weight or 1), tag.strip()))
        except ValueError:
            continue
    for _, tag in sorted(wishes, key=lambda each: each[0]):
        for language in masthead.languages:
            if language == tag or language == tag.split("-")[0]:
                return language
    return masthead.language


def answer_page(newsroom: ServedNewsroom, text: PageText, *, language: str, status: int = 200) -> HTMLResponse:
    """`text` in the theme or, when the theme cannot be used, without it.

    An owner's slip in a template must never keep a reader from leaving.
    """
    frame = frame_in(newsroom.masthead, language)
    try:
        return HTMLResponse(message_page(newsroom.templates, text, frame=frame), status)
    except ConfigError as error:
        log.error("The theme cannot be used, a plain page stands in for it: %s", error)
        return HTMLResponse(_plain_page(text, frame), status)


def _plain_page(text: PageText, frame: Frame) -> str:
    paragraphs = "".join(f"<p>{escape(paragraph)}</p>\n" for paragraph in text.paragraphs)
    form = ""
    if text.form is not None:
        button = f"<button>{escape(text.form.button)}</button>"
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in text.form.hidden.items()
        )
        form = f'<form method="post" action="{escape(text.form.action)}">{hidden}{button}</form>\n'
    return (
        f'<!doctype html>\n<html lang="{escape(frame.words.language)}" dir="{frame.words.direction}">\n'
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(text.title)}</title>\n<main>\n<h1>{escape(text.title)}</h1>\n{paragraphs}{form}</main>\n</html>\n"
    )
