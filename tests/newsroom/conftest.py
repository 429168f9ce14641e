"""The fixtures of a whole newsroom."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "harness"))

from real_newsroom import desk, either_desk, empty_database, postgresql_url  # found only through the line above

__all__ = ["desk", "either_desk", "empty_database", "postgresql_url"]
