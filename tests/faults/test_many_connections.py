"""F9, F10, F14 and F27 with several connections: a drop behind the dot, silence, jumping clocks, leavers."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ledger_rows import NOW, Clock, Hands, make_store, message_id, release, states, tally
from many_senders import SENT, UNKNOWN, judge
from scripted_smtp import DROP, HANG, ScriptedSmtp

from newsletter.delivery import OnUnknown, Run, send_edition
from newsletter.delivery.transports import MemoryTransport, SmtpSettings, Tls, open_transport
from newsletter.delivery.watch import Watch
from newsletter.model import DeliveryState, SubscriberId
from newsletter.store import Store
from newsletter.subscribers import unsubscribe

CANCELLED = DeliveryState.CANCELLED
CONNECTIONS = 4


def run_to(server: ScriptedSmtp, hands: Hands | None = None, **overrides: Any) -> Run:
    """A run over four connections to `server`, which waits a second for an answer."""
    settings = SmtpSettings(host="127.0.0.1", port=server.port, tls=Tls.NONE, command_timeout_s=1.0, dot_timeout_s=1.0)
    hands = hands or Hands(MemoryTransport())
    return hands.run(open_transport=lambda: open_transport(settings), connections=CONNECTIONS, **overrides)


def test_a_hundred_drops_behind_the_dot_are_unknown_and_resent_under_the_same_message_id(store: Store) -> None:
    edition_id = release(store, 100)
    with ScriptedSmtp({"dot": DROP}) as server:
        send_edition(store, edition_id, run_to(server, on_unknown=OnUnknown.RESEND))
        dropped = Counter(server.message_ids)
        assert tally(store, edition_id) == {UNKNOWN: 100}

        server.script.clear()
        send_edition(store, edition_id, run_to(server, on_unknown=OnUnknown.RESEND))

    assert dropped == Counter(message_id(f"s{number}") for number in range(1, 101))
    assert Counter(server.message_ids) == dropped + dropped
    assert tally(store, edition_id) == {SENT: 100}


@pytest.mark.parametrize("step", ["mail", "rcpt", "data", "dot"])
def test_a_server_that_falls_silent_on_one_connection_holds_up_no_other(store: Store, step: str) -> None:
    edition_id, lock, seen = release(store, 60), threading.Lock(), list[str]()

    def hang_once(_command: str) -> str | None:
        with lock:
            seen.append(step)
            return HANG if len(seen) == 10 else None

    with ScriptedSmtp({step: hang_once}) as server:
        send_edition(store, edition_id, run_to(server))
        ended = tally(store, edition_id)
        taken = server.message_ids

    assert len(taken) == len(set(taken))
    assert ended[SENT] >= 59
    assert ended.get(UNKNOWN, 0) == (step == "dot")


JUMPS = [timedelta(hours=1), timedelta(hours=-1), timedelta(days=3_652), timedelta(days=-3_652)]


@pytest.mark.parametrize("jump", JUMPS)
@pytest.mark.parametrize("senders", [1, 2])
def test_a_clock_that_jumps_beside_four_connections_doubles_nobody(store: Store, jump: timedelta, senders: int) -> None:
    edition_id, clock, broken = release(store, 120, chunk=20), Clock(), list[BaseException]()
    lock, seen = threading.Lock(), list[str]()

    def leap(_command: str) -> None:
        with lock:
            seen.append("dot")
            if len(seen) in (30, 60):
                clock.now += jump

    def work(number: int, server: ScriptedSmtp) -> None:
        hands = Hands(MemoryTransport(), clock=clock, token=f"here.1.1.{number}")
        try:
            send_edition(store, edition_id, run_to(server, hands))
        except BaseException as error:  # noqa: BLE001  # a thread's end has to be seen outside it
            broken.append(error)

    with ScriptedSmtp({"dot": leap}) as server:
        threads = [threading.Thread(target=work, args=(number, server)) for number in range(senders)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # Whoever lost its lease to the jump left nobody out.
        work(9, server)

    found = judge(store, edition_id, server.message_ids)
    assert broken == []
    assert (found.readers, found.doubled) == (120, 0)
    assert found.doubted <= (0 if senders == 1 else 2 * CONNECTIONS)


class Leavers:
    """Unsubscribe readers beside a run, each when a message to somebody else is at RCPT; `gone` are those answered."""

    def __init__(self, path: Path, readers: int) -> None:
        self._path, self._readers = path, readers
        self.gone: list[str] = []
        self.late: list[str] = []
        self._news = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._leave)

    def __enter__(self) -> Leavers:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._news.release(self._readers)
        self._thread.join()

    def note(self, command: str) -> None:
        """A message whose content is about to be asked for: was its reader told that they are gone?"""
        address = command.partition("<")[2].partition(">")[0]
        if address in self.gone:
            self.late.append(address)
        self._news.release()

    def _leave(self) -> None:
        store = Store(f"sqlite:///{self._path}")
        for number in range(self._readers, 10, -2):
            self._news.acquire()
            unsubscribe(store, SubscriberId(number), source="one-click", now=NOW)
            self.gone.append(f"r{number}@example.org")
        store.close()


def race(folder: Path, readers: int) -> tuple[list[str], Counter[DeliveryState]]:
    """Who was mailed though they had been told before RCPT that they are gone, and how the rows ended."""
    store = make_store(folder)
    edition_id = release(store, readers)
    with Leavers(folder / "newsletter.db", readers) as leavers, ScriptedSmtp({"rcpt": leavers.note}) as server:
        send_edition(store, edition_id, run_to(server))
    mailed, ended = b"".join(server.accepted), Counter(states(store, edition_id).values())
    assert ended[SENT] == len(server.accepted)
    store.close()
    return [address for address in leavers.late if f"To: {address}\r\n".encode() in mailed], ended


@pytest.mark.parametrize("readers", [400, pytest.param(2_010, marks=pytest.mark.faults)])
def test_nobody_is_mailed_over_four_connections_after_their_unsubscribe_was_answered(
    tmp_path: Path, readers: int
) -> None:
    late, ended = race(tmp_path, readers)

    assert late == []
    assert set(ended) == {SENT, CANCELLED}
    assert readers // 20 < ended[CANCELLED] <= readers // 2


def test_a_run_that_never_looks_mails_readers_who_were_told_that_they_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The control.
    monkeypatch.setattr(Watch, "look", lambda *_: None)

    assert race(tmp_path, 400)[0] != []
