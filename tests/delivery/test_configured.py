"""What config.toml says of a transport reaches it."""

from __future__ import annotations

from datetime import timedelta

from newsletter.config import TransportSettings
from newsletter.config.settings import TransportKind
from newsletter.delivery.transports import SmtpSettings
from newsletter.delivery.transports.configured import settings_of


def test_each_setting_of_a_mail_server_reaches_the_transport() -> None:
    configured = TransportSettings(
        kind=TransportKind.SMTP,
        name="relay",
        host="smtp.example.org",
        port=2525,
        user="news",
        messages_per_connection=7,
        chunking=False,
        data_timeout=timedelta(minutes=3),
    )

    settings = settings_of(configured)

    assert isinstance(settings, SmtpSettings)
    assert (settings.host, settings.port, settings.name, settings.user) == ("smtp.example.org", 2525, "relay", "news")
    assert (settings.max_messages, settings.chunking, settings.dot_timeout_s) == (7, False, 180.0)
