"""A whole newsroom whose clock is moved by hand; the harness is that of the newsroom's tests, and our own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "newsroom" / "harness"))
sys.path.insert(0, str(Path(__file__).parents[1] / "delivery" / "harness"))
sys.path.insert(0, str(Path(__file__).parent / "harness"))

from clockwork import Clockwork  # found only through the lines above
from real_newsroom import Desk, desk, either_desk, empty_database, postgresql_url

__all__ = ["desk", "either_desk", "empty_database", "postgresql_url"]


@pytest.fixture
def clockwork(desk: Desk) -> Clockwork:
    return Clockwork(desk)


@pytest.fixture
def either_clockwork(either_desk: Desk) -> Clockwork:
    """The same clockwork on SQLite and on PostgreSQL."""
    return Clockwork(either_desk)


@pytest.fixture
def external_tool() -> Callable[[str], str]:
    """Find a program that is not ours; without it the test says that it could not run."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None and os.environ.get("NEWSLETTER_REQUIRE_TOOLS") == "1":
            pytest.fail(f"{name} is not installed, and NEWSLETTER_REQUIRE_TOOLS=1 asks for it.")
        if path is None:
            pytest.skip(f"could not run: {name} is not installed.")
        if name == "strace" and subprocess.run([path, "-o", os.devnull, "true"], capture_output=True).returncode:
            pytest.skip("could not run: this machine forbids programs to trace others.")
        return path

    return find
