"""Where each value of the configuration came from, for messages and for `config show`.

Comes in: the file as it was read, and what the environment said. Goes out: origins and faults with
their place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.config.environment import Outside
from newsletter.config.lines import line_of
from newsletter.config.toml_file import CONFIG_NAME, Written
from newsletter.config.validation import MAX_FAULTS, Wrong, dotted
from newsletter.errors import Fault

_ENVIRONMENT = "environment "


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """The file at `path` and what lies over it."""

    path: str
    written: Written
    outside: Outside

    def origin(self, key: tuple[str, ...]) -> str:
        """Where the value of `key` came from: "config.toml:12", "environment NEWSLETTER_…", "default"."""
        if key in self.outside.origins:
            return self.outside.origins[key]
        return f"{CONFIG_NAME}:{self.line(key)}" if self._is_written(key) else "default"

    def line(self, key: tuple[str, ...]) -> int | None:
        """The line of the file where `key` stands, or the nearest thing around it."""
        return line_of(self.written.lines, key)

    def faults(self, wrong: Sequence[Wrong]) -> list[Fault]:
        """One fault for each of `wrong`, by line; at most MAX_FAULTS and a word about the rest."""
        found = sorted(map(self._fault, wrong), key=lambda fault: fault.line or 0)
        if len(found) <= MAX_FAULTS:
            return found
        message = f"there is more wrong than these {MAX_FAULTS} things. Is it the right file?"
        return [*found[:MAX_FAULTS], Fault(path=self.path, message=message)]

    def _fault(self, wrong: Wrong) -> Fault:
        origin = self.outside.origins.get(wrong.key)
        if origin is not None:
            place = origin.removeprefix(_ENVIRONMENT)
            return Fault(path=place, field=dotted(wrong.key), message=wrong.sentence)
        return Fault(path=self.path, line=self.line(wrong.key), field=dotted(wrong.key), message=wrong.sentence)

    def _is_written(self, key: tuple[str, ...]) -> bool:
        value: object = self.written.values
        for part in key:
            if not isinstance(value, dict) or part not in value:
                return False
            value = value[part]
        return True
