"""A short word to one reader: leaving, a link that does not work, a page that is not there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from newsletter.pages.frame import Frame, render_framed


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """One button that POSTs the `hidden` fields to `action`, a path of this site."""

    action: str
    button: str
    hidden: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class PageText:
    """A title, paragraphs of plain text, and perhaps code to copy, one button, links (label, URL), a new URL."""

    title: str
    paragraphs: tuple[str, ...] = ()
    form: Form | None = None
    links: tuple[tuple[str, str], ...] = ()
    code: str = ""
    moved_to: str = ""


def message_page(templates: Mapping[str, str], text: PageText, *, frame: Frame) -> bytes:
    """A page that says `text` and is found by no search engine. Raises ConfigError when the theme cannot be used."""
    return render_framed(templates, "pages/message.html", {"text": text}, frame=frame)


def not_found_page(templates: Mapping[str, str], *, frame: Frame) -> bytes:
    """The page for an address where there is nothing. Raises ConfigError when the theme cannot be used."""
    say = frame.words.say
    text = PageText(
        title=say("This page does not exist"),
        paragraphs=(say("The address may be mistyped, or the article was withdrawn."),),
    )
    return message_page(templates, text, frame=frame)


def moved_page(templates: Mapping[str, str], url: str, *, frame: Frame) -> bytes:
    """What stands at an article's old address: a word, a link, and a refresh to `url` where it is now.

    Static hosts cannot answer 301, so the page itself leads on. Raises ConfigError when the theme cannot be used.
    """
    text = PageText(title=frame.words.say("This article has moved"), moved_to=url)
    return message_page(templates, text, frame=frame)
