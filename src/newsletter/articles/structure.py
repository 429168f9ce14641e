"""The shape of an article's tree: one level of headings after another, anchors of its own, no odd nesting.

Each function changes the tree it is given. They run between `sanitiser.open_tree` and `seal`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from newsletter.articles.characters import one_line
from newsletter.articles.markup import APART, BLOCK, HEADINGS
from newsletter.articles.tree import Element, append_text, drop, elements, holds, remove, rename, unwrap
from newsletter.articles.visible import is_same_text

# libxml2 closes these at a <p>. Their like takes their place; <b> has none, since text pasted from a
# word processor often lies in a <b> as a whole, without being bold.
_CLOSED_BY_P = {"b": "", "i": "em", "s": "del", "small": "", "u": ""}
_ANCHOR = re.compile(r"[A-Za-z0-9_:.-]{1,64}", re.ASCII)


def take_heading(root: Element, *, title: str | None) -> str | None:
    """Take the first h1 out of `root` and give its text; with a `title`, only an h1 that says the same."""
    heading = next(elements(root, "h1"), None)
    # A heading that was never closed holds half the article.
    if heading is None or holds(heading, BLOCK - {"p", "div"}):
        return None
    text = text_of(heading)
    if not text or (title is not None and not is_same_text(title, text)):
        return None
    images = list(elements(heading, "img"))
    if images:
        for part in list(heading):
            heading.remove(part)
        heading.text = None
        rename(heading, "p")
        for image in images:
            image.tail = None
            heading.append(image)
    else:
        remove(heading)
    return text


def text_of(element: Element) -> str:
    """The text of `element` on one line."""
    return one_line("".join(_pieces(element)))


def _pieces(element: Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        apart = " " if child.tag in APART else ""
        yield from (apart, *_pieces(child), apart, child.tail or "")


def level_headings(root: Element) -> None:
    """Let the highest heading be an h2, below the page's one h1, and none skip a level (WCAG 1.3.1)."""
    above: list[int] = []
    for heading in elements(root, *HEADINGS):
        level = int(str(heading.tag)[1])
        if not text_of(heading) and not holds(heading, ("img",)):
            unwrap(heading)
            continue
        while above and above[-1] >= level:
            above.pop()
        above.append(level)
        heading.tag = f"h{min(1 + len(above), 6)}"


def own_anchors(root: Element, *, prefix: str) -> None:
    """Keep the ids that a link of this article leads to, with `prefix`, since articles share pages and mails."""
    wanted = {unquote(link.get("href", "")[1:]) for link in elements(root, "a") if link.get("href", "")[:1] == "#"}
    kept: dict[str, str] = {}
    for element in elements(root):
        identifier = element.get("id", "")
        drop(element, "id")
        if identifier in wanted and identifier not in kept and _ANCHOR.fullmatch(identifier):
            kept[identifier] = f"{prefix}-{identifier.removeprefix(f'{prefix}-')}"
            element.set("id", kept[identifier])
        elif element.tag == "a" and "href" not in element.attrib:
            unwrap(element)
    for link in elements(root, "a"):
        target = kept.get(unquote(link.get("href", "")[1:])) if link.get("href", "")[:1] == "#" else None
        if target:
            link.set("href", f"#{target}")


def scope_headers(root: Element) -> None:
    """Tell screen readers what the header cells of a table's head are the headers of."""
    for head in elements(root, "thead"):
        for cell in elements(head, "th"):
            if "scope" not in cell.attrib:
                cell.set("scope", "col")


def mend(root: Element) -> None:
    """Undo the nestings that HTML5 allows and libxml2, which every mail goes through, reads otherwise.

    It splits a link around a table and a heading around a paragraph, and moves list items out of
    whatever is no list. Innermost first, so that one round is enough.
    """
    for element in reversed(list(elements(root))):
        parent = element.getparent()
        above = "" if parent is None else str(parent.tag)
        tag = str(element.tag)
        if tag in HEADINGS:
            _mend_heading(element)
        elif (tag == "li" and above not in ("ul", "ol")) or (tag in ("dt", "dd") and not _in_definitions(element)):
            rename(element, "div")
        elif (tag == "a" and holds(element, ("table",))) or (tag == "p" and holds(element, BLOCK)):
            unwrap(element)
        elif tag in _CLOSED_BY_P and holds(element, ("p",)):
            _mend_formatting(element)
        elif tag == "pre" and holds(element, BLOCK):
            rename(element, "div")
            element.text = (element.text or "").lstrip("\n")
        elif tag == "pre":
            _drop_first_newline(element)
        elif tag == "dt" and holds(element, BLOCK):
            rename(element, "dd")
    for element in elements(root, "ul", "ol"):
        _only_items(element)


def _in_definitions(element: Element) -> bool:
    # A group of a <dl> may stand in a <div> (whatwg.org §4.4.9).
    parents = [str(each.tag) for each in element.iterancestors()][:2]
    return parents[:1] == ["dl"] or parents == ["div", "dl"]


def _mend_formatting(element: Element) -> None:
    if new := _CLOSED_BY_P[str(element.tag)]:
        rename(element, new)
    else:
        unwrap(element)


def _mend_heading(heading: Element) -> None:
    if holds(heading, BLOCK - {"p", "div"}):
        rename(heading, "div")
        return
    for block in reversed(list(elements(heading, "p", "div"))):
        block.text = f" {block.text or ''}"
        append_text(block, " ")
        unwrap(block)


def _drop_first_newline(pre: Element) -> None:
    # HTML parsers skip a newline right after <pre>: with one left in, each re-reading would eat another.
    if pre.text:
        pre.text = pre.text.lstrip("\n")


def _only_items(listing: Element) -> None:
    for child in list(listing):
        if child.tag != "li":
            item = listing.makeelement("li", {})
            listing.replace(child, item)
            item.tail, child.tail = child.tail, None
            item.append(child)
    for child in list(listing):
        if (child.tail or "").strip():
            item = listing.makeelement("li", {})
            item.text, child.tail = child.tail, None
            child.addnext(item)
    if (listing.text or "").strip():
        item = listing.makeelement("li", {})
        item.text, listing.text = listing.text, None
        listing.insert(0, item)
