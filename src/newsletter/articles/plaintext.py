"""Text as people paste it to raw HTML: one line is one paragraph, short lines are headings.

Comes in: text. Goes out: escaped HTML of p, h2, ul, ol and links, and the topic before the first ``|``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from itertools import pairwise

_TOPIC = re.compile(r"([^|\n]{1,60}?) \| +(?=\S)")
_BULLET = re.compile(r"[-•*·] +(?=\S)")
_NUMBER = re.compile(r"(\d{1,3})[.)] +(?=\S)")
_URL = re.compile(r"https?://[^\s<>\"“”«»]+")
_ENDS_A_SENTENCE = ".!?:;,…؟؛،।。\uff01\uff1f\uff1a"
_CLOSERS = "\"'”’»)]"
_URL_CHARS = 2_000
_HEADING_CHARS = 100
_HEADING_WORDS = 16
# Lines of a text wrapped by a mail program are nearly as long as its width, but never longer.
_WRAP_WIDTHS = range(50, 101)
_WRAP_SLACK = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class PlainText:
    """What a pasted text holds: HTML not yet sanitised, and the topics named before the text."""

    html: str
    topics: tuple[str, ...] = ()


def plain_text_to_html(text: str) -> PlainText:
    """The HTML of a pasted text.

    Each line is a paragraph; lines wrapped by a mail program are joined again. Lines with ``-``, ``•``,
    ``*`` or numbers are a list, a short line without final punctuation before a paragraph is a heading,
    URLs are links, and ``Topic | `` before the first line is a topic.
    """
    topics: tuple[str, ...] = ()
    text = text.strip()
    if match := _TOPIC.match(text):
        topics, text = (match[1].strip(),), text[match.end() :]
    lines = _unwrapped(text)
    blocks: list[str] = []
    position = 0
    while position < len(lines):
        taken, block = _block(lines, position)
        blocks.append(block)
        position += taken
    return PlainText(html="\n".join(blocks), topics=topics)


def _block(lines: list[str], position: int) -> tuple[int, str]:
    items = _run(lines, position)
    if items:
        marker = _NUMBER.match(items[0])
        pattern, tag = (_NUMBER, "ol") if marker else (_BULLET, "ul")
        start = f' start="{int(marker[1])}"' if marker and int(marker[1]) != 1 else ""
        inside = "".join(f"<li>{_inline(pattern.sub('', item, count=1))}</li>" for item in items)
        return len(items), f"<{tag}{start}>{inside}</{tag}>"
    line = lines[position]
    following = lines[position + 1] if position + 1 < len(lines) else None
    if following is not None and _is_short(line) and (not _is_short(following) or _run(lines, position + 1)):
        return 1, f"<h2>{_inline(line)}</h2>"
    return 1, f"<p>{_inline(line)}</p>"


def _run(lines: list[str], position: int) -> list[str]:
    end = position
    while end < len(lines) and _BULLET.match(lines[end]):
        end += 1
    if end > position:
        return lines[position:end]
    first = _NUMBER.match(lines[position])
    while first and end < len(lines) and _number_of(lines[end]) == int(first[1]) + end - position:
        end += 1
    # "2019. A good year" alone is no list; numbers that count up are.
    return lines[position:end] if end - position > 1 else []


def _number_of(line: str) -> int | None:
    match = _NUMBER.match(line)
    return int(match[1]) if match else None


def _is_short(line: str) -> bool:
    bare = line.rstrip(_CLOSERS)
    ends = bare[-1:] in _ENDS_A_SENTENCE
    return not ends and len(line) <= _HEADING_CHARS and len(line.split()) <= _HEADING_WORDS and "://" not in line


def _inline(line: str) -> str:
    pieces: list[str] = []
    end = 0
    for match in _URL.finditer(line):
        url = _without_punctuation(match[0]) if len(match[0]) <= _URL_CHARS else ""
        if not url:
            continue
        pieces += [escape(line[end : match.start()]), f'<a href="{escape(url)}">{escape(url)}</a>']
        end = match.start() + len(url)
    pieces.append(escape(line[end:]))
    return "".join(pieces)


def _without_punctuation(url: str) -> str:
    while url:
        bare = url.rstrip(".,;:!?…'’")
        if bare.endswith(")") and bare.count("(") < bare.count(")"):
            bare = bare[:-1]
        if bare == url:
            break
        url = bare
    return url


def _unwrapped(text: str) -> list[str]:
    lines: list[str] = []
    for block in re.split(r"\n[ \t]*\n", text):
        stripped = [line.strip() for line in block.split("\n") if line.strip()]
        lines += [" ".join(stripped)] if _is_wrapped(stripped) else stripped
    return lines


def _is_wrapped(lines: list[str]) -> bool:
    width = max(map(len, lines), default=0)
    if len(lines) < 3 or width not in _WRAP_WIDTHS or any(_BULLET.match(line) or _NUMBER.match(line) for line in lines):
        return False
    pairs = pairwise(lines)
    return all(
        len(line) >= width - _WRAP_SLACK and len(line) + 1 + len(following.split()[0]) > width
        for line, following in pairs
    )
