"""A newsroom whose records are all published as they should be, and ways to spoil them one at a time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.mail import DkimKey, DkimKind, DkimSigner, new_dkim_key, read_dkim_key, sign_message
from newsletter.trust import MailIdentity, ZoneNames, read_zone, wanted_records

TOOLS = Path(__file__).parents[1] / "tools"
HOSTS = "mail.bounce.example.org. IN A 192.0.2.25\nmail.bounce.example.org. IN AAAA 2001:db8::25\n"
REPORTED = '_dmarc.example.org. IN TXT "v=DMARC1; p=quarantine; rua=mailto:ada@example.org"'
MESSAGE = """\
From: The Harbour Post <news@example.org>
To: ben@example.org
Subject: Spring tides
Date: Sat, 01 Nov 2025 10:00:00 +0000
Message-ID: <e1.1@example.org>
List-Unsubscribe: <https://example.org/u/token>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

The tide tables hang at the harbour office.
"""

Publish = Callable[..., ZoneNames]


@pytest.fixture(scope="session")
def keys() -> tuple[DkimKey, DkimKey]:
    """An RSA key, and an Ed25519 key beside it."""
    rsa, ed25519 = new_dkim_key(), new_dkim_key(DkimKind.ED25519)
    return read_dkim_key(rsa, selector="news2025"), read_dkim_key(ed25519, selector="news2025e")


@pytest.fixture(scope="session")
def identity(keys: tuple[DkimKey, DkimKey]) -> MailIdentity:
    """Who sends: mail from example.org, with bounces below it, out of one host with two addresses."""
    return MailIdentity(
        from_domain="example.org",
        bounce_domain="bounce.example.org",
        dkim_domain="example.org",
        owner="ada@example.org",
        keys=tuple((key.selector, key.record) for key in keys),
        addresses=("192.0.2.25", "2001:db8::25"),
    )


@pytest.fixture(scope="session")
def publish(identity: MailIdentity) -> Publish:
    """The name servers with every wanted record, those of `without` gone, `lines` added; `silent` never answer."""

    def published(*lines: str, without: Sequence[str] = (), silent: Sequence[str] = ()) -> ZoneNames:
        wanted = [each.as_zone_line() for each in wanted_records(identity) if each.name != "_dmarc.example.org"]
        kept = [line for line in (*wanted, *HOSTS.splitlines(), REPORTED) if line.split(". ")[0] not in without]
        return read_zone("\n".join((*kept, *lines)), called="test", silent=silent)

    return published


@pytest.fixture(scope="session")
def signed(keys: tuple[DkimKey, DkimKey]) -> bytes:
    """A message with both signatures, as it is on the wire."""
    message = MESSAGE.replace("\n", "\r\n").encode("ascii")
    signer = DkimSigner(domain="example.org", keys=keys)
    return sign_message(message, signer, now=datetime(2025, 11, 1, 10, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def external_tool() -> Callable[[str], Path]:
    """The path of a program or file from outside, else the test is skipped in a sentence.

    With NEWSLETTER_REQUIRE_TOOLS=1 a missing one fails instead.
    """

    def found(name: str) -> Path:
        place = Path(shutil.which(name) or TOOLS / "node_modules" / name)
        if place.exists():
            return place
        sentence = f"could not run: {name} is not installed on this machine"
        if os.environ.get("NEWSLETTER_REQUIRE_TOOLS") == "1":
            pytest.fail(sentence)
        pytest.skip(sentence)

    return found
