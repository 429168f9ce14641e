"""Values as people and machines read them: cells, counts, JSON, and foreign text made harmless.

Comes in: records of the rooms. Goes out: text without control characters, or plain dictionaries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path

# What a terminal obeys instead of showing: C0 but TAB and LF, DEL, C1, line and paragraph separators,
# bidirectional overrides and isolates, and half characters (odd file names), which cannot be written.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# What json.dumps leaves as it is, though a terminal obeys it or UTF-8 cannot hold it.
_NOT_IN_JSON = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: str) -> str:
    """`text` fit for a terminal: a title, a server's reply or a file name moves no cursor and paints nothing."""
    return _OBEYED.sub("\ufffd", text)


def shown(value: object) -> str:
    """A cell as text on one line: hours with their zone, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return hour(value)
    return plain(" ".join(str(value).splitlines()))


def hour(moment: datetime) -> str:
    """`2026-11-24 09:00 UTC`"""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def moment(at: datetime) -> str:
    """`2026-11-24 09:00:03 UTC`"""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def counted(number: int, noun: str) -> str:
    """`1 reader`, `1,201 readers`; for nouns that take an s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size(octets: int) -> str:
    """`15 KB`, `2.3 MB`"""
    return f"{octets / 1e6:.1f} MB" if octets >= 1e6 else f"{max(1, round(octets / 1e3))} KB"


def as_json(value: object, *, indent: int | None = 2) -> str:
    """`value` as JSON that can be looked at on a terminal, too; without `indent` on one line."""
    text = json.dumps(jsonable(value), ensure_ascii=False, indent=indent)
    return _NOT_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def jsonable(value: object) -> object:
    """`value` as JSON can say it: records by field, enums by name, times as RFC 3339 in UTC."""
    if isinstance(value, IntEnum):
        return value.name.lower()
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, (str, Path)):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: jsonable(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(jsonable(key)): jsonable(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [jsonable(item) for item in value]
    return str(value)


def picked(record: object, names: Iterable[str]) -> dict[str, object]:
    """Some attributes of `record` by name: the keys of our JSON are chosen, not whatever the record has."""
    return {name: getattr(record, name) for name in names}
