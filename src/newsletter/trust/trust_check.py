"""What a check of this room found, in the words of `doctor`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from newsletter.trust.zone import NameFault

Verdict = Literal["ok", "advice", "broken"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustCheck:
    """What was looked at, what the name servers say of it, and what to do about it."""

    what: str
    verdict: Verdict
    found: str
    advice: str = ""


def asked(what: str, look: Callable[[], Iterable[TrustCheck]]) -> list[TrustCheck]:
    """What `look` finds; one piece of advice in its place when a name server did not answer."""
    try:
        return list(look())
    except NameFault as fault:
        return [TrustCheck(what=what, verdict="advice", found=f"could not be asked: {fault}", advice="ask again later")]
