"""A second opinion: mailauth, in JavaScript, judges our signatures and our records, and so does our own rehearsal."""

from __future__ import annotations

import base64
import json
import random
import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from newsletter.mail import DkimKey, DkimSigner, sign_message
from newsletter.trust import ZoneNames, rehearse_auth

SCRIPT = Path(__file__).parents[1] / "tools" / "mailauth_check.mjs"
BEGUN = datetime(2025, 11, 1, 10, 0, tzinfo=UTC)
WORDS = ["tide", "harbour", "été", "مرحبا", "潮", "=", ".", "..", "From", "--", "\t", "", "https://example.org/"]
GOOD = {"ip": "192.0.2.25", "helo": "mail.bounce.example.org", "sender": "b+1@bounce.example.org"}

Judge = Callable[[ZoneNames, Sequence[dict[str, Any]]], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def judge(external_tool: Callable[[str], Path]) -> Judge:
    """mailauth's verdicts, all in one process."""
    node, _ = external_tool("node"), external_tool("mailauth/package.json")

    def judged(names: ZoneNames, cases: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        zone: dict[str, dict[str, list[str]]] = {}
        for (name, kind), values in names.records.items():
            zone.setdefault(name, {})[kind] = [*names.txt(name)] if kind == "TXT" else [*values]
        lines = [zone, *({**case, "message": base64.b64encode(case["message"]).decode()} for case in cases)]
        found = subprocess.run(
            [node, SCRIPT],
            input="\n".join(map(json.dumps, lines)),
            capture_output=True,
            text=True,
            timeout=100,
            check=True,
        )
        return [json.loads(line) for line in found.stdout.splitlines()]

    return judged


@pytest.fixture(scope="module")
def messages(keys: tuple[DkimKey, DkimKey]) -> list[bytes]:
    """Two hundred messages of all kinds, each with both signatures."""
    chance, signer = random.Random(5), DkimSigner(domain="example.org", keys=keys)
    return [
        sign_message(written(chance, number), signer, now=BEGUN + timedelta(minutes=number)) for number in range(200)
    ]


def written(chance: random.Random, number: int) -> bytes:
    """A message with fields folded and not, and a body with odd ends."""
    subject = "\r\n ".join(
        " ".join(chance.choices(["spring", "tides", "at", "noon"], k=5)) for _ in range(number % 4 + 1)
    )
    lines = [" ".join(chance.choices(WORDS, k=chance.randrange(9))) for _ in range(chance.randrange(12))]
    body = "\r\n".join(lines) + "\r\n" * chance.randrange(4)
    return (
        "From: The Harbour Post <news@example.org>\r\n"
        f"To: reader{number}@example.org\r\n"
        f"Subject:{' ' * chance.randrange(3)}{subject}{' ' * chance.randrange(3)}\r\n"
        f"Date: Sat, 01 Nov 2025 10:{number % 60:02}:00 +0000\r\n"
        f"Message-ID: <e1.{number}@example.org>\r\n"
        f"List-Unsubscribe: <https://example.org/u/t{number}>,\r\n\t<mailto:unsub+t{number}@bounce.example.org>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n"
        f"\r\n{body}"
    ).encode()


def opinions(names: ZoneNames, case: dict[str, Any]) -> dict[str, Any]:
    """What our own rehearsal says, as mailauth would put it."""
    result = rehearse_auth(
        case["message"], envelope_sender=case["sender"], helo=case["helo"], ip=case["ip"], names=names
    )
    return {
        "spf": result.spf.result,
        "dkim": [[one.selector, one.algorithm, one.result] for one in result.signatures],
        "dmarc": result.dmarc,
    }


def test_every_signature_passes_and_so_do_spf_and_dmarc(judge: Judge, publish, messages: list[bytes]) -> None:
    verdicts = judge(publish(), [{**GOOD, "message": message} for message in messages])

    passed = [["news2025", "rsa-sha256", "pass"], ["news2025e", "ed25519-sha256", "pass"]]
    assert verdicts == [{"spf": "pass", "dkim": passed, "dmarc": "pass"}] * len(messages)


def test_each_changed_octet_and_each_second_field_breaks_both_signatures(
    judge: Judge, publish, messages: list[bytes]
) -> None:
    chance, spoilt = random.Random(6), []
    for message in messages:
        begin = message.index(b"From: The")
        place = chance.choice([at for at in range(begin, len(message)) if message[at : at + 1].isalnum()])
        spoilt.append(message[:place] + (b"x" if message[place] != ord("x") else b"y") + message[place + 1 :])
    for name in ("From", "To", "Subject", "Date", "Content-Type", "List-Unsubscribe", "List-Unsubscribe-Post"):
        spoilt.append(f"{name}: <mallory@example.org>\r\n".encode() + messages[0])
        # The same field taken away.
        begin = messages[0].index(f"\r\n{name}:".encode()) + 2
        end = messages[0].index(b"\r\n", begin) + 2
        spoilt.append(messages[0][:begin] + messages[0][end:].removeprefix(b"\t").lstrip(b" "))

    verdicts = judge(publish(), [{**GOOD, "message": message} for message in spoilt])

    for message, verdict in zip(spoilt, verdicts, strict=True):
        assert "pass" not in {result for _, _, result in verdict["dkim"]}, message


@pytest.mark.parametrize(
    ("lines", "without"),
    [
        ((), ()),
        ((), ("_dmarc.example.org",)),
        ((), ("bounce.example.org",)),
        (
            (
                'bounce.example.org. IN TXT "v=spf1 include:s.example.net -all"',
                's.example.net. IN TXT "v=spf1 ip4:192.0.2.0/24"',
            ),
            ("bounce.example.org",),
        ),
        (('bounce.example.org. IN TXT "v=spf1 moo"',), ("bounce.example.org",)),
        (('bounce.example.org. IN TXT "v=spf1 a:mail.bounce.example.org ?all"',), ("bounce.example.org",)),
        (('_dmarc.example.org. IN TXT "v=DMARC1; p=reject; aspf=s; adkim=s"',), ("_dmarc.example.org",)),
        (('_dmarc.example.org. IN TXT "v=DMARC1; p=reject"',), ()),
        (('_dmarc.org. IN TXT "v=DMARC1; p=reject; psd=y"',), ("_dmarc.example.org",)),
        (('_dmarc.bounce.example.org. IN TXT "v=DMARC1; p=none; psd=n"',), ()),
    ],
)
@pytest.mark.parametrize("ip", ["192.0.2.25", "198.51.100.9", "2001:db8::25"])
def test_our_rehearsal_and_mailauth_agree(
    judge: Judge, publish, signed: bytes, lines: tuple[str, ...], without: tuple[str, ...], ip: str
) -> None:
    names = publish(*lines, without=without)
    unsigned = signed[signed.index(b"From: The") :]
    cases = [{**GOOD, "ip": ip, "message": message} for message in (signed, unsigned, signed.replace(b"tide", b"tyde"))]

    verdicts = judge(names, cases)

    ours = [opinions(names, case) for case in cases]
    for verdict in (*verdicts, *ours):
        verdict["dkim"] = [[selector, result == "pass"] for selector, _, result in verdict["dkim"]]
    assert verdicts == ours
