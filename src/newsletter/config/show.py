"""What the configuration is and where each value came from, for `newsletter config show`.

Comes in: a loaded `Config`. Goes out: one line per setting, secrets masked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, is_dataclass
from datetime import timedelta

from newsletter.config.pace_values import Hours, Percent
from newsletter.config.secret import MASK, Secret, mask_url
from newsletter.config.settings import (
    SETTINGS_OF_KIND,
    Config,
    ScheduleSettings,
    StoreSettings,
    TransportSettings,
    written_name,
)
from newsletter.config.validation import dotted, is_bare
from newsletter.config.values import write_duration
from newsletter.model import Mailbox

Shown = str | int | bool | None | list["Shown"] | dict[str, "Shown"]

# What a Config knows beside its sections, and a schedule beside what is written in its own.
_NOT_SETTINGS = ("folder", "origins", "warnings")
_NOT_WRITTEN = ("name", "rule")


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownSetting:
    """One setting as it may be printed; `value` fits JSON, None where nothing is set."""

    key: str
    value: Shown
    origin: str

    @property
    def text(self) -> str:
        """The value as the file would hold it; empty where nothing is set."""
        return "" if self.value is None else write_value(self.value)

    def __str__(self) -> str:
        """A line of TOML with the origin behind it; a comment where nothing is set."""
        return f"{self.key} = {self.text}  # {self.origin}" if self.text else f"# {self.key} is not set"


def show(config: Config) -> tuple[ShownSetting, ...]:
    """Every setting of `config` in the order of its sections, with secrets masked."""
    return tuple(
        ShownSetting(key=dotted(key), value=value, origin=config.origins.get(dotted(key), "default"))
        for key, value in shown_values(config).items()
    )


def shown_values(config: Config) -> dict[tuple[str, ...], Shown]:
    """The value of every setting by its key, as it may be printed."""
    return dict(_leaves(config, ()))


def write_value(value: Shown) -> str:
    """`value` as TOML writes it on one line."""
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL, which JSON leaves as it is.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, list):
        return f"[{', '.join(map(write_value, value))}]"
    if isinstance(value, dict):
        pairs = ", ".join(
            f"{key if is_bare(key) else write_value(key)} = {write_value(item)}" for key, item in value.items()
        )
        return f"{{ {pairs} }}" if pairs else "{}"
    return json.dumps(value)


def _leaves(record: object, key: tuple[str, ...]) -> list[tuple[tuple[str, ...], Shown]]:
    if isinstance(record, StoreSettings):
        return [((*key, "url"), mask_url(record.url))]
    if isinstance(record, TransportSettings):
        return [((*key, name), _shown(getattr(record, name))) for name in SETTINGS_OF_KIND[record.kind]]
    if is_dataclass(record) and not isinstance(record, Mailbox | Hours | Percent):
        left_out = _NOT_WRITTEN if isinstance(record, ScheduleSettings) else _NOT_SETTINGS
        below = {
            written_name(each.name): getattr(record, each.name) for each in fields(record) if each.name not in left_out
        }
        return [leaf for name, value in below.items() for leaf in _leaves(value, (*key, name))]
    if isinstance(record, dict) and key in (("transports",), ("topics",), ("schedules",)):
        return [leaf for name, value in record.items() for leaf in _leaves(value, (*key, name))]
    return [(key, _shown(record))]


def _shown(value: object) -> Shown:
    """A field's value in the words of the file."""
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, Mailbox):
        return f"{value.name} <{value.address}>" if value.name else value.address
    if isinstance(value, timedelta):
        return write_duration(value)
    if isinstance(value, tuple):
        return [_shown(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _shown(item) for key, item in value.items()}
    if value is None or isinstance(value, bool | int):
        return value
    return str(value)
