"""Fixtures of the mailbox tests: a real IMAP server, and programs that are not ours."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import pytest

sys.path.insert(0, str(Path(__file__).parent / "harness"))
sys.path.insert(0, str(Path(__file__).parents[1] / "delivery" / "harness"))

from dovecot import Account, dovecot  # found only through the lines above

from newsletter.delivery.mailboxes import BounceListener, Take

SYSTEM_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


def find_tool(name: str, package: str) -> str:
    """A program; without it the test says that it could not run."""
    return shutil.which(name, path=SYSTEM_PATH) or missing(f"{name} is not installed. Install the package {package}")


def missing(reason: str) -> NoReturn:
    if os.environ.get("NEWSLETTER_REQUIRE_TOOLS") == "1":
        pytest.fail(f"{reason}, for NEWSLETTER_REQUIRE_TOOLS=1 asks for it.")
    pytest.skip(f"could not run: {reason}.")


@pytest.fixture
def external_tool() -> Callable[[str, str], str]:
    return find_tool


@pytest.fixture(scope="session")
def imap_server() -> Iterator[Account]:
    program = find_tool("dovecot", "dovecot-imapd")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("2.3."):
        # Its configuration is written in another way since 2.4.
        missing(f"this is written for Dovecot 2.3, and {version.split()[0]} is installed")
    with dovecot(program) as account:
        yield account


@pytest.fixture
def account(imap_server: Account, request: pytest.FixtureRequest) -> Account:
    """A mailbox that no other test has."""
    return imap_server.of(re.sub(r"[^a-z0-9]", "", request.node.name.lower()))


@pytest.fixture
def listening() -> Iterator[Callable[..., BounceListener]]:
    """Start a listener; it is stopped when the test ends."""
    with ExitStack() as ending:

        def start(take: Take, *, timeout_s: float = 20.0, bind: str = "127.0.0.1:0") -> BounceListener:
            listener = BounceListener(bind, take, domain="example.org", timeout_s=timeout_s)
            listener.start()
            ending.callback(listener.stop, timeout_s=20.0)
            return listener

        yield start
