"""What of an edition was not sent, with its reasons: lines for people, and stable JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from newsletter.cli.values import counted

if TYPE_CHECKING:
    from newsletter.answers import Remainder


def remainder_lines(remainders: Sequence[Remainder]) -> Iterator[str]:
    """One line for each state and reason, the most frequent first; the rest is counted."""
    for remainder in remainders:
        name = remainder.state.name.lower()
        for reason, number in remainder.reasons:
            yield f"{number:,} {name}: {reason or 'no reason is known'}"
        if remainder.other_reasons:
            yield f"{remainder.other_number:,} {name}: and {counted(remainder.other_reasons, 'other reason')}"


def remainders_data(remainders: Sequence[Remainder]) -> dict[str, object]:
    """Reasons by state as stable JSON."""
    return {
        remainder.state.name.lower(): {
            "reasons": [{"reason": reason, "number": number} for reason, number in remainder.reasons],
            "other_reasons": remainder.other_reasons,
            "other_number": remainder.other_number,
        }
        for remainder in remainders
    }
