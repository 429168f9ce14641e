"""Fixtures of these tests; the harness is that of the delivery tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "delivery" / "harness"))

from ledger_rows import make_store  # found only through the line above

from newsletter.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = make_store(tmp_path)
    yield store
    store.close()
