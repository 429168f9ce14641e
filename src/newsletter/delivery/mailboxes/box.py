"""What the mailboxes share: how a message is handed on, and how a look into one of them is summed up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from newsletter.delivery.words import fit_for_log
from newsletter.errors import NewsletterError

# What tells a report lies at its beginning; the rest is the mail that came back.
MAX_OCTETS = 1024 * 1024

Take = Callable[[bytes, Sequence[str]], object]
"""Takes a message and the envelope's recipients, as far as they are known; when it returns, it is written down.

Whatever it raises means that the message is to stay where it is and be offered again.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Collected:
    """What one look into a mailbox brought: messages taken, and those that stay there for a fault.

    `fault` tells of the first of these in a sentence without addresses; "" when there are none.
    """

    taken: int = 0
    failed: int = 0
    fault: str = ""


class Box(Protocol):
    """A mailbox to look into now and then."""

    def collect(self, take: Take, *, stop: Callable[[], bool]) -> Collected:
        """Hand on what nobody has seen, oldest first, until there is no more or `stop` says so.

        A message that is not taken stays unseen, and the others are handed on. Raises TransportError when the
        mailbox cannot be looked into at all.
        """
        ...


class Tally:
    """Counts what a look brings, and remembers the first fault."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._taken = self._failed = 0
        self._fault = ""

    def is_taken(self, take: Take, message: bytes, name: str) -> bool:
        """Hand `message` on, and tell whether it was taken; if not, it is counted as failed under `name`."""
        try:
            take(message, ())
        except Exception as error:  # noqa: BLE001  # one message that cannot be taken must not keep the others away
            self.fail(f"{name} stays there, for it could not be taken ({reason_of(error)}).")
            return False
        return True

    def count_taken(self) -> None:
        """One more was taken, and is marked as seen."""
        self._taken += 1

    def fail(self, sentence: str) -> None:
        """One more stays; `sentence` says why and what to do."""
        self._failed += 1
        self._fault = self._fault or fit_for_log(sentence)

    def sum(self) -> Collected:
        """What was counted."""
        more = self._failed - 1
        others = (
            f" {more:,} more stay there, too." if more > 1 else " Another one stays there, too." if more == 1 else ""
        )
        return Collected(taken=self._taken, failed=self._failed, fault=self._fault + others)


def reason_of(error: BaseException) -> str:
    """Why something failed, in one line without addresses."""
    words = str(error).strip().removesuffix(".")
    return fit_for_log(words if isinstance(error, NewsletterError) else f"{type(error).__name__}: {words}")
