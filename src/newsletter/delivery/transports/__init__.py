"""Ways for a message to leave the house: a relay over SMTP, a Maildir, memory.

Comes in: settings from the desk. Goes out: a `Transport`, which the desk enters and hands to the
engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from newsletter.delivery.transports.failover import Circuits, FailoverTransport
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
    "open_transports",
]


def open_transports(
    settings: Sequence[SmtpSettings | MaildirSettings],
    circuits: Circuits | None = None,
    *,
    clock: Callable[[], datetime],
) -> Transport:
    """One transport, or several as one: each message goes by the first that works.

    Without `circuits` it keeps its own, for as long as it lasts.
    """
    opened = [open_transport(each) for each in settings]
    if len(opened) == 1:
        return opened[0]
    names = [each.name for each in opened]
    return FailoverTransport(opened, circuits or Circuits(names, clock=clock, jitter=lambda: 0.5))


def open_transport(settings: SmtpSettings | MaildirSettings) -> Transport:
    """The transport these settings describe; enter it before use."""
    return MaildirTransport(settings) if isinstance(settings, MaildirSettings) else SmtpTransport(settings)
