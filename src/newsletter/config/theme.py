"""The theme as text: the newsroom's own templates, and ours for each one it does not have.

Comes in: the newsroom's folder. Goes out: relative names and texts, which the desk hands to the
crafts; they never open a file. An editable install has no theme in the package: there the one at the
root of the repository is read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from newsletter.errors import ConfigError, Fault

MAX_TEMPLATE_BYTES = 500_000
MAX_TEMPLATES = 200

_ENDINGS = (".html", ".txt", ".css", ".svg", ".xml")
_PACKAGE = Path(__file__).resolve().parents[1]


def load_theme(folder: Path) -> Mapping[str, str]:
    """Every template by its relative name ("email/edition.html"), in the order of the names.

    For each name, the newsroom's `templates/` is stronger than the package's theme, and that than the
    repository's. Hidden files and files with other endings than a template's are passed over.

    Raises ConfigError with all faults: not UTF-8, more than MAX_TEMPLATE_BYTES octets, more than
    MAX_TEMPLATES files, unreadable, or no theme anywhere.
    """
    own = folder / "templates"
    found: dict[str, Path] = {}
    faults: list[Fault] = []
    for place in (own, *_built_in()):
        names = list(_template_names(place, faults))
        if len(names) > MAX_TEMPLATES:
            message = f"holds {len(names)} templates, more than {MAX_TEMPLATES}. Move away what is none."
            faults.append(Fault(path=str(place), message=message))
        for name in names[:MAX_TEMPLATES]:
            found.setdefault(name, place / name)
    if not found and not faults:
        message = "there are no templates here, nor in the program. Install it again, or copy a theme to this folder."
        raise ConfigError([Fault(path=str(own), message=message)])
    texts = {name: _read_template(found[name], faults) for name in sorted(found)}
    if faults:
        raise ConfigError(faults)
    return texts


def _built_in() -> Iterator[Path]:
    yield _PACKAGE / "theme"
    root = _PACKAGE.parents[1]
    # Only in a checkout: beside an installed package, "templates" would be somebody else's.
    if _PACKAGE.parent.name == "src" and (root / "pyproject.toml").is_file():
        yield root / "templates"


def _template_names(place: Path, faults: list[Fault]) -> Iterator[str]:
    """Relative names with slashes; links to folders are not followed, so that none leads in a circle."""

    def complain(error: OSError) -> None:
        # Passed over in silence, the readers would get our theme instead of the newsroom's.
        if not isinstance(error, FileNotFoundError):
            message = f"cannot be read: {error.strerror}. Check its permissions."
            faults.append(Fault(path=str(error.filename), message=message))

    for parent, folders, files in os.walk(place, onerror=complain):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(parent, name)
            if not name.startswith(".") and path.suffix in _ENDINGS and path.is_file():
                yield path.relative_to(place).as_posix()


def _read_template(path: Path, faults: list[Fault]) -> str:
    """The text of `path`, or nothing and one more fault."""
    try:
        with path.open("rb") as file:
            source = file.read(MAX_TEMPLATE_BYTES + 1)
    except OSError as error:
        faults.append(Fault(path=str(path), message=f"cannot be read: {error.strerror}. Check its permissions."))
        return ""
    if len(source) > MAX_TEMPLATE_BYTES:
        faults.append(Fault(path=str(path), message=f"is larger than {MAX_TEMPLATE_BYTES:,} octets. Shorten it."))
        return ""
    try:
        return source.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        faults.append(Fault(path=str(path), line=line, message="is not UTF-8. Save it as UTF-8 in your editor."))
        return ""
