"""Ways for a message to leave the house: a relay over SMTP, a provider's API, a Maildir, memory.

Comes in: settings from the desk. Goes out: a `Transport`, which the desk enters and hands to the
engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from newsletter.delivery.transports.failover import Circuits, FailoverTransport
from newsletter.delivery.transports.maildir import MaildirTransport
from newsletter.delivery.transports.memory import AtDot, Carried, MemoryTransport
from newsletter.delivery.transports.settings import (
    AnySettings,
    MaildirSettings,
    MailgunSettings,
    PostmarkSettings,
    SesSettings,
    SmtpSettings,
    Tls,
)
from newsletter.delivery.transports.smtp import SmtpTransport
from newsletter.delivery.transports.transport import Transport

__all__ = [
    "AnySettings",
    "AtDot",
    "Carried",
    "MaildirSettings",
    "MaildirTransport",
    "MailgunSettings",
    "MemoryTransport",
    "PostmarkSettings",
    "SesSettings",
    "SmtpSettings",
    "SmtpTransport",
    "Tls",
    "Transport",
    "open_transport",
    "open_transports",
]


def open_transports(
    settings: Sequence[AnySettings],
    circuits: Circuits | None = None,
    *,
    clock: Callable[[], datetime],
) -> Transport:
    """One transport, or several as one: each message goes by the first that works.

    Without `circuits` it keeps its own, for as long as it lasts.
    """
    opened = [_open(each, clock) for each in settings]
    if len(opened) == 1:
        return opened[0]
    names = [each.name for each in opened]
    return FailoverTransport(opened, circuits or Circuits(names, clock=clock, jitter=lambda: 0.5))


def open_transport(settings: SmtpSettings | MaildirSettings | MailgunSettings | PostmarkSettings) -> Transport:
    """The transport these settings describe; enter it before use. Amazon SES needs a clock, too: `open_transports`."""
    match settings:
        case MaildirSettings():
            return MaildirTransport(settings)
        case SmtpSettings():
            return SmtpTransport(settings)
    # The libraries of the web are met late: they took 25 ms, and few newsrooms send by a provider.
    if isinstance(settings, MailgunSettings):
        from newsletter.delivery.transports.mailgun import MailgunTransport

        return MailgunTransport(settings)
    from newsletter.delivery.transports.postmark import PostmarkTransport

    return PostmarkTransport(settings)


def _open(settings: AnySettings, clock: Callable[[], datetime]) -> Transport:
    if not isinstance(settings, SesSettings):
        return open_transport(settings)
    from newsletter.delivery.transports.ses import SesTransport

    return SesTransport(settings, clock=clock)
