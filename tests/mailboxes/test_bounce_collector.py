"""The thread that looks into the mailboxes: all of them, again and again, and to a clean end."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from scripted_imap import scripted_imap
from taking import Taker, never, report

from newsletter.delivery.mailboxes import (
    BounceCollector,
    Box,
    Collected,
    ImapBox,
    ImapSettings,
    MaildirBox,
    Take,
    collect_all,
)
from newsletter.delivery.transports import Tls
from newsletter.errors import TransportError

LIMIT_S = 20.0


class ScriptedBox:
    """Brings what it is told, look by look, and the last thing for ever; `looked` tells of `enough` looks."""

    def __init__(self, *looks: Collected | Exception, enough: int = 1) -> None:
        self._looks, self._enough = list(looks), enough
        self.number, self.looked = 0, threading.Event()

    def collect(self, take: Take, *, stop: Callable[[], bool]) -> Collected:
        look = self._looks[min(self.number, len(self._looks) - 1)]
        self.number += 1
        if self.number >= self._enough:
            self.looked.set()
        if isinstance(look, Exception):
            raise look
        return look


@pytest.fixture
def collecting() -> Iterator[Callable[..., BounceCollector]]:
    """Start a collector; it is stopped when the test ends."""
    with ExitStack() as ending:

        def start(*boxes: tuple[Box, Take], every_s: float = 600.0) -> BounceCollector:
            collector = BounceCollector(boxes)
            collector.start(every_s=every_s)
            ending.callback(collector.stop, timeout_s=LIMIT_S)
            return collector

        yield start


def lay(path: Path, number: int) -> None:
    (path / "new").mkdir(parents=True, exist_ok=True)
    (path / "tmp").mkdir(exist_ok=True)
    (path / "tmp" / f"{number}.a.host").write_bytes(report(number))
    (path / "tmp" / f"{number}.a.host").rename(path / "new" / f"{number}.a.host")


def imap_box(port: int, timeout_s: float = LIMIT_S) -> ImapBox:
    return ImapBox(
        ImapSettings(
            host="127.0.0.1", port=port, user="ada@example.org", password="sesame", tls=Tls.NONE, timeout_s=timeout_s
        )
    )


def test_all_mailboxes_are_read_at_the_start(collecting, tmp_path: Path) -> None:
    lay(tmp_path, 1)
    maildir, imap = Taker(), Taker()

    with scripted_imap() as server:
        collector = collecting((MaildirBox(tmp_path), maildir), (imap_box(server.port), imap))

        assert maildir.full.wait(LIMIT_S)
        assert imap.full.wait(LIMIT_S)
        assert collector.stop(timeout_s=LIMIT_S)
    assert (maildir.messages, imap.messages) == ([report(1)], [b"hello"])
    assert collector.fault == ""


def test_mailbox_is_looked_into_at_once_when_the_collector_is_told(collecting, tmp_path: Path) -> None:
    first = ScriptedBox(Collected())
    taker = Taker()
    collector = collecting((MaildirBox(tmp_path), taker), (first, taker))
    assert first.looked.wait(LIMIT_S)

    lay(tmp_path, 1)
    collector.wake()

    assert taker.full.wait(LIMIT_S)


def test_mailbox_is_looked_into_again_without_being_told(collecting, tmp_path: Path) -> None:
    taker = Taker()
    collecting((MaildirBox(tmp_path), taker), every_s=0.02)

    lay(tmp_path, 1)

    assert taker.full.wait(LIMIT_S)


@pytest.mark.parametrize("is_first", [True, False])
def test_imap_server_that_is_down_keeps_no_maildir_from_being_read(collecting, tmp_path: Path, is_first: bool) -> None:
    lay(tmp_path, 1)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    taker, rounds = Taker(enough=2), ScriptedBox(Collected(), enough=2)
    down, up = (imap_box(port), taker), (MaildirBox(tmp_path), taker)

    collector = collecting(*((down, up) if is_first else (up, down)), (rounds, taker), every_s=0.01)
    assert rounds.looked.wait(LIMIT_S)
    lay(tmp_path, 2)

    assert taker.full.wait(LIMIT_S)
    assert taker.messages == [report(1), report(2)]
    assert collector.fault.startswith(f"Returned mail waits: 127.0.0.1:{port}: nobody listens there.")


def test_box_that_raises_anything_keeps_no_other_from_being_read(tmp_path: Path) -> None:
    lay(tmp_path, 1)
    taker = Taker()

    faults = collect_all([(ScriptedBox(KeyError("ada@example.org")), taker), (MaildirBox(tmp_path), taker)], stop=never)

    assert taker.messages == [report(1)]
    assert len(faults) == 1
    assert "KeyError" in faults[0]
    assert "ada@example.org" not in faults[0]


def test_each_fault_is_told(tmp_path: Path) -> None:
    boxes: Sequence[Box] = [
        ScriptedBox(Collected(taken=3)),
        ScriptedBox(TransportError("mail.example.org: nobody listens there. Check it.")),
        ScriptedBox(Collected(failed=1, fault="returned/new/1: is no ordinary file. Move it away.")),
    ]

    faults = collect_all([(box, Taker()) for box in boxes], stop=never)

    assert faults == (
        "mail.example.org: nobody listens there. Check it.",
        "returned/new/1: is no ordinary file. Move it away.",
    )


def test_outage_is_said_once_without_addresses_and_ends(collecting, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    down = TransportError("mail: refuses ada@example.org")
    box = ScriptedBox(down, down, Collected(taken=1), enough=4)

    collector = collecting((box, Taker()), every_s=0.01)
    assert box.looked.wait(LIMIT_S)
    assert collector.stop(timeout_s=LIMIT_S)

    said = [record.getMessage() for record in caplog.records if "eturned" in record.getMessage()]
    assert said == ["Returned mail waits: mail: refuses an address", "Returned mail is read again."]
    assert collector.fault == ""


def test_message_that_is_not_taken_is_a_fault_and_is_offered_again(collecting, tmp_path: Path) -> None:
    lay(tmp_path, 1)
    again = threading.Event()
    taker = Taker()

    def refuses(message: bytes) -> bool:
        if taker.refused >= 2:
            again.set()
            return False
        return True

    taker.refuses = refuses
    collector = collecting((MaildirBox(tmp_path), taker), every_s=0.01)

    assert taker.full.wait(LIMIT_S)
    assert again.is_set()
    assert collector.stop(timeout_s=LIMIT_S)
    assert taker.messages == [report(1)]


def test_stop_finishes_the_message_in_hand_and_leaves_the_others(collecting, tmp_path: Path) -> None:
    in_hand, go_on = threading.Event(), threading.Event()
    taker = Taker()

    def take(message: bytes, recipients: Sequence[str]) -> None:
        in_hand.set()
        go_on.wait(LIMIT_S)
        taker(message, recipients)

    for number in range(3):
        lay(tmp_path, number)
    collector = collecting((MaildirBox(tmp_path), take), (MaildirBox(tmp_path), take))
    assert in_hand.wait(LIMIT_S)

    assert not collector.stop(timeout_s=0.01)
    go_on.set()
    assert collector.stop(timeout_s=LIMIT_S)

    assert len(taker.taken) == 1
    assert len(list((tmp_path / "new").iterdir())) == 2
    assert len(list((tmp_path / "cur").iterdir())) == 1


def test_no_mailbox_is_looked_into_after_the_stop(tmp_path: Path) -> None:
    lay(tmp_path, 1)
    taker, other = Taker(), ScriptedBox(Collected())

    faults = collect_all([(MaildirBox(tmp_path), taker), (other, taker)], stop=lambda: bool(taker.taken))

    assert faults == ()
    assert other.number == 0


def test_collector_that_was_never_started_stops_at_once() -> None:
    collector = BounceCollector([])

    assert collector.stop(timeout_s=0.1)
    assert collector.fault == ""
