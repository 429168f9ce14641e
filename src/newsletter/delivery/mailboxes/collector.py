"""A thread beside the web door that looks for returned mail now and then, in every mailbox it is told of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from newsletter.delivery.mailboxes.box import Box, Take, reason_of
from newsletter.delivery.words import fit_for_log
from newsletter.delivery.worker import Worker, WorkerWords
from newsletter.errors import NewsletterError, TransportError

EVERY_S = 300.0
_WORDS = WorkerWords(
    waits="Returned mail waits",
    again="Returned mail is read again.",
    ended="The collector of returned mail has ended",
)


class BounceCollector:
    """Looks into each box at once when it is told, and by itself every few minutes. Start it once.

    `boxes` are mailboxes, each with who takes what is found there. One that fails keeps no other from being read.
    """

    def __init__(self, boxes: Sequence[tuple[Box, Take]]) -> None:
        """Prepare; nothing runs before `start`."""
        self._boxes = tuple(boxes)
        self._worker = Worker("bounces", self._look, _WORDS)

    @property
    def fault(self) -> str:
        """What keeps returned mail from being read just now, in a sentence without addresses; "" while all is well."""
        return self._worker.fault

    def start(self, *, every_s: float = EVERY_S) -> None:
        """Begin; look at least every `every_s` seconds."""
        self._worker.start(every_s=every_s)

    def wake(self) -> None:
        """Look now; returns at once. During a back-off, when that is over."""
        self._worker.wake()

    def stop(self, *, timeout_s: float = 30.0) -> bool:
        """Finish the message in hand and end; the others stay where they are. False if it has not ended in time."""
        return self._worker.stop(timeout_s=timeout_s)

    def _look(self, stop: Callable[[], bool]) -> None:
        faults = collect_all(self._boxes, stop=stop)
        if faults:
            raise TransportError(" ".join(faults))


def collect_all(boxes: Sequence[tuple[Box, Take]], *, stop: Callable[[], bool]) -> tuple[str, ...]:
    """Look into each box, and give the faults, in sentences without addresses: none when everything was taken."""
    return tuple(fault for box, take in boxes if not stop() and (fault := _fault_of(box, take, stop)))


def _fault_of(box: Box, take: Take, stop: Callable[[], bool]) -> str:
    try:
        return box.collect(take, stop=stop).fault
    except NewsletterError as error:
        return fit_for_log(str(error))
    except Exception as error:  # noqa: BLE001  # whatever it is, the other mailboxes must be read
        return f"{reason_of(error)}."
