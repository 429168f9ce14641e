"""What works beside the web door in `newsletter serve`: the bell, the senders, returned mail, housekeeping."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from newsletter.cli.mailboxes import Returns
from newsletter.cli.ticks import tick_lines
from newsletter.delivery import NoticeSender, Worker, WorkerWords
from newsletter.errors import NewsletterError, NewsroomPaused
from newsletter.scheduler import Bell

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter.hub_desk import HubDesk
    from newsletter.newsroom import Newsroom
    from newsletter.readers_desk import ReadersDesk
    from newsletter.returns_desk import ReturnsDesk

HOUR_S = 3600.0
HUB_S = 1.0
_MAIL = WorkerWords(waits="Mail waits", again="Mail goes out again.", ended="The sender of mail has ended")
_HUB = WorkerWords(waits="Hubs wait", again="Hubs are told again.", ended="What tells hubs has ended")
_log = logging.getLogger("newsletter.serve")


class Workers:
    """The bell and the senders of one process; each outlives relays that are down and databases that are busy."""

    def __init__(
        self, newsroom: Newsroom, notices: NoticeSender, readers: ReadersDesk, hub: HubDesk, returns: ReturnsDesk
    ) -> None:
        """Prepare; nothing works before `at_work`."""
        self._returns_desk, self.returns = returns, Returns(newsroom, returns)
        self._hub = hub
        self.hub = Worker("hub", hub.tell, _HUB)
        self._newsroom, self._readers, self._notices = newsroom, readers, notices
        self._desk = newsroom.schedules(told=notices.wake)
        self.mail = Worker("mail", self._send, _MAIL)
        self.bell = Bell(self._ring)
        self._ended = threading.Event()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Work until the block ends; what is in flight then is finished."""
        housekeeping = threading.Thread(target=self._tidy_hourly, name="housekeeping", daemon=True)
        # First, since its port may be taken.
        self.returns.start()
        self._notices.start()
        self.mail.start()
        self.bell.start()
        housekeeping.start()
        if self._hub.has_work:
            # What another process published is told within a second, what this one did at once.
            self.hub.start(every_s=HUB_S)
        try:
            yield
        finally:
            self._ended.set()
            self.bell.stop()
            self.mail.stop()
            self.hub.stop()
            self.returns.stop()
            self._notices.stop()
            housekeeping.join()

    def _ring(self) -> None:
        ticked = self._desk.tick()
        for line in tick_lines(ticked):
            _log.info("%s", line)
        if ticked.published or ticked.slots:
            self.mail.wake()
            self.hub.wake()

    def _send(self, stop: Callable[[], bool]) -> None:
        # A newsroom that is paused waits for a person, which is no failure of the sender's.
        if self._newsroom.paused_reason() is not None:
            return
        try:
            self._desk.send_due(stop=stop)
        except NewsroomPaused:
            return

    def _tidy_hourly(self) -> None:
        """Forget what is over, now and every hour."""
        while True:
            try:
                self._readers.tidy()
                self._returns_desk.tidy()
            except NewsletterError as error:
                _log.warning("Housekeeping waits an hour: %s", error)
            if self._ended.wait(HOUR_S):
                return
