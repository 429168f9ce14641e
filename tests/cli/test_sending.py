"""What becomes of the mail: a relay that is away, refuses or defers, a run that is stopped or killed, two at once."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from email import message_from_bytes
from pathlib import Path

import pytest

PUBLISH = ("publish", "articles/spring.md", "--yes", "--json")


def recipients(newsroom: Path) -> Counter[str]:
    """How many emails each reader has in the Maildir."""
    found = (message_from_bytes(path.read_bytes()) for path in (newsroom / "outbox" / "new").glob("*"))
    return Counter(str(message["To"]) for message in found)


def started(newsroom: Path, process: subprocess.Popen[str]) -> None:
    """Wait until the first emails lie in the Maildir."""
    while process.poll() is None:
        if len(list((newsroom / "outbox" / "new").glob("*"))) > 20:
            return
        time.sleep(0.01)
    pytest.fail("the run ended before it could be interrupted")


@pytest.mark.usefixtures("readers")
class TestRelay:
    def test_that_is_away_leaves_the_mail_queued(self, run, newsroom: Path, no_relay: int) -> None:
        result = run(*PUBLISH)

        assert result.code == 75
        assert f"relay (127.0.0.1:{no_relay}): nobody listens there." in result.err
        assert result.data["editions"][0]["by_state"]["queued"] == 2
        assert (newsroom / "site" / "en" / "spring-tides" / "index.html").exists()

    def test_that_comes_back_gets_the_mail_by_the_same_command(self, run, newsroom: Path, relay) -> None:
        relay.script["banner"] = "421 4.3.2 busy"
        first = run(*PUBLISH)
        del relay.script["banner"]

        second = run(*PUBLISH)

        assert (first.code, second.code) == (75, 0)
        assert "what waits of its mail is sent now" in second.err
        assert len(relay.accepted) == 2

    def test_that_refuses_one_reader_is_exit_1_and_the_others_have_their_mail(self, run, newsroom: Path, relay) -> None:
        relay.script["rcpt"] = lambda command: "550 5.1.1 no such user" if "farid" in command else None

        result = run(*PUBLISH)

        assert result.code == 1
        states = result.data["editions"][0]["by_state"]
        assert (states["sent"], states["failed"]) == (1, 1)
        assert "1 failed, 0 unknown. Look: newsletter deliveries list" in result.err

    def test_that_defers_is_exit_75_with_the_hour_to_go_on(self, run, newsroom: Path, relay) -> None:
        relay.script["rcpt"] = "451 4.3.0 later"

        result = run(*PUBLISH)

        assert result.code == 75
        assert "2 deferred; from 20" in result.err
        assert result.data["editions"][0]["next_at"].endswith("Z")

    def test_that_refuses_the_sender_pauses_the_edition_and_says_how_to_go_on(self, run, newsroom: Path, relay) -> None:
        relay.script["mail"] = "550 5.7.1 you are not welcome"
        first = run(*PUBLISH)

        again = run(*PUBLISH)

        assert first.code in (1, 75)
        assert (again.code, again.data["editions"][0]["state"]) == (75, "paused")
        assert "go on with: newsletter editions resume" in again.err
        del relay.script["mail"]
        (edition,) = run("editions", "list", "--json").data
        assert run("editions", "resume", edition["uid"]).code == 0
        assert len(relay.accepted) == 2


@pytest.mark.usefixtures("hundreds")
class TestInterrupted:
    def test_run_that_is_told_to_end_drains_and_the_next_one_goes_on(self, spawn, run, newsroom: Path) -> None:
        process = spawn(*PUBLISH)
        started(newsroom, process)

        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)

        assert process.returncode == 130, err
        assert "Stopping after the message in flight" in err
        assert '"unknown": 0' in out
        assert run(*PUBLISH).data["editions"][0]["by_state"]["sent"] == 200
        assert recipients(newsroom).most_common(1)[0][1] == 1

    def test_killed_run_leaves_at_most_one_unknown_and_the_next_one_finishes(self, spawn, run, newsroom: Path) -> None:
        process = spawn(*PUBLISH)
        started(newsroom, process)

        process.kill()
        process.wait(timeout=30)
        result = run(*PUBLISH)

        states = result.data["editions"][0]["by_state"]
        assert states["sent"] + states["unknown"] == 200
        assert states["unknown"] <= 1
        assert result.code == (1 if states["unknown"] else 0)
        assert recipients(newsroom).most_common(1)[0][1] == 1

    def test_two_at_once_send_each_email_once(self, spawn, newsroom: Path) -> None:
        both = [spawn(*PUBLISH), spawn(*PUBLISH)]

        ended = [(process.communicate(timeout=60), process.returncode) for process in both]

        assert {code for _, code in ended} <= {0, 75}, ended
        counts = recipients(newsroom)
        assert (len(counts), counts.most_common(1)[0][1]) == (200, 1)

    def test_second_signal_leaves_at_once(self, spawn, newsroom: Path, relay) -> None:
        relay.script["dot"] = "hang"
        process = spawn(*PUBLISH)
        while not relay.contents and process.poll() is None:
            time.sleep(0.01)

        process.send_signal(signal.SIGINT)
        # Two signals of a kind that come together are one.
        assert any("Stopping" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)

        assert process.wait(timeout=10) == 130
