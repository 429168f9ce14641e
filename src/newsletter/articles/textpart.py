"""An article's body as plain text: the same words, readable in a terminal.

Comes in: sanitised HTML. Goes out: blocks with a blank line between, one line per paragraph. Made
from the article's own tree, never from the dressed mail.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from newsletter.articles.columns import lay_out, width_of
from newsletter.articles.markup import BLOCK, HEADINGS
from newsletter.articles.tree import Element, elements, holds, read_tree

_BLANKS = re.compile(r"[ \t\n\f]+")
_NOTE_NUMBER = re.compile(r"\[?(\d+(?::\d+)?)\]?$", re.ASCII)
_BACK_ARROWS = re.compile("[↩↑⏎]\ufe0e?$")
_LINE_BREAK = "\v"


def to_text(body_html: str, *, image_word: str = "Image") -> str:
    """The plain text of a sanitised body, without a newline at its end.

    Headings are underlined, lists, quotes, code and tables keep their shape, a picture is
    ``[Image: …]`` with its alt text. Links are numbered ``[1]`` and listed below their section; a
    link that shows its own address stands there once.
    """
    root = read_tree(body_html)
    writer = _Writer(image_word, frozenset(each.get("id", "") for each in elements(root)) - {""})
    blocks = _blocks(root, writer, sectioned=True)
    return "\n\n".join([*blocks, *writer.drain()]).strip("\n")


class _Writer:
    """What is known while the text is written: the links of the section, numbered through."""

    def __init__(self, image_word: str, anchors: frozenset[str]) -> None:
        self.image_word = image_word
        self.anchors = anchors
        self.last_number = 0
        self.links: dict[str, int] = {}

    def number(self, url: str) -> int:
        if url not in self.links:
            self.last_number += 1
            self.links[url] = self.last_number
        return self.links[url]

    def drain(self) -> list[str]:
        listed = "\n".join(f"[{number}] {url}" for url, number in self.links.items())
        self.links.clear()
        return [listed] if listed else []


def _blocks(parent: Element, writer: _Writer, *, sectioned: bool = False) -> list[str]:
    blocks: list[str] = []
    line: list[str] = [parent.text or ""]

    def end_line() -> None:
        if text := _tidy("".join(line)):
            blocks.append(text)
        line.clear()

    for child in parent:
        if child.tag in BLOCK:
            end_line()
            if sectioned and child.tag in HEADINGS:
                blocks += writer.drain()
            blocks += _block(child, writer, sectioned=sectioned)
        elif holds(child, BLOCK):
            end_line()
            blocks += _around_blocks(child, writer)
        else:
            line.append(_inline_element(child, writer))
        line.append(child.tail or "")
    end_line()
    return blocks


def _around_blocks(element: Element, writer: _Writer) -> list[str]:
    blocks = _blocks(element, writer)
    url = element.get("href", "")
    if element.tag == "a" and url and blocks:
        blocks[-1] = f"{blocks[-1]} [{writer.number(url)}]"
    return blocks


def _block(element: Element, writer: _Writer, *, sectioned: bool) -> list[str]:
    tag = str(element.tag)
    if tag in HEADINGS:
        text = _flat(element, writer)
        return [f"{text}\n{('=' if tag == 'h2' else '-') * width_of(text)}"] if text else []
    if tag in ("ul", "ol"):
        return [listed] if (listed := _list(element, writer)) else []
    if tag == "blockquote":
        quoted = "\n\n".join(_blocks(element, writer))
        return [_indent(quoted, "> ", "> ")] if quoted else []
    if tag == "pre":
        code = "".join(str(piece) for piece in element.itertext()).strip("\n")
        return [_indent(code, "    ", "    ")] if code.strip() else []
    if tag == "table":
        return _table(element, writer)
    if tag == "dd":
        described = "\n\n".join(_blocks(element, writer))
        return [_indent(described, "    ", "    ")] if described else []
    if tag == "dl":
        return ["\n".join(blocks)] if (blocks := _blocks(element, writer)) else []
    return ["* * *"] if tag == "hr" else _blocks(element, writer, sectioned=sectioned and tag == "div")


def _list(element: Element, writer: _Writer) -> str:
    start = element.get("start", "1")
    number = int(start) if start.lstrip("-").isdecimal() else 1
    items: list[str] = []
    loose = False
    for item in element:
        blocks = _blocks(item, writer)
        loose = loose or sum(1 for child in item if child.tag == "p") > 1
        marker = f"{number}. " if element.tag == "ol" else "- "
        number += 1
        nested = ("\n\n" if loose else "\n").join(blocks)
        items.append(_indent(nested, marker, " " * len(marker)))
    return ("\n\n" if loose else "\n").join(items)


def _table(element: Element, writer: _Writer) -> list[str]:
    captions = [_flat(each, writer) for each in element if each.tag == "caption"]
    parts = [each for each in element if each.tag in ("thead", "tbody", "tfoot", "tr")]
    rows: list[list[tuple[str, int, int]]] = []
    heads = 0
    for row in (each for part in parts for each in ([part] if part.tag == "tr" else part)):
        cells = [cell for cell in row if cell.tag in ("td", "th")]
        if len(rows) == heads and cells and all(cell.tag == "th" for cell in cells):
            heads += 1
        rows.append([(_flat(cell, writer), _span(cell, "colspan"), _span(cell, "rowspan")) for cell in cells])
    return [text for text in (*captions, lay_out(rows, heads=heads)) if text]


def _flat(element: Element, writer: _Writer) -> str:
    return _tidy(_inline(element, writer)).replace("\n", " ")


def _span(cell: Element, key: str) -> int:
    text = cell.get(key, "1")
    return max(int(text), 1) if text.isdecimal() else 1


def _inline(element: Element, writer: _Writer) -> str:
    pieces = [element.text or ""]
    for child in element:
        pieces += [_inline_element(child, writer), child.tail or ""]
    return "".join(pieces)


def _inline_element(element: Element, writer: _Writer) -> str:
    if element.tag == "br":
        return _LINE_BREAK
    if element.tag == "img":
        alt = _tidy(element.get("alt", "")).replace("\n", " ")
        return f"[{writer.image_word}: {alt}]" if alt else ""
    if element.tag in BLOCK:
        return f" {_inline(element, writer)} "
    text = _inline(element, writer)
    return _link(element.get("href", ""), text, writer) if element.tag == "a" else text


def _link(url: str, text: str, writer: _Writer) -> str:
    shown = _tidy(text)
    _, hash_sign, fragment = url.partition("#")
    if hash_sign and unquote(fragment) in writer.anchors:
        if _BACK_ARROWS.fullmatch(shown):
            return ""
        number = _NOTE_NUMBER.match(shown)
        # A footnote's number must not be taken for a link's.
        return f"({number[1]})" if number else text
    if not url or not shown:
        return text
    address = unquote(url).rstrip("/")
    if unquote(shown).rstrip("/") in (address, address.removeprefix("mailto:"), address.removeprefix("tel:")):
        return text
    return f"{text.rstrip()} [{writer.number(url)}]{' ' * (text != text.rstrip())}"


def _tidy(text: str) -> str:
    lines = _BLANKS.sub(" ", text).split(_LINE_BREAK)
    return "\n".join(line.strip(" ") for line in lines).strip("\n")


def _indent(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    return "\n".join(f"{first if number == 0 else rest}{line}".rstrip(" ") for number, line in enumerate(lines))
