"""Fixtures of these tests; the harness is that of the delivery tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "delivery" / "harness"))

from ledger_rows import empty, make_store  # found only through the line above

from newsletter.store import Store


@pytest.fixture(scope="session")
def kept_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = make_store(tmp_path_factory.mktemp("kept"))
    yield store
    store.close()


@pytest.fixture
def store(kept_store: Store) -> Iterator[Store]:
    yield kept_store
    empty(kept_store)
