"""What front matter is made of: entries that remember their line, neutral to YAML and TOML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from newsletter.errors import Fault


class Kind(Enum):
    """What an author wrote as a value."""

    TEXT = auto()
    NUMBER = auto()
    TRUTH = auto()
    DATE = auto()
    LIST = auto()
    TABLE = auto()
    NOTHING = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One value with its line in the file; `text` is a plain value as it was written."""

    kind: Kind
    line: int
    text: str = ""
    items: tuple[Entry, ...] = ()
    pairs: Mapping[str, Entry] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class FrontMatter:
    """The entries of a file by name, and what is wrong with their notation."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """The raw front matter of a file: its first line in the file is `line`."""

    notation: str
    text: str
    line: int
