"""Fixtures of these tests: a newsroom of the shared harness, and the newsroom on a stage of the state machine."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "newsroom" / "harness"))
sys.path.insert(0, str(Path(__file__).parent / "harness"))

from real_newsroom import desk, either_desk, empty_database, postgresql_url  # found only through the lines above

__all__ = ["desk", "either_desk", "empty_database", "postgresql_url"]
