"""`status --watch` over a clock of one's own: several looks, and what is said of each."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
from real_newsroom import QUAY, Desk
from sqlalchemy import select

from newsletter.cli.screen import Screen
from newsletter.cli.watch import Eyes, watch
from newsletter.model import DeliveryState
from newsletter.store.editions import StoredEdition
from newsletter.store.lanes import Lane, save_lane
from newsletter.store.tables import deliveries
from newsletter.store.traffic import Answers, add_answers

SENT = DeliveryState.SENT
Watch = Callable[..., list[str]]


@pytest.fixture
def edition(desk: Desk) -> StoredEdition:
    """An edition released to six readers; nothing of it is sent."""
    for number in range(6):
        desk.add(f"r{number}@example.org")
    return desk.publish(desk.write("articles/tides.md")).editions[0]


def settle(desk: Desk, edition: StoredEdition, number: int, state: DeliveryState = SENT, **columns: object) -> None:
    """Let the next `number` of the edition's queued deliveries be in `state`, and count the accepted ones."""
    with desk.store.writing() as connection:
        queued = select(deliveries.c.subscriber_id).where(deliveries.c.state == int(DeliveryState.QUEUED))
        readers = connection.execute(queued.order_by(deliveries.c.subscriber_id).limit(number)).scalars().all()
        changed = deliveries.update().where(deliveries.c.subscriber_id.in_(readers))
        connection.execute(changed.values(state=int(state), settled_at=desk.now, **columns))
        if state is SENT:
            minute = desk.now.replace(second=0)
            add_answers(connection, "outbox", edition.id, minute=minute, answers=Answers(accepted=number))


@pytest.fixture
def watched(desk: Desk, capsys: pytest.CaptureFixture[str]) -> Watch:
    """What a watch writes to stdout; between its looks the given steps are taken, each thirty seconds later."""

    def watch_steps(*steps: Callable[[], object], json: bool = False) -> list[str]:
        left = list(steps)

        def wait() -> None:
            desk.pass_time(seconds=30)
            left.pop(0)()

        watch(eyes(desk, wait), Screen(json=json))
        assert left == []
        return capsys.readouterr().out.splitlines()

    return watch_steps


def eyes(desk: Desk, wait: Callable[[], None]) -> Eyes:
    return Eyes(look=desk.newsroom.deliveries.underway, look_at=desk.newsroom.show_edition, wait=wait)


def test_watch_of_a_quiet_newsroom_ends_at_once(desk: Desk, watched: Watch) -> None:
    assert watched() == []


def test_each_change_is_a_line_and_the_last_is_the_balance(desk: Desk, edition: StoredEdition, watched: Watch) -> None:
    lines = watched(
        lambda: settle(desk, edition, 3),
        lambda: None,
        lambda: desk.newsroom.send(edition),
    )

    uid = edition.uid
    assert lines == [
        f"{uid} is sending, 0 of 6 sent, none in the last minutes",
        f"{uid} is sending, 3 of 6 sent, 6 a minute, the last about 10:01, Europe/Paris",
        f"{uid} is sent: considered 6 = audience 6; audience 6 = 6 sent",
    ]


def test_deferred_emails_and_lanes_are_said_with_their_hours(
    desk: Desk, edition: StoredEdition, watched: Watch
) -> None:
    def push_back() -> None:
        until = desk.now + timedelta(minutes=4)
        settle(desk, edition, 2, DeliveryState.DEFERRED, next_at=until, reason="421 too fast")
        lane = Lane(transport="outbox", domain="example.org", refilled_at=desk.now, closed_until=until, reason="421")
        with desk.store.writing() as connection:
            save_lane(connection, lane)

    lines = watched(push_back, lambda: desk.newsroom.pause_edition(edition.uid))

    assert lines[1:3] == [
        f"{edition.uid} is sending, 0 of 6 sent, none in the last minutes, "
        "2 deferred, the next try 10:04, Europe/Paris",
        "outbox to example.org is closed until 10:04, Europe/Paris (421)",
    ]
    assert lines[3].startswith(f"{edition.uid} is paused, 0 of 6 sent")


def test_each_change_is_one_object_with_json(desk: Desk, edition: StoredEdition, watched: Watch) -> None:
    lines = watched(lambda: settle(desk, edition, 3), lambda: None, lambda: desk.newsroom.send(edition), json=True)

    rounds = [json.loads(line) for line in lines]
    assert [one["at"] for one in rounds] == ["2026-11-24T09:00:00Z", "2026-11-24T09:00:30Z", "2026-11-24T09:01:30Z"]
    assert [one["editions"][0]["by_state"]["sent"] for one in rounds] == [0, 3, 6]
    assert [one["editions"][0]["state"] for one in rounds] == ["sending", "sending", "sent"]
    assert rounds[1]["editions"][0]["pace"] == {
        "ends_at": "2026-11-24T09:01:00Z", "next_try_at": None, "per_second": 0.1,
    }  # fmt: skip
    assert set(rounds[0]) == {"at", "paused", "editions", "lanes"}


def test_edition_that_begins_during_a_watch_is_shown_too(desk: Desk, edition: StoredEdition, watched: Watch) -> None:
    late: list[StoredEdition] = []

    lines = watched(
        lambda: late.extend(desk.publish(desk.write("articles/quay.md", QUAY)).editions),
        lambda: desk.newsroom.send(edition),
        lambda: desk.newsroom.send(late[0]),
    )

    uids = [line.split()[0] for line in lines]
    assert uids == [edition.uid, late[0].uid, edition.uid, late[0].uid]
    assert [" is sent: " in line for line in lines] == [False, False, True, True]


def test_watch_of_a_paused_newsroom_says_so_and_ends(desk: Desk, edition: StoredEdition, watched: Watch) -> None:
    file = desk.folder / "backup.zip"
    desk.newsroom.upkeep.backup(file)
    desk.newsroom.upkeep.restore(file)
    desk.reopen()

    lines = watched()

    assert lines[0].startswith("paused: restored from backup.zip")
    assert lines[1].startswith(f"{edition.uid} is held, 0 of 6 sent")


def test_on_a_terminal_it_is_drawn_in_place(
    desk: Desk, edition: StoredEdition, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    steps = [lambda: settle(desk, edition, 3), lambda: desk.newsroom.send(edition)]

    watch(eyes(desk, lambda: steps.pop(0)()), Screen())

    drawn = screen.getvalue()
    assert "\x1b[2K" in drawn
    assert "3 of 6 sent" in drawn
    assert f"{edition.uid} is sent: considered 6" in drawn.rpartition("\x1b[2K")[2].replace("\r\n", " ")
