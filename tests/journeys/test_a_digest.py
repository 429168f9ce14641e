"""I am a digest: my hour comes while the program serves, and I lie in mailboxes and in my own feed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import feedparser

from newsletter.answers import World
from newsletter.editions import PublishWishes, Wishes
from newsletter.newsroom import Newsroom
from newsletter.subscribers import Choices, Consent, Newcomer, add

from .conftest import PROGRAM, clean_environment

LIMIT_S = 45.0
LAMPS = "---\ntitle: Lamps on the mole\nlanguage: en\n---\nThe nine lamps burn again.\n"


@dataclass
class Serving:
    """A running `newsletter serve`: where it answers, and what it logs."""

    process: subprocess.Popen[str]
    origin: str
    log: list[str]

    def fetch(self, path: str) -> tuple[int, str]:
        with urllib.request.urlopen(f"{self.origin}{path}", timeout=10) as answer:  # noqa: S310  # our own server
            return answer.status, answer.read().decode()

    def end(self) -> int:
        """End it as systemd does; gives its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


@contextmanager
def serve(newsroom: Path) -> Iterator[Serving]:
    """Run `newsletter serve` on a free port while the block lasts."""
    words = [PROGRAM, "serve", "--bind", "127.0.0.1:0"]
    process = subprocess.Popen(words, cwd=newsroom, env=clean_environment(), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    log = [process.stderr.readline()]
    # What it logs must not fill the pipe and stop it.
    reading = threading.Thread(target=lambda: log.extend(process.stderr or ()))
    reading.start()
    try:
        found = re.search(r"http://127\.0\.0\.1:\d+", log[0])
        assert found, log
        yield Serving(process, found[0], log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(timeout=20)
        reading.join()
        process.stderr.close()


def an_hour_ago(newsroom: Path, schedule: str) -> None:
    """Let an hour have passed since the schedule began, Amal chose it and an article was mailed; one more waits."""
    config = newsroom / "config.toml"
    text = re.sub(r"(?m)^\[schedules\..*\n(?:[^\[\n].*\n)*", "", config.read_text("utf-8"))
    config.write_text(text + schedule, "utf-8")
    (newsroom / "articles" / "lamps.md").write_text(LAMPS, "utf-8")
    then = datetime.now(UTC) - timedelta(hours=1)
    world = World(clock=lambda: then, new_id=lambda: str(uuid.uuid4()), random=os.urandom, environ={})
    desk = Newsroom(newsroom, world)
    desk.tick()
    consent = Consent(wording="Signed at the fair.", source="subscribers add")
    amal = Newcomer(address="amal@example.org", choices=Choices(rhythm="weekly", language="ar"))
    add(desk.store, amal, consent=consent, intake=desk.intake)
    desk.publish(desk.plan([newsroom / "articles" / "welcome.md"], wishes=Wishes(), publish=PublishWishes()))
    desk.send_due()
    at = then + timedelta(minutes=50)
    lamps = [newsroom / "articles" / "lamps.md"]
    desk.publish_at(desk.plan(lamps, wishes=Wishes(), publish=PublishWishes(), at=at), at)
    desk.close()


def outbox(newsroom: Path) -> list[EmailMessage]:
    paths = sorted((newsroom / "outbox" / "new").glob("*"))
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths]


def mailed(newsroom: Path) -> list[tuple[str, str]]:
    """(address, subject) of each message, in order; but for Wim, who joined just now and perhaps after the hour."""
    found = ((str(message["To"]), str(message["Subject"])) for message in outbox(newsroom))
    return sorted(pair for pair in found if pair[0] != "wim@example.org")


def wait_for(newsroom: Path, number: int) -> None:
    """Until so many messages lie in the Maildir."""
    until = time.monotonic() + LIMIT_S
    while len(mailed(newsroom)) < number and time.monotonic() < until:
        threading.Event().wait(0.1)


def test_digest_goes_out_by_itself_while_the_program_serves_and_its_feed_with_it(newsroom: Path) -> None:
    due = datetime.now(UTC) - timedelta(minutes=5)
    schedule = f'\n[schedules.weekly]\nat = "{due:%a} {due:%H:%M}"\nhour_of = "newsroom"\n'.lower()
    an_hour_ago(newsroom, schedule)
    before = mailed(newsroom)

    with serve(newsroom) as serving:
        wait_for(newsroom, len(before) + 3)
        found = {path: serving.fetch(path) for path in ("/healthz", "/metrics", "/en/lamps-on-the-mole/")}
        feed = feedparser.parse(serving.fetch("/feeds/digest-weekly.atom.xml")[1])
        code = serving.end()

    after = [one for one in mailed(newsroom) if one not in before]
    assert [address for address, _ in before] == ["ada@example.org", "farid@example.org"]
    assert [address for address, _ in after] == ["ada@example.org", "amal@example.org", "farid@example.org"]
    digest = next(message for message in outbox(newsroom) if message["To"] == "amal@example.org")
    text = digest.get_body(("plain",)).get_content()
    assert "Lamps on the mole" in text
    assert "The first issue has left the harbour" in text
    assert len(feed.entries) == 1
    assert "Lamps on the mole" in feed.entries[0].content[0].value
    assert found["/healthz"] == (200, "ok\n")
    assert 'newsletter_runs{state="released"} 1.0' in found["/metrics"][1]
    assert "The nine lamps burn again." in found["/en/lamps-on-the-mole/"][1]
    assert code == 0
    assert any(line.startswith("weekly ") and "released" in line for line in serving.log)
    assert "Traceback" not in "".join(serving.log)
