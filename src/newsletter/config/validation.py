"""Checks what is written against the records, and says every fault in a sentence of ours.

Comes in: nested plain values. Goes out: `Sections`, or what is wrong with which key. pydantic finds
unknown, missing and misshapen things in one pass; the readers of the fields do the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING

from newsletter.config.settings import Sections
from newsletter.config.table import SETTINGS, find_setting, known_names
from newsletter.config.values import quoted

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,80}")

# After so many faults the file is something else; a file of 100,000 unknown keys would take minutes.
MAX_FAULTS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Wrong:
    """A key, and the rest of the sentence that begins with it."""

    key: tuple[str, ...]
    sentence: str


def is_bare(name: str) -> bool:
    """Whether TOML takes `name` for a key without quotes, and a message can show it whole."""
    return _BARE_KEY.fullmatch(name) is not None


def dotted(key: Sequence[str]) -> str:
    """`key` as one would write it in TOML: topics.harbour.names, topics."two words".names."""
    return ".".join(part if is_bare(part) else quoted(part) for part in key)


def validate(values: Mapping[str, object]) -> tuple[Sections | None, tuple[Wrong, ...]]:
    """The sections that `values` spell, or None and what is wrong: of more than MAX_FAULTS things, one more."""
    # Late, because pydantic costs 0.2 s and a command that only shows its help needs none of it.
    from pydantic import ValidationError

    try:
        return _checker().validate_python(values), ()
    except ValidationError as error:
        # The error itself quotes its input, passwords and all: only its parts are used.
        complaints = error.errors(include_url=False, include_input=False)
    wrong: list[Wrong] = []
    for complaint in complaints[: MAX_FAULTS + 1]:
        key = tuple(str(part) for part in complaint["loc"] if part != "[key]")
        cause = complaint.get("ctx", {}).get("error")
        wrong.append(_wrong(key, complaint["type"], str(cause or complaint["msg"])))
    return None, tuple(wrong)


@cache
def _checker() -> TypeAdapter[Sections]:
    """What checks the records; built once, since that takes 25 ms."""
    from pydantic import TypeAdapter

    return TypeAdapter(Sections)


def _wrong(key: tuple[str, ...], kind: str, sentence: str) -> Wrong:
    if kind == "missing":
        return _missing(key)
    if kind == "unexpected_keyword_argument":
        return Wrong(key=key, sentence=unknown_sentence(key))
    if kind in ("dataclass_type", "dict_type"):
        shown = dotted(key)
        return Wrong(key=key, sentence=f"must be a section. Write [{shown}] on a line of its own, its keys below.")
    return Wrong(key=key, sentence=sentence)


def _missing(key: tuple[str, ...]) -> Wrong:
    setting = find_setting(key)
    if setting is not None:
        section = dotted(key[:-1])
        advice = f"Write under [{section}]: {key[-1]} = {setting.example}"
        return Wrong(key=key, sentence=f"is missing. {advice}")
    if key == ("transports",):
        advice = 'Write a section [transports.outbox] with kind = "maildir" and path = "outbox".'
        return Wrong(key=key, sentence=f"is missing. {advice}")
    needed = " and ".join(s.parts[-1] for s in SETTINGS if s.parts[:-1] == key and not s.default)
    return Wrong(key=key, sentence=f"the section is missing. Write [{dotted(key)}] with {needed}.")


def unknown_sentence(key: tuple[str, ...]) -> str:
    """What to say of a key that is no setting: the nearest one, or the section where it belongs."""
    name, inside = key[-1], key[:-1]
    known = known_names(inside)
    close = get_close_matches(name.lower()[:80], known, n=1)
    if close:
        return f"there is no such setting. Did you mean {close[0]}?"
    elsewhere = [setting.key for setting in SETTINGS if setting.parts[-1] == name]
    if elsewhere:
        return f"does not belong here. Move it to {' or '.join(elsewhere)}."
    return f"there is no such setting. Known here: {', '.join(known)}."
