"""The hooks' tests sign as the providers do; the harness beside this file holds their keys."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "harness"))
