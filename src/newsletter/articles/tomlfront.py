"""TOML front matter to entries. tomllib keeps no lines, so they are looked up by the field's name."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, date, datetime, time

from newsletter.articles.dates import NotADateError, is_date_like, parse_date
from newsletter.articles.entries import Block, Entry, FrontMatter, Kind
from newsletter.errors import Fault

_WHERE = re.compile(r" ?\(at (?:line (\d+), column \d+|end of document)\)$")
_ASSIGNED = re.compile(r"\s*[\"']?([\w-]+)[\"']?\s*=\s*(\S*)\s*$")


def read_toml(block: Block, *, path: str) -> FrontMatter:
    """The entries of a TOML block; one fault where it cannot be read, as tomllib stops there."""
    try:
        values = tomllib.loads(block.text)
    except ValueError as error:
        # TOMLDecodeError, and Python's own refusal of a number with 5,000 digits.
        return _unreadable(block, str(error), path=path)
    except RecursionError:
        message = "the front matter is nested too deep. Fields hold text or one list."
        return FrontMatter(faults=(Fault(path=path, line=block.line, message=message),))
    return FrontMatter(entries={name: _entry(value, _line_of(name, block)) for name, value in values.items()})


def _unreadable(block: Block, problem: str, *, path: str) -> FrontMatter:
    where = _WHERE.search(problem)
    lines = block.text.split("\n")
    number = int(where[1]) if where and where[1] else len(lines)
    assigned = _ASSIGNED.match(lines[number - 1]) if number <= len(lines) else None
    line = block.line + number - 1
    if assigned and is_date_like(assigned[2]):
        # tomllib says no more than "Invalid date": the sentence about the month is our own reader's.
        try:
            parse_date(assigned[2], zone=UTC)
        except NotADateError as error:
            return FrontMatter(faults=(Fault(path=path, line=line, field=assigned[1], message=str(error)),))
    sentence = _WHERE.sub("", problem)
    if sentence.startswith("Cannot overwrite"):
        message = "a field stands here for the second time. Keep one of the two."
        return FrontMatter(faults=(Fault(path=path, line=line, message=message),))
    message = f"the front matter cannot be read: {sentence[:1].lower()}{sentence[1:]}. Put text in quotes."
    return FrontMatter(faults=(Fault(path=path, line=line, message=message),))


def _line_of(name: str, block: Block) -> int:
    match = re.search(rf"^[ \t]*\[?[ \t]*[\"']?{re.escape(name)}[\"']?[ \t]*[\].=]", block.text, re.MULTILINE)
    return block.line + (block.text.count("\n", 0, match.start()) if match else 0)


def _entry(value: object, line: int) -> Entry:
    if isinstance(value, dict):
        return Entry(kind=Kind.TABLE, line=line, pairs={str(key): _entry(each, line) for key, each in value.items()})
    if isinstance(value, list):
        return Entry(kind=Kind.LIST, line=line, items=tuple(_entry(each, line) for each in value))
    if isinstance(value, bool):
        return Entry(kind=Kind.TRUTH, line=line, text=str(value).lower())
    if isinstance(value, datetime | date | time):
        return Entry(kind=Kind.DATE, line=line, text=value.isoformat())
    if isinstance(value, str):
        return Entry(kind=Kind.TEXT, line=line, text=value)
    return Entry(kind=Kind.NUMBER, line=line, text=str(value))
