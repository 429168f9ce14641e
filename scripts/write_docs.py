"""`make docs`: the reference pages, written from the program itself. A test keeps the committed pages fresh."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import reference_commands
import reference_database
import reference_errors
import reference_findings

from newsletter.config.reference import configuration_reference

DOCS = Path(__file__).resolve().parents[1] / "docs"


def pages() -> Mapping[str, str]:
    """Every generated page: its name under `docs/`, and its text."""
    return {
        "commands.md": reference_commands.page(),
        "configuration.md": configuration_reference(),
        "database.md": reference_database.page(),
        "errors.md": reference_errors.page(),
        "findings.md": reference_findings.page(),
    }


def main() -> int:
    """Write what differs, and say its name."""
    for name, text in pages().items():
        path = DOCS / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{path.relative_to(DOCS.parent)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
