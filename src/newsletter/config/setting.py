"""What is told of one setting in the table of settings, and how its environment variable is called.

Comes in: nothing. Goes out: the record that `table` and `schedule_table` are lists of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One setting. `default` and `example` are TOML; an empty default means that it must be written.

    A default in words is in brackets. `environment` says whether it differs per machine and may be
    set there; `secret` whether its value is masked.
    """

    key: str
    kind: str
    meaning: str
    example: str
    default: str = ""
    environment: bool = False
    secret: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        """The names between the dots."""
        return tuple(self.key.split("."))


def variable_name(key: Sequence[str]) -> str:
    """The environment variable of a setting: NEWSLETTER_TRANSPORTS__RELAY__PASSWORD."""
    return "NEWSLETTER_" + "__".join(part.upper().replace("-", "_") for part in key)
