"""Notices and death: a sender ended at every single step, then another one; each notice arrives, hardly one twice."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

from dying import Died, Fate, MortalTransport, moving_store
from ledger_rows import NOW, Clock, make_store, rows, write_notices

from newsletter.delivery import NoticeRun, Sender, send_notices
from newsletter.delivery.transports import MemoryTransport, Transport
from newsletter.model import DeliveryState
from newsletter.store.tables import notices

NOTICES = 4


def tools(transport: Transport, token: str) -> NoticeRun:
    sender = Sender(token=token, boot_id="boot-1", is_gone=lambda other: other == "here.1.1.a")
    return NoticeRun(transport=transport, clock=Clock(NOW), jitter=lambda: 0.5, sender=sender)


def test_a_death_at_any_step_loses_no_notice_and_repeats_at_most_the_one_in_hand(tmp_path: Path) -> None:
    written = make_store(tmp_path)
    write_notices(written, NOTICES)
    written.checkpoint()
    written.close()
    path, fate = tmp_path / "newsletter.db", Fate()
    mortal, heir = moving_store(lambda: path, fate), moving_store(lambda: path)
    repeated, at, alive = Counter[int](), 0, False

    while not alive:
        at += 1
        mortal.close()
        heir.close()
        path = Path(shutil.copy(tmp_path / "newsletter.db", tmp_path / f"{at}.db"))
        fate.begin(at)
        first, second = MortalTransport(fate), MemoryTransport()
        try:
            send_notices(mortal, tools(first, "here.1.1.a"))
            alive = True
        except Died:
            mortal.close()
        send_notices(heir, tools(second, "here.2.2.b"))

        taken = Counter(one.envelope.recipient for one in (*first.accepted, *second.accepted))
        assert len(taken) == NOTICES, at
        assert {row.state for row in rows(heir, notices)} == {int(DeliveryState.SENT)}, at
        assert {row.message for row in rows(heir, notices)} == {b""}, at
        repeated[sum(taken.values()) - NOTICES] += 1

    mortal.close()
    heir.close()
    # Some deaths fall between the reply and the books, where nobody can know: those notices go out again.
    assert set(repeated) == {0, 1}
    assert sum(repeated.values()) > 30
