"""Reads `config.toml` as it is written: values, and the line of each; nothing is believed yet.

Comes in: the path. Goes out: `Written`, or ConfigError with one sentence. Called by the loader.
"""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from newsletter.config.lines import KeyPath, find_lines
from newsletter.errors import ConfigError, Fault

CONFIG_NAME = "config.toml"
MAX_CONFIG_BYTES = 1_000_000

_PLACE = re.compile(r"(?P<what>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What a file says. `is_private` is true when nobody but its owner can read it."""

    values: Mapping[str, object]
    lines: Mapping[KeyPath, int]
    is_private: bool


def read_toml(path: Path) -> Written:
    """What stands in the file `path`, at most MAX_CONFIG_BYTES octets of UTF-8.

    Raises ConfigError when the file is missing, too large, unreadable, or not TOML.
    """
    text, mode = _read_text(path)
    try:
        values = tomllib.loads(text)
    except RecursionError:
        raise ConfigError([Fault(path=str(path), message="brackets are nested too deep. Write it flatter.")]) from None
    except ValueError as error:
        raise ConfigError([_syntax_fault(path, str(error))]) from None
    return Written(values=values, lines=find_lines(text), is_private=not mode & 0o077)


def _read_text(path: Path) -> tuple[str, int]:
    try:
        status = path.stat()
        # A pipe or a device would keep us waiting.
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError([Fault(path=str(path), message="is not a file. Put the settings into a file.")])
        with path.open("rb") as file:
            source = file.read(MAX_CONFIG_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigError([_missing_fault(path)]) from None
    except OSError as error:
        message = f"cannot be read: {error.strerror}. Check its owner and permissions."
        raise ConfigError([Fault(path=str(path), message=message)]) from error
    if len(source) > MAX_CONFIG_BYTES:
        message = f"is larger than {MAX_CONFIG_BYTES:,} octets, so it is not read. Is it the right file?"
        raise ConfigError([Fault(path=str(path), message=message)])
    try:
        # Editors on Windows put a byte order mark first, which TOML does not know.
        return source.decode("utf-8-sig"), status.st_mode
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        fault = Fault(path=str(path), line=line, message="is not UTF-8. Save it as UTF-8 in your editor.")
        raise ConfigError([fault]) from None


def _missing_fault(path: Path) -> Fault:
    return Fault(
        path=str(path),
        message="there is no such file, so this is no newsroom. Go to its folder, or make one: newsletter init DIR",
    )


def _syntax_fault(path: Path, complaint: str) -> Fault:
    """Put tomllib's complaint, which ends in "(at line 3, column 5)", where an editor can jump to it."""
    place = _PLACE.fullmatch(complaint)
    what = place["what"] if place else complaint
    line = int(place["line"]) if place and place["line"] else None
    column = f" at column {place['column']}" if place and place["column"] else ""
    safe = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in what[:200])
    return Fault(
        path=str(path),
        line=line,
        message=f"is not TOML{column}: {safe[:1].lower()}{safe[1:]}. Text stands in double quotes, each key once.",
    )
