"""What config.toml says of a transport reaches it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ledger_rows import NOW

from newsletter.config import TransportSettings
from newsletter.config.secret import Secret
from newsletter.config.settings import TransportKind
from newsletter.delivery.transports import (
    AnySettings,
    MailgunSettings,
    PostmarkSettings,
    SesSettings,
    SmtpSettings,
    open_transports,
)
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


MINUTE = timedelta(minutes=1)
PROVIDERS = [
    (
        TransportSettings(
            kind=TransportKind.SES,
            name="amazon",
            region="eu-west-1",
            user="AKIAEXAMPLE",
            password=Secret("hidden"),
            data_timeout=MINUTE,
        ),
        SesSettings(
            name="amazon", region="eu-west-1", access_key="AKIAEXAMPLE", secret_key="hidden", read_timeout_s=60.0
        ),
    ),
    (
        TransportSettings(
            kind=TransportKind.MAILGUN,
            name="gun",
            domain="mg.example.org",
            password=Secret("hidden"),
            connect_timeout=MINUTE,
            data_timeout=MINUTE,
        ),
        MailgunSettings(name="gun", domain="mg.example.org", key="hidden", connect_timeout_s=60.0, read_timeout_s=60.0),
    ),
    (
        TransportSettings(kind=TransportKind.MAILGUN, domain="mg.example.org", host="api.eu.mailgun.net"),
        MailgunSettings(name="", domain="mg.example.org", key="", host="api.eu.mailgun.net", read_timeout_s=600.0),
    ),
    (
        TransportSettings(kind=TransportKind.POSTMARK, name="post", password=Secret("hidden"), stream="letters"),
        PostmarkSettings(name="post", token="hidden", stream="letters", read_timeout_s=600.0),
    ),
]


@pytest.mark.parametrize(("configured", "expected"), PROVIDERS)
def test_each_setting_of_a_provider_reaches_the_transport(configured: TransportSettings, expected: AnySettings) -> None:
    assert settings_of(configured) == expected


@pytest.mark.parametrize("settings", [expected for _, expected in PROVIDERS])
def test_each_provider_has_its_transport_and_shows_no_key(settings: AnySettings) -> None:
    with open_transports([settings], clock=lambda: NOW) as transport:
        assert transport.name == settings.name
    assert "hidden" not in repr(settings)
