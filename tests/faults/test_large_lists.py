"""F23: a run over a large list takes no more memory than one over a small list."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ledger_rows import make_store, release
from many_senders import HARNESS

SMALL, LARGE, FLAT_MB = 2_000, 100_000, 12


def memory_of_a_run(folder: Path, readers: int) -> tuple[int, int]:
    """How many MB a run over so many readers added, and how many its process had at most."""
    store = make_store(folder)
    edition_id = release(store, readers)
    url = store.url.render_as_string()
    store.close()
    done = subprocess.run(
        [sys.executable, str(HARNESS / "large_list_process.py"), url, str(edition_id)],
        capture_output=True,
        text=True,
        check=True,
    )
    before, most, sent = map(int, done.stdout.split())
    assert sent == readers
    return most - before, most


@pytest.mark.faults
@pytest.mark.timeout(1_200)
def test_memory_is_flat_over_a_hundred_thousand_readers(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    small, _ = memory_of_a_run(tmp_path_factory.mktemp("small"), SMALL)
    large, most = memory_of_a_run(tmp_path_factory.mktemp("large"), LARGE)

    with capsys.disabled():
        print(f"A run took {small} MB for {SMALL} readers, {large} MB for {LARGE}; {most} MB in all")  # noqa: T201
    assert large - small <= FLAT_MB
    assert most < 200
