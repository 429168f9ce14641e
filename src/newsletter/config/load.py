"""Loads the configuration: option, environment, file, default, in this order of strength.

Comes in: the newsroom's folder, the environment, perhaps options of a command. Goes out: `Config`,
or ConfigError with every fault of all of them at once. Called by the doors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from newsletter.config.agreement import disagreements
from newsletter.config.completion import complete
from newsletter.config.environment import read_environment
from newsletter.config.settings import Config
from newsletter.config.sources import Sources
from newsletter.config.toml_file import CONFIG_NAME, read_toml
from newsletter.config.validation import Wrong, unknown_sentence, validate
from newsletter.errors import ConfigError


def load_config(folder: Path, *, environ: Mapping[str, str], options: Mapping[str, object] | None = None) -> Config:
    """The checked configuration of the newsroom in `folder`, with the origin of every value.

    `options` are what a command was told, by dotted key ("web.bind"). Relative paths in the file and
    in `sqlite:///…` start at `folder`. Reads `config.toml` and the files that variables name; writes
    nothing.

    Raises ConfigError with all faults: those of the environment, then those of the file by line.
    """
    path = folder / CONFIG_NAME
    written = read_toml(path)
    names = tuple(name for name, _table in _transports(written.values))
    outside = read_environment(environ, folder=folder, transports=names)
    for name, value in (options or {}).items():
        key = tuple(name.split("."))
        outside.values[key], outside.origins[key] = value, "option"
    values = _merged(written.values, outside.values)
    sources = Sources(path=str(path), written=written, outside=outside)
    contradictions = disagreements(values)
    reserved = _name_transports(values)
    sections, invalid = validate(values)
    faults = [*outside.faults, *sources.faults([*contradictions, *reserved, *invalid])]
    if sections is None or faults:
        raise ConfigError(faults)
    return complete(sections, folder.absolute(), sources)


def _merged(written: Mapping[str, object], stronger: Mapping[tuple[str, ...], object]) -> dict[str, object]:
    """`written` with the `stronger` values put over it; what is no table stays, to be complained of."""
    values: dict[str, object] = {name: _copied(value, depth=2) for name, value in written.items()}
    for key, value in stronger.items():
        table: object = values
        for part in key[:-1]:
            table = table.setdefault(part, {}) if isinstance(table, dict) else None
        if isinstance(table, dict):
            table[key[-1]] = value
    return values


def _copied(value: object, *, depth: int) -> object:
    """`value` with its tables copied `depth` levels down: as deep as values are put over it."""
    if not isinstance(value, dict) or depth == 0:
        return value
    return {name: _copied(below, depth=depth - 1) for name, below in value.items()}


def _transports(values: Mapping[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
    transports = values.get("transports")
    for name, table in (transports if isinstance(transports, dict) else {}).items():
        if isinstance(table, dict):
            yield name, table


def _name_transports(values: Mapping[str, object]) -> tuple[Wrong, ...]:
    """Tell each transport its name, which is its section's title; a `name` of its own is a fault."""
    wrong: list[Wrong] = []
    for name, table in _transports(values):
        if "name" in table:
            key = ("transports", name, "name")
            wrong.append(Wrong(key=key, sentence=unknown_sentence(key)))
        table["name"] = name
    return tuple(wrong)
