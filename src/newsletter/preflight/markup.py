"""HTML read into a tree, and the text that people see of it."""

from __future__ import annotations

import re

from lxml import etree

from newsletter.feeds import clean

# Text between these runs together without a space; every other element stands apart from its neighbours.
# fmt: off
_INLINE = frozenset({
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark", "q",
    "rp", "rt", "ruby", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
})
# fmt: on
_HIDDEN = re.compile(r"(?:^|;)\s*display\s*:\s*none\b", re.IGNORECASE)
_UNSEEN = frozenset({"head", "script", "style", "template", "title"})


def read_html(html: str) -> etree._Element:
    """The root of a page, or of a fragment as the body of one; without comments, whatever the rubbish."""
    # huge_tree: without it everything nested deeper than 256 elements is dropped without a word.
    parser = etree.HTMLParser(huge_tree=True, remove_comments=True, remove_pis=True, encoding="utf-8")
    root = etree.fromstring(clean(html).encode(), parser) if clean(html).strip() else None
    return etree.Element("html") if root is None else root


def visible_text(root: etree._Element) -> str:
    """What is read of `root`, in order, the alt texts of its images included; spaces are as they come."""
    pieces: list[str] = []
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        gap = "" if element.tag in _INLINE else " "
        if event == "end":
            pieces += (gap, "" if element is root else element.tail or "")
        elif element.tag in _UNSEEN or _HIDDEN.search(element.get("style", "")):
            walker.skip_subtree()
        else:
            pieces += (gap, element.get("alt", ""), gap, element.text or "")
    return "".join(pieces)


def attributes(element: etree._Element) -> dict[str, str]:
    """The attributes of `element`; a name without a value has the value ""."""
    return {str(name): str(value) for name, value in element.attrib.items()}


def addresses(root: etree._Element, *names: str, attribute: str) -> list[str]:
    """What `attribute` says in the elements called `names` that have it: each value once, in order."""
    values = (attributes(element).get(attribute) for element in root.iter(*names))
    return list(dict.fromkeys(value.strip() for value in values if value is not None))


def shown(text: str, limit: int = 60) -> str:
    """`text` on one line and short enough for a message."""
    line = " ".join(clean(text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
