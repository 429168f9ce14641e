"""Doors through which returned mail comes in: a Maildir, an IMAP mailbox, LMTP or SMTP on this machine.

Comes in: messages that servers sent to our return addresses. Goes out: their octets, to a `Take` of the desk's.
Nothing is ever deleted here: a message that was not taken stays where it is and is offered again.
"""

from __future__ import annotations

from newsletter.delivery.mailboxes.box import MAX_OCTETS, Box, Collected, Take
from newsletter.delivery.mailboxes.collector import BounceCollector, collect_all
from newsletter.delivery.mailboxes.imap import ImapBox, ImapSettings
from newsletter.delivery.mailboxes.listener import BounceListener
from newsletter.delivery.mailboxes.maildir import MaildirBox

__all__ = [
    "MAX_OCTETS",
    "BounceCollector",
    "BounceListener",
    "Box",
    "Collected",
    "ImapBox",
    "ImapSettings",
    "MaildirBox",
    "Take",
    "collect_all",
]
