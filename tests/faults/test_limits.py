"""F6 and F22: the system refuses disk, descriptors or memory in mid-send; the run ends, and the next one goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ledger_rows import make_store, release
from many_senders import HARNESS, judge
from scripted_smtp import ScriptedSmtp

from newsletter.store import Store


def run_once(store: Store, port: int, edition_id: int, *choices: str) -> tuple[int, str]:
    """A sender's exit code and what it said."""
    order = " ".join([store.url.render_as_string(), str(port), str(edition_id), *choices])
    program = subprocess.Popen(
        [sys.executable, str(HARNESS / "choosy_process.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        told, said = program.communicate(order + "\n", timeout=20)
    except subprocess.TimeoutExpired:
        # Its children, too.
        os.killpg(program.pid, signal.SIGKILL)
        return -signal.SIGKILL, program.communicate()[1]
    return int(told.splitlines()[-1]), said


@pytest.mark.parametrize(
    "octets", [200_000, *(pytest.param(n, marks=pytest.mark.faults) for n in range(0, 480_001, 20_000))]
)
def test_a_full_disk_ends_in_a_sentence_and_the_next_run_goes_on(tmp_path: Path, octets: int) -> None:
    store = make_store(tmp_path)
    edition_id = release(store, 300, chunk=60)
    with ScriptedSmtp() as server:
        code, words = run_once(store, server.port, edition_id, f"file_octets={octets}")
        assert (code, "unexpected" in words) == (1, False), words
        assert words.count("\n") == 1
        assert run_once(store, server.port, edition_id) == (0, "")

    found = judge(store, edition_id, server.message_ids)
    store.close()
    assert (found.readers, found.doubled) == (300, 0)
    assert found.doubted <= 4


@pytest.mark.parametrize(
    "limit",
    [
        "nofile=32",
        "nofile=20",
        "nofile=12",
        *(pytest.param(f"nofile={number}", marks=pytest.mark.faults) for number in (8, 9, 10, 11, *range(13, 20), 24)),
        *(pytest.param(f"memory_mb={number}", marks=pytest.mark.faults) for number in (150, 200, 250, 300, 400)),
    ],
)
def test_without_descriptors_or_memory_the_run_ends_and_the_next_one_goes_on(tmp_path: Path, limit: str) -> None:
    store = make_store(tmp_path)
    edition_id = release(store, 120, chunk=60)
    with ScriptedSmtp() as server:
        code, words = run_once(store, server.port, edition_id, limit, "connections=40")
        assert code in (0, 1, 70), words

        assert run_once(store, server.port, edition_id) == (0, "")

    found = judge(store, edition_id, server.message_ids)
    store.close()
    assert (found.readers, found.doubled, found.doubted) == (120, 0, 0)
