"""The fixtures of a whole newsroom."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "newsroom" / "harness"))

from real_newsroom import desk, empty_database  # found only through the line above

__all__ = ["desk", "empty_database"]
