"""Sanitised HTML as a tree, and back.

The tree is built tag by tag from what nh3 wrote: libxml2's own HTML parser is not HTML5's, splits
``<a><table>`` and ``<h2><p>``, and drops what is nested deeper than 250.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html.parser import HTMLParser

from lxml import etree

from newsletter.articles.markup import VOID

Element = etree._Element


class _Builder(HTMLParser):
    """The standard library's tokeniser offers no other way in than a subclass."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = etree.Element("div")
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = etree.SubElement(self.open[-1], tag, {name: value or "" for name, value in attrs})
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag in {element.tag for element in self.open[1:]}:
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        append_text(self.open[-1], data)


def read_tree(html: str) -> Element:
    """The fragment `html`, as nh3 or `write_tree` wrote it, in a ``<div>`` that is not part of it."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.root


def write_tree(root: Element) -> str:
    """The HTML of all that `root` holds, without `root` itself."""
    for item in root.iter("li"):
        # libxml2 leaves out the end tag of an empty <li>, and the next one would land inside it.
        item.text = item.text or ""
    html = etree.tostring(root, method="html", encoding="unicode", with_tail=False)
    return html[html.index(">") + 1 : html.rindex("<")]


def attributes(element: Element) -> dict[str, str]:
    """A copy of the attributes of `element`."""
    return {str(key): str(value) for key, value in element.attrib.items()}


def drop(element: Element, key: str) -> None:
    """Take the attribute `key` off `element`, if it is there."""
    if key in element.attrib:
        del element.attrib[key]


def append_text(parent: Element, text: str) -> None:
    """Put `text` behind everything in `parent`."""
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text


def unwrap(element: Element) -> None:
    """Take `element` out and leave all it holds in its place; nothing for the root."""
    parent = element.getparent()
    if parent is None:
        return
    position = parent.index(element)
    _insert_text(parent, position, element.text)
    children = list(element)
    for offset, child in enumerate(children):
        parent.insert(position + offset, child)
    _insert_text(parent, position + len(children), element.tail)
    parent.remove(element)


def remove(element: Element) -> None:
    """Take `element` and all it holds out; the text behind it stays."""
    parent = element.getparent()
    if parent is None:
        return
    _insert_text(parent, parent.index(element), element.tail)
    parent.remove(element)


def rename(element: Element, tag: str, *, attributes: Mapping[str, str] | None = None) -> None:
    """Make `element` a `tag`, with `attributes` added."""
    element.tag = tag
    for key, value in (attributes or {}).items():
        element.set(key, value)


def elements(root: Element, *tags: str) -> Iterator[Element]:
    """The elements below `root` in document order, those of `tags` where given; the tree may change meanwhile."""
    wanted = frozenset(tags)
    return iter([each for each in root.iterdescendants() if not wanted or each.tag in wanted])


def holds(element: Element, tags: Iterable[str]) -> bool:
    """Whether any of `tags` is somewhere below `element`."""
    wanted = frozenset(tags)
    return any(each.tag in wanted for each in element.iterdescendants())


def depth(root: Element) -> int:
    """How many elements stand in each other at the deepest place below `root`."""
    deepest, level = 0, 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        level += 1 if event == "start" else -1
        deepest = max(deepest, level)
    return deepest - 1


def _insert_text(parent: Element, position: int, text: str | None) -> None:
    if not text:
        return
    if position:
        before = parent[position - 1]
        before.tail = (before.tail or "") + text
    else:
        parent.text = (parent.text or "") + text
