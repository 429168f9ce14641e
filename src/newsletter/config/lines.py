"""Where each key of a TOML text stands, which tomllib does not tell.

Comes in: a text that tomllib has accepted, so nothing is checked twice here. Goes out: the line of
every table header and key, for faults and for the origins in `config show`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence

KeyPath = tuple[str | int, ...]

# No setting lies deeper than four names; a key of 100,000 names would otherwise cost memory squared.
MAX_DEPTH = 8

# The possessive quantifiers keep a text of a million quotes or backslashes linear.
_TOKEN = re.compile(
    r"""
    (?P<comment>\#[^\n]*)
    |(?P<text>\"{3}(?:[^"\\]|\\[\s\S]|"{1,2}(?!"))*+"{3,5}
             |'{3}(?:[^']|'{1,2}(?!'))*+'{3,5}
             |"(?:[^"\\\n]|\\.)*+"
             |'[^'\n]*+')
    |(?P<open>[\[{])
    |(?P<close>[\]}])
    |(?P<newline>\n)
    |(?P<equals>=)
    |(?P<bare>[^\s\[\]{}=\#"']+)
    """,
    re.VERBOSE,
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")

_Tokens = Iterator[tuple[re.Match[str], int]]


def find_lines(text: str) -> dict[KeyPath, int]:
    """The line, counted from 1, of every header and key in `text`.

    Each part of a dotted key or header is found at the first line that names it. The entries of an
    array of tables are numbered from 0. Keys inside an inline table, and below MAX_DEPTH names, have no
    line of their own: see `line_of`.
    """
    found: dict[KeyPath, int] = {}
    entries: dict[KeyPath, int] = {}
    table: KeyPath = ()
    tokens = _numbered(text)
    for token, line in tokens:
        if token.lastgroup == "open":
            is_entry = text.startswith("[", token.end())
            end = next(other.start() for other, _line in tokens if other.lastgroup == "close")
            if is_entry:
                next(tokens)
            table = _entered(_parts(text[token.end() + is_entry : end]), entries, is_entry=is_entry)
            _note(found, table, line)
        elif token.lastgroup in ("bare", "text"):
            end = next(other.start() for other, _line in tokens if other.lastgroup == "equals")
            _note(found, table + _parts(text[token.start() : end]), line)
            _skip_value(tokens)
    return found


def line_of(lines: Mapping[KeyPath, int], path: Sequence[str | int]) -> int | None:
    """The line where `path` stands, else that of the nearest thing around it, else None."""
    for length in range(min(len(path), MAX_DEPTH), 0, -1):
        line = lines.get(tuple(path[:length]))
        if line is not None:
            return line
    return None


def _numbered(text: str) -> _Tokens:
    """The tokens of `text`, each with the line on which it begins."""
    line = 1
    for token in _TOKEN.finditer(text):
        yield token, line
        line += token[0].count("\n")


def _skip_value(tokens: _Tokens) -> None:
    """Move past a value: it ends with its line, unless a bracket is open or a string goes on."""
    depth = 0
    for token, _line in tokens:
        if token.lastgroup == "open":
            depth += 1
        elif token.lastgroup == "close":
            depth -= 1
        elif token.lastgroup == "newline" and depth == 0:
            return


def _entered(parts: KeyPath, entries: dict[KeyPath, int], *, is_entry: bool) -> KeyPath:
    """The path that a header opens, with the numbers of the entries it goes through."""
    path: KeyPath = ()
    for position, part in enumerate(parts, start=1):
        path += (part,)
        if is_entry and position == len(parts):
            entries[path] = entries.get(path, -1) + 1
        if path in entries:
            path += (entries[path],)
    return path


def _note(found: dict[KeyPath, int], path: KeyPath, line: int) -> None:
    for length in range(1, min(len(path), MAX_DEPTH) + 1):
        found.setdefault(path[:length], line)


def _parts(key: str) -> KeyPath:
    """The names in a dotted key; tomllib itself takes the quotes and escapes off."""
    key = key.strip()
    if _BARE_KEY.fullmatch(key):
        return tuple(key.split("."))
    parts: list[str] = []
    value: object = tomllib.loads(f"{key} = 0")
    while isinstance(value, dict):
        name = next(iter(value))
        parts.append(name)
        value = value[name]
    return tuple(parts)
