"""F6 and F22: the system refuses disk, descriptors or memory in mid-send; the run ends, and the next one goes on."""

from __future__ import annotations

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
    done = subprocess.run(
        [sys.executable, str(HARNESS / "choosy_process.py")],
        input=order + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return int(done.stdout.splitlines()[-1]), done.stderr


@pytest.mark.parametrize(
    "octets", [200_000, *(pytest.param(n, marks=pytest.mark.faults) for n in range(0, 600_000, 20_000))]
)
def test_a_full_disk_ends_in_a_sentence_and_the_next_run_goes_on(tmp_path: Path, octets: int) -> None:
    store = make_store(tmp_path)
    edition_id = release(store, 300, chunk=60)
    with ScriptedSmtp() as server:
        code, words = run_once(store, server.port, edition_id, f"file_octets={octets}")
        assert (code, "unexpected" in words) == (1, False), words
        assert words.count("\n") == 1
        refused = len(server.message_ids)

        assert run_once(store, server.port, edition_id) == (0, "")

    found = judge(store, edition_id, server.message_ids)
    store.close()
    assert (found.readers, found.doubled) == (300, 0)
    assert found.doubted <= 4
    assert refused < 300


@pytest.mark.parametrize("limit", ["nofile=8", "nofile=12", "nofile=14", "nofile=16", "nofile=20", "nofile=32"])
def test_without_descriptors_the_run_ends_and_the_next_one_goes_on(tmp_path: Path, limit: str) -> None:
    store = make_store(tmp_path)
    edition_id = release(store, 120, chunk=60)
    with ScriptedSmtp() as server:
        code, words = run_once(store, server.port, edition_id, limit, "connections=40")
        assert (code, words.partition(":")[0]) in ((1, "StoreError"), (1, "TransportError"), (0, ""))

        assert run_once(store, server.port, edition_id) == (0, "")

    found = judge(store, edition_id, server.message_ids)
    store.close()
    assert (found.readers, found.doubled, found.doubted) == (120, 0, 0)
