"""A message goes out, a bounce comes back over LMTP, and nothing more goes there: with real servers all the way."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dkim
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from .conftest import Command, serving

REPORT = """\
From: MAILER-DAEMON@mx.example.org
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; {reader}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 There is no such mailbox
--b--
"""


class Keeping:
    """A mail server that takes everything, and keeps each message with its envelope."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, bytes]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.taken += [(str(envelope.mail_from), to, bytes(envelope.content or b"")) for to in envelope.rcpt_tos]
        return "250 2.0.0 kept"


@pytest.fixture
def relay() -> Iterator[tuple[int, Keeping]]:
    keeping, loop = Keeping(), asyncio.new_event_loop()
    making = loop.create_server(lambda: SMTP(keeping, hostname="relay.example.org", loop=loop), "127.0.0.1", 0)
    listening = loop.run_until_complete(making)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield listening.sockets[0].getsockname()[1], keeping
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    listening.close()
    for task in asyncio.all_tasks(loop):
        task.cancel()
    for _ in range(5):
        loop.run_until_complete(asyncio.sleep(0))
    loop.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def connected(port: int) -> smtplib.LMTP:
    """A conversation with the newsroom's port for returned mail, as soon as it is open."""
    for _ in range(200):
        try:
            return smtplib.LMTP("127.0.0.1", port)
        except OSError:
            time.sleep(0.05)
    raise AssertionError("nobody listens for returned mail")


def test_a_bounce_ends_mail_to_a_mailbox_that_is_gone(newsroom: Path, command: Command, relay) -> None:
    smtp_port, keeping = relay
    lmtp_port = free_port()
    command("dkim", "keygen", "news")
    config = newsroom / "config.toml"
    text = config.read_text("utf-8").replace('transport = "outbox"', 'transport = "relay"')
    config.write_text(
        f'{text}\n[transports.relay]\nkind = "smtp"\nhost = "127.0.0.1"\nport = {smtp_port}\ntls = "none"\n'
        f'[dkim]\nselectors = ["news"]\n[bounces]\nlisten = "127.0.0.1:{lmtp_port}"\n',
        "utf-8",
    )
    (newsroom / "articles" / "second.md").write_text("---\ntitle: The second\n---\nMore news.\n", "utf-8")
    base = {"NEWSLETTER_NEWSROOM__BASE_URL": "https://news.harbour.alt"}

    command("publish", "articles/welcome.md", "--yes", **base)
    record = command("dkim", "show", "--json").stdout.partition('"record": "')[2].partition('"')[0]
    sent = {to: (sender, message) for sender, to, message in keeping.taken}
    sender, message = sent["ada@example.org"]
    with serving(newsroom), connected(lmtp_port) as back:
        token = sender[2:41]
        forged = sender.replace(token, token[:-1] + ("a" if token[-1] != "a" else "b"))
        back.sendmail("", [sender], REPORT.format(to=sender, reader="ada@example.org"))
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            back.sendmail("", ["somebody@example.org"], "Subject: hello\n\nhello\n")
        back.sendmail("", [forged], REPORT.format(to=forged, reader="farid@example.org"))
    keeping.taken.clear()
    command("publish", "articles/second.md", "--yes", **base)
    why = command("subscribers", "why", "ada@example.org").stdout

    assert sorted(sent) == ["ada@example.org", "farid@example.org"]
    assert dkim.verify(
        message.replace(b"\n", b"\r\n") if b"\r\n" not in message else message,
        dnsfunc=lambda name, timeout=5: record.encode(),
    )
    assert [to for _, to, _ in keeping.taken] == ["farid@example.org"]
    assert "suppressed    bounced since" in why
    assert "There is no such mailbox" in why
    assert "no: the address is suppressed (bounced)" in why
    assert "unproven" in command("bounces", "list", "--kept").stdout
    assert "1 report" in command("status").stdout


def test_a_wish_to_leave_by_mail_is_heard_where_bounces_come_in(newsroom: Path, command: Command) -> None:
    config = newsroom / "config.toml"
    config.write_text(config.read_text("utf-8") + '\n[bounces]\nmaildir = "bounces"\n', "utf-8")
    command("publish", "articles/welcome.md", "--yes")
    (path,) = (newsroom / "outbox" / "new").glob("*.ada@*")
    mailto = path.read_bytes().partition(b"<mailto:")[2].partition(b"?")[0].decode()
    new = newsroom / "bounces" / "new"
    new.mkdir(parents=True)
    (new / "1.example").write_text(f"From: ada@example.org\nTo: {mailto}\nSubject: unsubscribe\n\n", "utf-8")

    fetched = command("bounces", "fetch")

    assert "1 message read: 1 leaving" in fetched.stderr
    assert "no: unsubscribed" in command("why", "ada@example.org").stdout
    assert [file.name for file in (newsroom / "bounces" / "cur").iterdir()] == ["1.example:2,S"]
