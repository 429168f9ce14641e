"""Whether an article is too deep, too dense or too open to be read safely, told before any parser sees it.

Comes in: text. Goes out: a sentence, or None. One pass of possessive regular expressions each, so
that the look itself is never slow. Where HTML can be read in two ways, the deeper one counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.articles.limits import (
    MAX_BRACKET_STEPS,
    MAX_ELEMENTS,
    MAX_LINES,
    MAX_MARKS,
    MAX_NESTING,
    MAX_OPEN_BRACKETS,
    MAX_REFERENCES,
    MAX_REOPENED,
    MAX_TAG_PARTS,
)
from newsletter.articles.markup import DROPPED, FORMATTING, NEVER_DEEP

# The tokens of HTML (whatwg.org §13.2.5): a closing tag inside a comment, an attribute or a CDATA
# section closes nothing, else 5,000 open <div> would pass as one.
_TOKEN = re.compile(
    r"""<!\[CDATA\[(?P<cdata>.*?)(?:\]\]>|\Z)
    | <!--(?:-?>|.*?--!?>|(?P<comment>))
    | <[!?/](?![a-zA-Z-])[^>]*+>?
    | <(?P<slash>/?)(?P<tag>[a-zA-Z][^\t\n\f\r\ />]*+)
      (?:[\t\n\f\r\ /]++
        | [^\t\n\f\r\ />][^\t\n\f\r\ />=]*+
          (?:[\t\n\f\r\ ]*+=[\t\n\f\r\ ]*+(?:"[^"]*+"|'[^']*+'|["'].*+|[^\t\n\f\r\ >"'][^\t\n\f\r\ >]*+|(?=>)))?+
      )*+
      (?P<end>>?)""",
    re.DOTALL | re.VERBOSE,
)
_RAW = frozenset({"script", "style", "title", "textarea", "iframe", "noembed", "noframes", "noscript", "xmp"})
_FOREIGN = re.compile(r"<(?:svg|math)\b", re.IGNORECASE)
_OPENING = re.compile(r"<([a-zA-Z][^\t\n\f\r />]*+)")
_MARKS = re.compile(r"[*_~`|<&\[\]\\]")
_LINKS = re.compile(r"\]\(|<[a-zA-Z]")
_CONTAINERS = re.compile(r"^[ \t]*+(?:(?:>|[-+*](?=[ \t\n])|\d{1,9}[.)](?=[ \t\n]))[ \t]*+)++", re.MULTILINE)
_CONTAINER = re.compile(r"[>*+-]|\d+")
_TAG_PARTS = re.compile(r"[\t\n\f\r \"'/]")
_CLOSED_BRACKETS = re.compile(r"\[[^\[\]`<\\]*+\]")

TOO_DEEP = f"it is nested deeper than {MAX_NESTING}. Take quotes, lists or tags out of each other."
_SPLIT = "Split it into several articles."
_TOO_MANY = f"it has more than {MAX_ELEMENTS:,} elements. {_SPLIT}"
_UNCLOSED = "too many tags stay open across its paragraphs. Close each <b> or <font> where it ends."


def objection_to_markdown(text: str) -> str | None:
    """Why markdown-it would be slow on `text`, as a sentence; None when it would not."""
    if text.count("\n") > MAX_LINES:
        return f"it has more than {MAX_LINES:,} lines. {_SPLIT}"
    if sum(1 for _ in _MARKS.finditer(text)) > MAX_MARKS:
        return f"it has more than {MAX_MARKS:,} marks such as * _ [ <. {_SPLIT}"
    containers = sum(len(_CONTAINER.findall(match[0])) for match in _CONTAINERS.finditer(text))
    if sum(1 for _ in _LINKS.finditer(text)) > MAX_ELEMENTS or containers > MAX_ELEMENTS:
        return _TOO_MANY
    if _too_many_brackets(text):
        return f"more than {MAX_OPEN_BRACKETS:,} square brackets stay open in a paragraph. Close them, or write \\[."
    return None


def objection_to_html(html: str) -> str | None:
    """Why an HTML parser would be slow on `html` or drop some of it, as a sentence; None when it would not.

    Elements whose end tag HTML lets an author omit (p, li, td) do not count as open.
    """
    if html.count("<") > 4 * MAX_ELEMENTS:
        return _TOO_MANY
    if html.count("&") > MAX_REFERENCES:
        return f"it has more than {MAX_REFERENCES:,} character references. Save it as UTF-8 with plain letters."
    try:
        return _too_deep(html)
    except _UnclosedError as error:
        return f"a {error} is never closed, which would hide all that follows it. Close it."


class _UnclosedError(Exception):
    """What HTML reads up to the end of the text, since nothing ends it."""


def _too_deep(html: str) -> str | None:
    open_tags: dict[str, int] = {}
    elements = depth = formatting = reopened = 0
    for tag, closes, parts in _tags(html):
        step = 1
        if closes:
            if not open_tags.get(tag):
                continue
            step = -1
        else:
            elements += 1
            if tag == "a" and open_tags.get("a"):
                # The only one of its kind: HTML closes a link at the next (whatwg.org §13.2.6.4.7).
                continue
            # Each paragraph opens again what the last one left open (whatwg.org §13.2.4.3).
            reopened += formatting
        if tag not in NEVER_DEEP:
            open_tags[tag] = open_tags.get(tag, 0) + step
            depth += step
            formatting += step if tag in FORMATTING else 0
        if depth > MAX_NESTING:
            return TOO_DEEP
        if parts > MAX_TAG_PARTS:
            return f"a <{tag[:20]}> has too many attributes. Take out those that say nothing to a reader."
        if elements > MAX_ELEMENTS or reopened > MAX_REOPENED:
            return _TOO_MANY if elements > MAX_ELEMENTS else _UNCLOSED
    for tag in sorted(DROPPED):
        if open_tags.get(tag):
            raise _UnclosedError(f"<{tag}>")
    return None


def _tags(html: str) -> Iterator[tuple[str, bool, int]]:
    foreign = _FOREIGN.search(html) is not None
    position = 0
    while match := _TOKEN.search(html, position):
        position = match.end()
        if match["cdata"] is not None:
            # Text inside SVG, a comment up to the first ">" elsewhere.
            yield from _openings(match["cdata"])
        if match["comment"] is not None:
            raise _UnclosedError("<!--")
        if match["tag"] is None:
            continue
        if not match["end"]:
            raise _UnclosedError(f"<{match['slash']}{match['tag'][:20]}")
        tag = match["tag"].lower()
        if tag in ("svg", "math") and match[0].endswith("/>"):
            continue
        yield tag, match["slash"] == "/", _parts(match)
        if tag in _RAW and not match["slash"]:
            closing = re.compile(rf"</{tag}(?=[\t\n\f\r />])", re.IGNORECASE).search(html, position)
            if closing is None and tag != "noscript":
                raise _UnclosedError(f"<{tag}>")
            end = closing.start() if closing else len(html)
            raw, position = html[position:end], end
            # Inside SVG a <style> holds tags, and a browser without scripts reads <noscript>.
            if foreign or tag == "noscript":
                yield from _openings(raw)
            # "<!--<script>" hides the next "</script>" (§13.2.5.26), and nothing tells where that ends.
            if tag == "script" and "<!--" in raw and "<script" in raw.lower():
                yield from _openings(html[position:])
                return


def _parts(match: re.Match[str]) -> int:
    length = match.end() - match.start()
    return 0 if length < MAX_TAG_PARTS else len(_TAG_PARTS.findall(match[0]))


def _openings(raw: str) -> Iterator[tuple[str, bool, int]]:
    for opening in _OPENING.findall(raw):
        yield opening.lower(), False, 0


def _too_many_brackets(text: str) -> bool:
    steps = 0
    for paragraph in re.split(r"\n[ \t]*\n", text):
        open_brackets = paragraph.count("[") - len(_CLOSED_BRACKETS.findall(paragraph)) + paragraph.count("<![CDATA[")
        steps += open_brackets * len(paragraph)
        if open_brackets > MAX_OPEN_BRACKETS or steps > MAX_BRACKET_STEPS:
            return True
    return False
