"""Where returned mail comes in, as `[bounces]` names it: each mailbox with the desk that takes what is found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from newsletter.delivery.mailboxes import BounceCollector, BounceListener, Box, ImapBox, ImapSettings, MaildirBox, Take
from newsletter.delivery.transports import Tls

if TYPE_CHECKING:
    from newsletter.newsroom import Newsroom
    from newsletter.returns_desk import ReturnsDesk


def boxes_of(newsroom: Newsroom, desk: ReturnsDesk) -> list[tuple[Box, Take]]:
    """The Maildir and the IMAP mailbox of the configuration, as far as they are named."""
    rules = newsroom.config.bounces
    boxes: list[tuple[Box, Take]] = []
    if rules.maildir is not None:
        boxes.append((MaildirBox(rules.maildir), _take(desk, "maildir")))
    if rules.imap_host:
        settings = ImapSettings(
            host=rules.imap_host,
            port=rules.imap_port,
            tls=Tls(rules.imap_tls),
            user=rules.imap_user or "",
            password=rules.imap_password.reveal() if rules.imap_password else "",
            mailbox=rules.imap_mailbox,
        )
        boxes.append((ImapBox(settings), _take(desk, "imap")))
    return boxes


class Returns:
    """What takes returned mail while `serve` works: a look into the mailboxes now and then, and an open port."""

    def __init__(self, newsroom: Newsroom, desk: ReturnsDesk) -> None:
        """Prepare; nothing works before `start`."""
        rules = newsroom.config.bounces
        boxes = boxes_of(newsroom, desk)
        self._every_s = rules.every.total_seconds()
        self._collector = BounceCollector(boxes) if boxes else None
        self._listener: BounceListener | None = None
        if rules.listen:
            domain = newsroom.config.email.bounce_domain
            self._listener = BounceListener(rules.listen, _take(desk, "lmtp"), domain=domain)

    @property
    def fault(self) -> str:
        """What keeps returned mail out just now, in a sentence without addresses; "" while all is well."""
        return next((each.fault for each in (self._collector, self._listener) if each is not None and each.fault), "")

    def start(self) -> None:
        """Begin. Raises TransportError for a port that cannot be had."""
        if self._listener is not None:
            self._listener.start()
        if self._collector is not None:
            self._collector.start(every_s=self._every_s)

    def stop(self) -> None:
        """Finish the message in hand and end."""
        if self._collector is not None:
            self._collector.stop()
        if self._listener is not None:
            self._listener.stop()


def _take(desk: ReturnsDesk, source: str) -> Take:
    def take(message: bytes, recipients: Sequence[str]) -> object:
        return desk.take(message, recipients, source=source)

    return take
