"""`deliveries retry`: what did not arrive is listed, asked about, and queued again; and what remains is explained."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from newsletter.model import DeliveryState

PUBLISH = ("publish", "articles/spring.md", "--yes", "--json")
RETRY = ("deliveries", "retry")


@pytest.fixture
def uid(run, newsroom: Path, readers, relay) -> str:
    """An edition that was refused to Farid and sent to Ada; the server has thought better of it."""
    relay.script["rcpt"] = lambda command: "550 5.2.1 mailbox disabled" if "farid" in command else None
    found = run(*PUBLISH).data["editions"][0]["uid"]
    del relay.script["rcpt"]
    return found


def make(newsroom: Path, state: DeliveryState) -> None:
    """Let every delivery be in `state`."""
    with sqlite3.connect(newsroom / "newsletter.db") as connection:
        connection.execute("UPDATE deliveries SET state = ?, next_at = NULL", (int(state),))
    connection.close()


def test_names_are_listed_before_anything_is_done(run, uid: str) -> None:
    result = run(*RETRY, uid, "--only", "failed")

    header, line = result.out.splitlines()
    assert (result.code, "and there is nobody to ask. Pass --yes" in result.err) == (2, True)
    assert header.split() == ["reader", "state", "attempts", "reason", "the", "server", "said"]
    assert line.split() == ["farid@example.org", "failed", "1", "550", "5.2.1", "mailbox", "disabled"]
    assert len(run("deliveries", "list", uid, "--only", "failed", "--json").data) == 1


def test_agreed_retry_queues_and_says_what_sends_it(run, uid: str, relay) -> None:
    result = run(*RETRY, uid[:6], "--only", "failed", "--yes")

    assert (result.code, len(relay.accepted)) == (0, 1)
    assert f"1 delivery of edition {uid} queued." in result.err
    assert f"newsletter serve sends them by itself; or now: newsletter editions resume {uid}" in result.err
    assert run("editions", "resume", uid).code == 0
    assert len(relay.accepted) == 2


def test_retry_as_json(run, uid: str) -> None:
    first, second = (run(*RETRY, uid, "--only", "failed", "--yes", "--json").data for _ in range(2))

    assert " ".join(first) == "uid only number queued deliveries left_out_number left_out"
    assert (first["only"], first["number"], first["queued"]) == ("failed", 1, 1)
    assert set(first["deliveries"][0]) == {
        "address", "state", "attempts", "reason", "next_at", "settled_at", "reply",
    }  # fmt: skip
    assert (second["number"], second["queued"], second["deliveries"]) == (0, 0, [])


def test_nothing_to_retry_is_no_fault(run, uid: str) -> None:
    result = run(*RETRY, uid, "--only", "unknown")

    assert (result.code, result.out) == (0, "")
    assert "No delivery of it is unknown that could be retried." in result.err


def test_unknown_ones_come_with_a_warning(run, newsroom: Path, uid: str) -> None:
    make(newsroom, DeliveryState.UNKNOWN)

    result = run("-q", *RETRY, uid, "--only", "unknown", "--yes")

    assert result.code == 0
    assert "Some of these readers may have it already" in result.err
    assert "with the same Message-ID" in result.err


def test_deferred_one_is_due_now(run, newsroom: Path, uid: str, relay) -> None:
    relay.script["rcpt"] = "451 4.3.0 later"
    run(*RETRY, uid, "--only", "failed", "--yes")
    deferred = run("editions", "resume", uid, "--json")
    del relay.script["rcpt"]

    run(*RETRY, uid, "--only", "deferred", "--yes")
    sent = run("editions", "resume", uid, "--json")

    assert (deferred.code, deferred.data["by_state"]["deferred"]) == (75, 1)
    assert (sent.code, sent.data["by_state"]["sent"]) == (0, 2)


def test_one_reader_can_be_named(run, newsroom: Path, uid: str) -> None:
    make(newsroom, DeliveryState.FAILED)

    result = run(*RETRY, uid, "--only", "failed", "--to", "ada@example.org", "--yes", "--json")

    assert [line["address"] for line in result.data["deliveries"]] == ["ada@example.org"]
    assert [line["address"] for line in run("deliveries", "list", uid, "--only", "failed", "--json").data] == [
        "farid@example.org"
    ]


def test_reader_without_such_a_delivery_is_refused_and_masked(run, uid: str) -> None:
    result = run(*RETRY, uid, "--only", "failed", "--to", "ada@example.org", "--yes")

    assert (result.code, "goes to a…@example.org. Nothing was done." in result.err) == (2, True)


def test_reader_who_bounced_is_named_as_left_out(run, newsroom: Path, readers, relay) -> None:
    relay.script["rcpt"] = lambda command: "550 5.1.1 no such user" if "farid" in command else None
    uid = run(*PUBLISH).data["editions"][0]["uid"]

    result = run(*RETRY, uid, "--only", "failed", "--yes")

    assert (result.code, "farid@example.org" in result.out) == (0, True)
    assert "Left out, because the reader's address bounced: 1 delivery." in result.err


@pytest.mark.parametrize("state", ["sent", "lost", "queued"])
def test_state_that_needs_no_retry_is_refused(run, uid: str, state: str) -> None:
    assert run(*RETRY, uid, "--only", state, "--yes").code == 2


def test_paused_edition_is_queued_and_says_how_to_go_on(run, uid: str, newsroom: Path) -> None:
    with sqlite3.connect(newsroom / "newsletter.db") as connection:
        connection.execute("UPDATE editions SET state = 'paused', reason = 'by hand'")
    connection.close()

    result = run(*RETRY, uid, "--only", "failed", "--yes")

    assert result.code == 0
    assert f"The edition is paused. Go on with: newsletter editions resume {uid}" in result.err


@pytest.mark.usefixtures("hundreds")
class TestMany:
    @pytest.fixture
    def many(self, run, newsroom: Path) -> str:
        """An edition to 200 readers, each of whom failed."""
        found = run(*PUBLISH).data["editions"][0]["uid"]
        make(newsroom, DeliveryState.FAILED)
        return found

    def test_are_cut_after_twenty(self, run, many: str) -> None:
        result = run(*RETRY, many, "--only", "failed")

        assert len(result.out.splitlines()) == 21
        assert "and 180 more; --all shows them." in result.err

    def test_are_all_shown_with_all(self, run, many: str) -> None:
        result = run(*RETRY, many, "--only", "failed", "--all", "--yes")

        assert len(result.out.splitlines()) == 201
        assert f"200 deliveries of edition {many} queued." in result.err


def test_person_on_a_terminal_is_asked(run, on_terminal, newsroom: Path, published: Path) -> None:
    uid = run("editions", "list", "--json").data[0]["uid"]
    make(newsroom, DeliveryState.FAILED)

    no, screen = on_terminal(*RETRY, uid, "--only", "failed", answers=("n\n",))
    yes, _ = on_terminal(*RETRY, uid, "--only", "failed", answers=("y\n",))

    assert (no, yes) == (2, 0)
    assert "Queue 2 failed deliveries again? [y/N]" in screen
    assert len(run("deliveries", "list", uid, "--only", "queued", "--json").data) == 2


class TestClosingBalance:
    def test_of_a_publish_names_the_reasons(self, run, newsroom: Path, readers, relay) -> None:
        relay.script["rcpt"] = lambda command: "550 5.2.1 <farid@example.org> is away" if "farid" in command else None

        result = run("publish", "articles/spring.md", "--yes")

        assert "audience 2 = 1 sent + 1 failed" in result.err
        assert "  1 failed: 550 5.2.1 <the reader> is away\n" in result.err

    def test_of_a_shown_edition_names_the_reasons(self, run, uid: str) -> None:
        shown, data = run("editions", "show", uid), run("editions", "show", uid, "--json").data

        assert "          1 failed: 550 5.2.1 mailbox disabled\n" in shown.out
        assert data["reasons"] == {
            "failed": {
                "reasons": [{"reason": "550 5.2.1 mailbox disabled", "number": 1}],
                "other_reasons": 0,
                "other_number": 0,
            }
        }

    @pytest.mark.usefixtures("hundreds")
    def test_of_many_reasons_counts_the_rest(self, run, newsroom: Path) -> None:
        uid = run(*PUBLISH).data["editions"][0]["uid"]
        make(newsroom, DeliveryState.FAILED)
        with sqlite3.connect(newsroom / "newsletter.db") as connection:
            connection.execute(
                "UPDATE deliveries SET reason = 'policy ' || substr('abcdefgh', 1 + subscriber_id % 8, 1)"
            )
        connection.close()

        lines = [line.strip() for line in run("editions", "show", uid).out.splitlines() if " failed: " in line]

        assert len(lines) == 6
        assert lines[0].startswith("25 failed: policy ")
        assert lines[5] == "75 failed: and 3 other reasons"


class TestWhy:
    def test_tells_each_try_with_what_the_server_said(self, run, uid: str) -> None:
        run(*RETRY, uid, "--only", "failed", "--yes")
        run("editions", "resume", uid)

        tries = run("why", "farid@example.org").out.split("edition  ")[-1].splitlines()[1:]
        data = run("why", "farid@example.org", "--json").data["editions"][0]["tries"]

        assert [line.split()[1] for line in tries] == ["1", "2"]
        assert "relay  refused   550 5.2.1 mailbox disabled" in tries[0]
        assert "relay  accepted  250" in tries[1]
        assert [(one["no"], one["outcome"], one["code"]) for one in data] == [(1, "refused", 550), (2, "accepted", 250)]
        assert set(data[0]) == {
            "no", "transport", "opened_at", "closed_at", "outcome", "code", "enhanced", "reply",
        }  # fmt: skip

    def test_tells_when_a_deferred_one_is_tried_again(self, run, newsroom: Path, readers, relay) -> None:
        relay.script["rcpt"] = "451 4.3.0 later"
        run(*PUBLISH)

        out = run("why", "ada@example.org").out
        edition = run("why", "ada@example.org", "--json").data["editions"][0]

        assert "deferred  451 4.3.0 later" in out
        assert out.splitlines()[-1].split()[1:3] == ["next", edition["next_at"][:10]]


class TestStatus:
    def test_of_a_waiting_edition_has_pace_and_lanes(self, run, newsroom: Path, readers, no_relay) -> None:
        run(*PUBLISH)
        with sqlite3.connect(newsroom / "newsletter.db") as connection:
            connection.execute("DELETE FROM lanes")
            connection.execute(
                "INSERT INTO lanes"
                " (transport, domain, rate, tokens, refilled_at, concurrency, streak, closures, reason) VALUES"
                " ('relay', 'example.org', 0.5, 1, '2026-11-24 09:00:00.000000', 2, 1, 0, '421 too fast')"
            )
        connection.close()

        out, data = run("status").out, run("status", "--json").data

        assert "              0 of 2 sent, none in the last minutes\n" in out
        assert "slow          relay to example.org is slowed to 30 a minute, at most 2 at once (421 too fast)" in out
        assert data["unfinished"][0]["pace"] == {"ends_at": None, "next_try_at": None, "per_second": 0.0}
        assert data["lanes"] == [
            {
                "transport": "relay", "domain": "example.org", "rate": 0.5, "concurrency": 2,
                "closed_until": None, "reason": "421 too fast",
            }
        ]  # fmt: skip

    def test_watch_of_a_quiet_newsroom_ends_with_0(self, run, published: Path) -> None:
        result = run("status", "--watch")

        assert (result.code, result.out, result.err) == (0, "", "Nothing is being sent.\n")

    @pytest.mark.parametrize("words", [("5",), ("--watch", "0"), ("--watch", "soon")])
    def test_seconds_are_for_a_watch_and_more_than_none(self, run, newsroom: Path, words: tuple[str, ...]) -> None:
        assert run("status", *words).code == 2

    def test_watch_is_ended_by_ctrl_c(self, run, spawn, newsroom: Path, readers, no_relay) -> None:
        run(*PUBLISH)
        process = spawn("status", "--watch", "0.1")
        first = process.stdout.readline()

        process.send_signal(2)
        _, err = process.communicate(timeout=30)

        assert (process.returncode, " is sending, 0 of 2 sent" in first) == (130, True)
        assert "Traceback" not in err
