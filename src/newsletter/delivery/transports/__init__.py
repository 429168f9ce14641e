"""Ways for a message to leave the house: a relay over SMTP, a Maildir, memory.

Comes in: settings from the desk. Goes out: a `Transport`, which the desk enters and hands to the
engine.
"""

from __future__ import annotations

from newsletter.delivery.transports.maildir import MaildirTransport
from newsletter.delivery.transports.memory import AtDot, Carried, MemoryTransport
from newsletter.delivery.transports.settings import MaildirSettings, SmtpSettings, Tls
from newsletter.delivery.transports.smtp import SmtpTransport
from newsletter.delivery.transports.transport import Transport

__all__ = [
    "AtDot",
    "Carried",
    "MaildirSettings",
    "MaildirTransport",
    "MemoryTransport",
    "SmtpSettings",
    "SmtpTransport",
    "Tls",
    "Transport",
    "open_transport",
]


def open_transport(settings: SmtpSettings | MaildirSettings) -> Transport:
    """The transport these settings describe; enter it before use."""
    return MaildirTransport(settings) if isinstance(settings, MaildirSettings) else SmtpTransport(settings)
