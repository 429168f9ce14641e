"""What the environment says: secrets and the few values that differ per machine, nothing else.

Comes in: the variables, handed in. Goes out: `Outside`, values with the variable each came from. A
setting NEWSLETTER_STORE__URL may also stand in a file that NEWSLETTER_STORE__URL_FILE names, or, last,
in a systemd credential called `store.url`.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from newsletter.config.setting import variable_name
from newsletter.config.table import SETTINGS
from newsletter.config.values import quoted
from newsletter.errors import Fault

PREFIX = "NEWSLETTER_"
MAX_SECRET_BYTES = 65_536

Key = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outside:
    """Values from outside the file, by key; `origins` says in words where each came from."""

    values: dict[Key, object] = field(default_factory=dict)
    origins: dict[Key, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_environment(environ: Mapping[str, str], *, folder: Path, transports: Iterable[str]) -> Outside:
    """Every setting that `environ` holds for a newsroom with these `transports`.

    An empty variable counts as not set, since composed files cannot leave one out. Relative paths in
    `…_FILE` start at `folder`. Faults name the variable and never its value.
    """
    outside = Outside()
    names = tuple(transports)
    variables = {variable_name(key): key for key in _keys(names, from_environment=True)}
    for name, key in variables.items():
        _read_one(environ, name, key, folder=folder, outside=outside)
    allowed = {*variables, *(f"{name}_FILE" for name in variables)}
    of_file = {variable_name(key): ".".join(key) for key in _keys(names, from_environment=False)}
    for name in sorted(environ):
        fault = _unknown_fault(name, allowed, of_file)
        if fault is not None:
            outside.faults.append(fault)
    return outside


def _keys(transports: Iterable[str], *, from_environment: bool) -> Iterable[Key]:
    """The keys that may, or may not, come from the environment, one per transport where they name one."""
    for setting in SETTINGS:
        if setting.environment is not from_environment:
            continue
        if "NAME" in setting.parts:
            yield from (tuple(name if part == "NAME" else part for part in setting.parts) for name in transports)
        else:
            yield setting.parts


def _read_one(environ: Mapping[str, str], name: str, key: Key, *, folder: Path, outside: Outside) -> None:
    value, file_name = environ.get(name, ""), environ.get(f"{name}_FILE", "")
    credentials = environ.get("CREDENTIALS_DIRECTORY", "")
    if value and file_name:
        message = f"is set, and {name}_FILE too. Keep one of them."
        outside.faults.append(Fault(path=name, field=".".join(key), message=message))
    elif value:
        _keep(outside, key, value, origin=f"environment {name}")
    elif file_name:
        _read_file(folder / file_name, f"{name}_FILE", key, outside=outside)
    elif credentials and (Path(credentials) / ".".join(key)).is_file():
        _read_file(Path(credentials) / ".".join(key), f"credential {'.'.join(key)}", key, outside=outside)


def _read_file(path: Path, name: str, key: Key, *, outside: Outside) -> None:
    """Keep what stands in `path` without the line break at its end; complain about it under `name`."""
    try:
        status = path.stat()
        is_file = stat.S_ISREG(status.st_mode)
        source = path.read_bytes() if is_file and status.st_size <= MAX_SECRET_BYTES else b""
        text = source.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text, or no path"
        message = f"{quoted(str(path))} cannot be read: {reason}. Check the path and its permissions."
        outside.faults.append(Fault(path=name, field=".".join(key), message=message))
        return
    if not text:
        message = f"{quoted(str(path))} holds no value, or is no file of at most {MAX_SECRET_BYTES:,} octets. Fill it."
        outside.faults.append(Fault(path=name, field=".".join(key), message=message))
        return
    # Under systemd an access list lets the service in, which shows as a group's right to read.
    if status.st_mode & 0o077 and name.startswith(PREFIX):
        outside.warnings.append(
            f"{name}: {quoted(str(path))} can be read by others on this machine. Run: chmod 600 {path}"
        )
    _keep(outside, key, text, origin=f"{name} ({path})" if name.startswith(PREFIX) else name)


def _keep(outside: Outside, key: Key, value: str, *, origin: str) -> None:
    # Variables hold text; the file's numbers are numbers.
    is_port = key[-1] == "port" and value.isascii() and value.isdecimal() and len(value) <= 5
    outside.values[key] = int(value) if is_port else value
    outside.origins[key] = origin


def _unknown_fault(name: str, allowed: set[str], of_file: Mapping[str, str]) -> Fault | None:
    """A fault for a variable that looks like a setting and is none; None for all others."""
    spelled = name.upper()
    if not spelled.startswith(PREFIX) or name in allowed:
        return None
    shown = quoted(name)[1:-1]
    if spelled in allowed:
        return Fault(path=shown, message=f"is not read in small letters. Write {spelled}.")
    if spelled in of_file:
        message = f"is not read from the environment. Write {of_file[spelled]} into config.toml."
        return Fault(path=shown, message=message)
    by_letters = {_letters(known): known for known in sorted(allowed)}
    if "__" not in spelled.removeprefix(PREFIX) and _letters(spelled) not in by_letters:
        return None
    # The last word tells more than how long the words before it are.
    ending = f"__{spelled.rpartition('__')[2]}"
    alike = {letters: known for letters, known in by_letters.items() if known.endswith(ending)} or by_letters
    close = get_close_matches(_letters(spelled)[:200], alike, n=1, cutoff=0.7)
    advice = f"Did you mean {alike[close[0]]}?" if close else "Remove it, or write the setting into config.toml."
    return Fault(path=shown, message=f"is no setting that the environment may hold. {advice}")


def _letters(name: str) -> str:
    return name.replace("_", "").upper()
