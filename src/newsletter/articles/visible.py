"""The words a reader sees in a piece of HTML, for comparing what went in with what comes out.

A second opinion on purpose: libxml2 reads the HTML here, while `tree.py` and nh3 read it elsewhere.
Its event interface has no bound on depth, its tree has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lxml import etree

from newsletter.articles.characters import tidy
from newsletter.articles.markup import APART, DROPPED, VOID

_DISPLAY_NONE = re.compile(r"(?:^|;)\s*display\s*:\s*none\b", re.IGNORECASE)


def visible_text(html: str) -> str:
    """The visible words of `html`, one space between them, also between blocks and table cells.

    Scripts, styles, form controls and hidden elements show nothing; alt texts are not visible. No
    text is dropped at any depth.
    """
    return collect(html).text


def is_same_text(one: str, other: str) -> bool:
    """Whether two lines say the same, whatever their capitals and blanks."""
    return one.casefold().split() == other.casefold().split()


def is_hidden(attributes: Mapping[str, str]) -> bool:
    """Whether an element with `attributes` is not shown: `hidden`, or an inline ``display: none``."""
    return "hidden" in attributes or bool(_DISPLAY_NONE.search(attributes.get("style", "")))


def collect(html: str) -> Words:
    """The words of `html`, and all that came by on the way."""
    target = Words()
    # The stubs want methods for octets and comments too; lxml hands over text only.
    parser = etree.HTMLParser(target=target, huge_tree=True)  # type: ignore[arg-type]  # see above
    parser.feed(f"<!DOCTYPE html><html><body>{html}</body></html>")
    parser.close()
    return target


class Words:
    """What libxml2's parser tells while it reads; `tags` are all elements, `addresses` all of src and href."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.tags: set[str] = set()
        self.addresses: list[tuple[str, str]] = []
        self.page_title = ""
        self._pieces: list[str] = []
        self._silent = 0
        self._open: list[tuple[str, bool]] = []

    @property
    def text(self) -> str:
        """The visible words, one space between them."""
        return " ".join(tidy("".join(self._pieces))[0].split())

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        self.tags.add(tag)
        self.addresses += [(tag, attributes[key]) for key in ("href", "src") if key in attributes]
        silent = tag in DROPPED or is_hidden(attributes)
        if tag in APART:
            self._pieces.append(" ")
        if tag not in VOID:
            self._open.append((tag, silent))
            self._silent += silent

    def end(self, tag: str) -> None:
        """An element ends."""
        if tag in VOID:
            return
        while self._open:
            opened, silent = self._open.pop()
            self._silent -= silent
            if opened == tag:
                break
        if tag in APART:
            self._pieces.append(" ")

    def data(self, data: str) -> None:
        """Text comes by."""
        if not self._silent:
            self._pieces.append(data)
        elif self._silent == 1 and self._open[-1][0] == "title":
            self.page_title += data

    def close(self) -> None:
        """The reading is over."""
