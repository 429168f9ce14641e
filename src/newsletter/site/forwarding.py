"""What the web door answers at former addresses: where an article went, or that it was taken back.

Two small outputs that are served to nobody: `site/_redirects`, which some static hosts read as well,
and `site/_gone`, which holds hashes, since what was withdrawn shall leave no trace in words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

REDIRECTS = "_redirects"
GONE = "_gone"


@dataclass(frozen=True, kw_only=True, slots=True)
class Forwarding:
    """Former addresses as ("LANG/SLUG") → present ones, and hashes of those where nothing is any more."""

    moved: Mapping[str, str] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()

    def is_gone(self, address: str) -> bool:
        """Whether the article at `address` ("LANG/SLUG") was withdrawn."""
        return _hash(address) in self.gone


def redirects_file(moved: Mapping[str, str]) -> bytes:
    """`site/_redirects`: one line "/LANG/OLD/ /LANG/NEW/ 301" for each, sorted, percent-encoded."""
    lines = (f"/{quote(old)}/ /{quote(new)}/ 301\n" for old, new in sorted(moved.items()))
    return "".join(lines).encode()


def gone_file(addresses: Iterable[str]) -> bytes:
    """`site/_gone`: one hash for each of `addresses` ("LANG/SLUG"), sorted."""
    return "".join(f"{each}\n" for each in sorted({_hash(address) for address in addresses})).encode()


def read_forwarding(redirects: bytes, gone: bytes) -> Forwarding:
    """What the two files say; lines of another form, such as an owner may add, are passed over."""
    moved: dict[str, str] = {}
    for line in redirects.decode("utf-8", "replace").splitlines():
        parts = line.split()
        if len(parts) == 3 and parts[2] == "301" and all(_is_ours(part) for part in parts[:2]):
            moved[unquote(parts[0]).strip("/")] = unquote(parts[1]).strip("/")
    return Forwarding(moved=moved, gone=frozenset(gone.decode("utf-8", "replace").split()))


def _is_ours(path: str) -> bool:
    # Two parts and three slashes: nothing of it can name another host.
    return path.startswith("/") and path.endswith("/") and path.count("/") == 3 and "//" not in path


def _hash(address: str) -> str:
    return hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()[:32]
