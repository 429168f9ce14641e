"""Words of others in our sentences, for the modules of this package.

Comes in: any text. Goes out: the same in quotes, short and harmless. It stands here because the ground
may not ask the configuration for its own.
"""

from __future__ import annotations


def quoted(text: str) -> str:
    """`text` in quotes for a message: at most 60 characters, nothing that moves a terminal."""
    shown = text if len(text) <= 60 else text[:59] + "…"
    return "“" + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in shown) + "”"
