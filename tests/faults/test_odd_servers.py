"""Servers that break off, drip, flood, talk nonsense or talk too early: the sink's log is the judge of every answer."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from scripted_smtp import CHUNKED, DRIP, FLOOD, GARBAGE, HANG, ONE_BY_ONE, PIPELINED, ScriptedSmtp

from newsletter.delivery.transports import SmtpSettings, SmtpTransport, Tls
from newsletter.errors import TransportError
from newsletter.model import Envelope, Outcome, Receipt

MESSAGE = b"Subject: x\r\nMessage-ID: <e1.s1@news.example.org>\r\n\r\n.body\r\n"
WAYS = {"one by one": ONE_BY_ONE, "pipelined": PIPELINED, "chunked": CHUNKED}
STEPS = {way: ["mail", "rcpt", "bdat"] if way == "chunked" else ["mail", "rcpt", "data", "dot"] for way in WAYS}
OPENING = ["banner", "ehlo", "auth"]
AT_EACH_STEP = [(way, step) for way in WAYS for step in [*OPENING, *STEPS[way]]]


def settings_for(port: int, *, timeout_s: float = 5.0, login: bool = False) -> SmtpSettings:
    return SmtpSettings(
        host="127.0.0.1",
        port=port,
        tls=Tls.NONE,
        local_name="news.example.org",
        user="news" if login else "",
        password="secret" if login else "",
        plain_login=True,
        connect_timeout_s=timeout_s,
        command_timeout_s=timeout_s,
        dot_timeout_s=timeout_s,
    )


def send(settings: SmtpSettings, opened: list[bool]) -> Receipt | None:
    """What became of one message; None for an outage."""
    envelope = Envelope(sender="news@example.org", recipient="ada@example.org")
    with SmtpTransport(settings) as transport, suppress(TransportError):
        return transport.deliver(envelope, MESSAGE, opened=lambda: opened.append(True))
    return None


def is_honest(server: ScriptedSmtp, receipt: Receipt | None, opened: list[bool]) -> bool:
    """Whether the answer agrees with the sink: no acceptance invented, none denied, no content without an attempt."""
    if server.contents and not opened:
        return False
    if receipt is not None and receipt.outcome is Outcome.ACCEPTED:
        return len(server.accepted) == 1
    return not server.accepted or (receipt is not None and receipt.outcome is Outcome.UNKNOWN)


def words_of_a_whole_exchange(way: str) -> tuple[int, int]:
    """How many octets server and sender say when all goes well."""
    with ScriptedSmtp(extensions=WAYS[way]) as server:
        assert send(settings_for(server.port), []) is not None
    return server.said, server.heard


@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_breaks_off_at_any_octet_it_says_gets_an_honest_end(way: str) -> None:
    said, _ = words_of_a_whole_exchange(way)
    outcomes = set()
    for cut in range(1, said + 1):
        opened: list[bool] = []
        with ScriptedSmtp(extensions=WAYS[way], cut=cut) as server:
            receipt = send(settings_for(server.port), opened)

        assert is_honest(server, receipt, opened), f"cut after {cut} octets: {receipt}"
        outcomes.add(receipt and receipt.outcome)
    assert {None, Outcome.UNKNOWN, Outcome.ACCEPTED} <= outcomes


@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_breaks_off_at_any_octet_it_hears_gets_an_honest_end(way: str) -> None:
    _, heard = words_of_a_whole_exchange(way)
    for deaf in range(1, heard + 1):
        opened: list[bool] = []
        with ScriptedSmtp(extensions=WAYS[way], deaf=deaf) as server:
            receipt = send(settings_for(server.port), opened)

        assert is_honest(server, receipt, opened), f"deaf after {deaf} octets: {receipt}"


@pytest.mark.parametrize("answer", [GARBAGE, FLOOD])
@pytest.mark.parametrize(("way", "step"), AT_EACH_STEP)
def test_nonsense_and_8_mb_of_reply_end_soon_and_honestly(way: str, step: str, answer: str) -> None:
    opened: list[bool] = []
    with ScriptedSmtp({step: answer}, extensions=WAYS[way]) as server:
        started = time.monotonic()
        receipt = send(settings_for(server.port, login=step == "auth"), opened)

    assert time.monotonic() - started < 4
    assert is_honest(server, receipt, opened)
    assert receipt is None or receipt.outcome in (Outcome.DEFERRED, Outcome.UNKNOWN)


@pytest.mark.parametrize("answer", [HANG, DRIP])
@pytest.mark.parametrize(("way", "step"), AT_EACH_STEP)
def test_silence_and_one_octet_at_a_time_end_at_the_limit(way: str, step: str, answer: str) -> None:
    # F10: a limit that starts anew with every octet is none.
    opened: list[bool] = []
    with ScriptedSmtp({step: answer}, extensions=WAYS[way]) as server:
        started = time.monotonic()
        receipt = send(settings_for(server.port, timeout_s=0.2, login=step == "auth"), opened)
        spent = time.monotonic() - started

    assert 0.2 <= spent < 3
    assert is_honest(server, receipt, opened)
    assert receipt is None or "in time" in receipt.reply


@contextmanager
def smtp_sink(*options: str) -> Iterator[int]:
    """Postfix's own test server; gives its port."""
    program = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if program is None:
        pytest.skip("smtp-sink is missing. Install the package postfix.")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    # It refuses to go on as root.
    rights = ["-u", "nobody"] if os.geteuid() == 0 else []
    words = [program, *rights, *options, f"127.0.0.1:{port}", "10"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(port)
            yield port
        finally:
            process.terminate()


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
    pytest.fail("smtp-sink does not listen")


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        ([], Outcome.ACCEPTED),
        (["-p"], Outcome.ACCEPTED),
        (["-f", "rcpt"], Outcome.REFUSED),
        (["-r", "rcpt"], Outcome.DEFERRED),
        (["-f", "data"], Outcome.REFUSED),
        (["-r", "."], Outcome.DEFERRED),
        (["-q", "."], Outcome.UNKNOWN),
        (["-q", "data"], Outcome.DEFERRED),
        (["-Q", "mail"], None),
    ],
)
def test_a_server_of_other_people_is_understood_as_well(options: list[str], outcome: Outcome | None) -> None:
    opened: list[bool] = []
    with smtp_sink(*options) as port:
        receipt = send(settings_for(port), opened)

    assert (receipt and receipt.outcome) == outcome
    assert len(opened) == (outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN) or options == ["-r", "."])
