"""`editions` and `deliveries`: what was mailed, and stopping, resuming or ending what is being mailed."""

from __future__ import annotations

import pytest


@pytest.fixture
def uid(run, published) -> str:
    """The edition of spring.md, sent."""
    return run("editions", "list", "--json").data[0]["uid"]


@pytest.fixture
def waiting(run, newsroom, readers, no_relay) -> str:
    """The edition of spring.md, whose mail waits for the relay."""
    return run("publish", "articles/spring.md", "--yes", "--json").data["editions"][0]["uid"]


def test_list_has_a_line_per_edition(run, uid: str) -> None:
    header, line = run("editions", "list").out.splitlines()

    assert header.split() == ["uid", "released", "state", "kind", "readers", "subject"]
    assert line.startswith(uid)
    assert line.endswith("Spring tides")


def test_list_as_json(run, uid: str) -> None:
    (edition,) = run("editions", "list", "--json").data

    assert " ".join(edition) == (
        "uid kind state reason subject scheduled_at released_at finished_at considered audience"
    )
    assert edition["released_at"].endswith("Z")


def test_empty_list_says_how_to_begin(run, newsroom) -> None:
    result = run("editions", "list")

    assert (result.code, result.out) == (0, "")
    assert "newsletter publish articles/NAME.md" in result.err


def test_show_takes_the_beginning_of_a_uid(run, uid: str) -> None:
    out = run("editions", "show", uid[:6]).out

    assert f"uid       {uid}" in out
    assert "article   Spring tides" in out
    assert "article in en, the words around it in fr" in out


def test_show_as_json(run, uid: str) -> None:
    shown = run("editions", "show", uid, "--json").data

    assert set(shown) == {
        "uid", "state", "reason", "considered", "audience", "by_state", "excluded", "next_at",
        "pace", "reasons", "kind", "subject", "released_at", "variants", "articles",
    }  # fmt: skip
    assert set(shown["by_state"]) == {"queued", "leased", "sent", "deferred", "failed", "unknown", "cancelled"}


@pytest.mark.parametrize("name", ["zzzz", ""])
@pytest.mark.parametrize("verb", ["show", "pause", "resume", "cancel"])
def test_uid_of_no_edition_is_refused(run, newsroom, verb: str, name: str) -> None:
    result = run("editions", verb, name, *(["--yes"] if verb == "cancel" else []))

    assert (result.code, result.err) == (2, f'No edition is called "{name}". See: newsletter editions list\n')


def test_paused_edition_rests_until_it_is_resumed(run, waiting: str) -> None:
    paused = run("editions", "pause", waiting)

    assert paused.code == 0
    assert f"newsletter editions resume {waiting}" in paused.err
    again = run("publish", "articles/spring.md", "--json")
    assert (again.code, again.data["editions"][0]["state"]) == (75, "paused")
    assert "was published before; its mail rests." in again.err


def test_cancelled_edition_is_over(run, waiting: str) -> None:
    assert run("editions", "cancel", waiting, "--yes", "--json").data == {"uid": waiting, "cancelled": 2}
    assert run("editions", "resume", waiting).code == 2


def test_sent_edition_has_nothing_left_to_resume_or_cancel(run, uid: str) -> None:
    resumed = run("editions", "resume", uid)

    assert (resumed.code, "nothing is left to do" in resumed.err) == (0, True)
    assert run("editions", "cancel", uid, "--yes").code == 2
    assert run("editions", "pause", uid).code == 2


def test_cancel_asks_first(run, waiting: str) -> None:
    result = run("editions", "cancel", waiting)

    assert result.code == 2
    assert f"This cancels edition {waiting}, and there is nobody to ask." in result.err


def test_deliveries_as_a_table(run, uid: str) -> None:
    lines = run("deliveries", "list", uid).out.splitlines()

    assert lines[0].split() == ["reader", "state", "attempts", "settled", "next", "reason"]
    assert [line.split()[:3] for line in lines[1:]] == [
        ["ada@example.org", "sent", "1"],
        ["farid@example.org", "sent", "1"],
    ]


def test_deliveries_as_json(run, uid: str) -> None:
    row = run("deliveries", "list", uid, "--json").data[0]

    assert set(row) == {"address", "state", "attempts", "reason", "next_at", "settled_at", "reply"}


def test_deliveries_of_one_state(run, uid: str) -> None:
    assert run("deliveries", "list", uid, "--only", "failed", "--json").data == []
    assert len(run("deliveries", "list", uid, "--only", "sent", "--json").data) == 2
    refused = run("deliveries", "list", uid, "--only", "lost")
    assert (refused.code, "queued, leased, sent, deferred" in refused.err) == (2, True)


def test_deliveries_cut_short_say_so(run, uid: str) -> None:
    result = run("deliveries", "list", uid, "--limit", "1")

    assert len(result.out.splitlines()) == 2
    assert "These are the first 1;" in result.err
