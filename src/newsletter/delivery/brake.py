"""The brake: many refusals in a row are said about us, not about so many readers."""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.model import SubscriberId

REFUSALS = 20


class Brake:
    """Counts refusals since the last acceptance, and remembers whose they were.

    A deferral neither counts nor forgives: a relay that blocks us may mix its answers.
    """

    def __init__(self, refusals: int = REFUSALS) -> None:
        """Trip after so many `refusals` in a row; 0 never trips."""
        self._limit = refusals
        self._count = 0
        self._refused: list[SubscriberId] = []
        self._bounced: list[SubscriberId] = []

    def accepted(self) -> None:
        """Forget the row of refusals: the relay does take our mail."""
        self._count = 0
        self._refused.clear()
        self._bounced.clear()

    def refused(self, subscriber_id: SubscriberId, *, bounced: bool) -> None:
        """Count a refusal of one reader, who was marked as bounced or not."""
        self._count += 1
        self._refused.append(subscriber_id)
        if bounced:
            self._bounced.append(subscriber_id)

    def failed(self) -> None:
        """Count a refusal of the whole connection, which touched no reader."""
        self._count += 1

    @property
    def is_pulled(self) -> bool:
        """Whether the row of refusals has reached the limit."""
        return 0 < self._limit <= self._count

    @property
    def refused_ids(self) -> Sequence[SubscriberId]:
        """The readers refused since the last acceptance, oldest first; each may be there twice."""
        return tuple(self._refused)

    @property
    def bounced_ids(self) -> Sequence[SubscriberId]:
        """Those of them whose state was changed to bounced."""
        return tuple(self._bounced)
