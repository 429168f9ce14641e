"""Fixtures of the mailbox tests: a real IMAP server, and programs that are not ours."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "harness"))
sys.path.insert(0, str(Path(__file__).parents[1] / "delivery" / "harness"))

from dovecot import Account, dovecot  # found only through the lines above

SYSTEM_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


def find_tool(name: str, package: str) -> str:
    """A program; without it the test says that it could not run."""
    path = shutil.which(name, path=SYSTEM_PATH)
    if path is None and os.environ.get("NEWSLETTER_REQUIRE_TOOLS") == "1":
        pytest.fail(f"{name} is not installed, and NEWSLETTER_REQUIRE_TOOLS=1 asks for it.")
    if path is None:
        pytest.skip(f"could not run: {name} is not installed. Install the package {package}.")
    return path


@pytest.fixture
def external_tool() -> Callable[[str, str], str]:
    return find_tool


@pytest.fixture(scope="session")
def imap_server() -> Iterator[Account]:
    with dovecot(find_tool("dovecot", "dovecot-imapd")) as account:
        yield account


@pytest.fixture
def account(imap_server: Account, request: pytest.FixtureRequest) -> Account:
    """A mailbox that no other test has."""
    return imap_server.of(re.sub(r"[^a-z0-9]", "", request.node.name.lower()))
