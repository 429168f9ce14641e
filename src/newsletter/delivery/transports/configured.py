"""From `[transports.NAME]` of the configuration to what a transport has to be told."""

from __future__ import annotations

from newsletter.config import TransportSettings
from newsletter.config.transports import TransportKind
from newsletter.delivery.transports.settings import (
    MAILGUN_HOST,
    POSTMARK_HOST,
    AnySettings,
    MaildirSettings,
    MailgunSettings,
    PostmarkSettings,
    SesSettings,
    SmtpSettings,
    Tls,
)
from newsletter.errors import ConfigError, Fault


def settings_of(configured: TransportSettings) -> AnySettings:
    """The settings of the transport named in the configuration. Raises ConfigError for a Maildir without path."""
    match configured.kind:
        case TransportKind.MAILDIR:
            return _maildir(configured)
        case TransportKind.SES:
            return _ses(configured)
        case TransportKind.MAILGUN:
            return _mailgun(configured)
        case TransportKind.POSTMARK:
            return _postmark(configured)
        case TransportKind.SMTP:
            return _smtp(configured)


def _maildir(configured: TransportSettings) -> MaildirSettings:
    if configured.path is None:
        where = f"transports.{configured.name}.path"
        raise ConfigError([Fault(path="config.toml", field=where, message="a Maildir needs a path. Name a folder.")])
    return MaildirSettings(path=configured.path, name=configured.name)


def _smtp(configured: TransportSettings) -> SmtpSettings:
    return SmtpSettings(
        host=configured.host,
        port=configured.port,
        name=configured.name,
        tls=Tls(configured.tls),
        user=configured.user or "",
        password=_password(configured),
        connect_timeout_s=configured.connect_timeout.total_seconds(),
        command_timeout_s=configured.command_timeout.total_seconds(),
        dot_timeout_s=configured.data_timeout.total_seconds(),
        max_messages=configured.messages_per_connection,
        insecure=configured.insecure,
        chunking=configured.chunking,
    )


def _ses(configured: TransportSettings) -> SesSettings:
    return SesSettings(
        region=configured.region,
        access_key=configured.user or "",
        secret_key=_password(configured),
        name=configured.name,
        host=configured.host,
        connect_timeout_s=configured.connect_timeout.total_seconds(),
        read_timeout_s=configured.data_timeout.total_seconds(),
    )


def _mailgun(configured: TransportSettings) -> MailgunSettings:
    return MailgunSettings(
        domain=configured.domain,
        key=_password(configured),
        name=configured.name,
        host=configured.host or MAILGUN_HOST,
        connect_timeout_s=configured.connect_timeout.total_seconds(),
        read_timeout_s=configured.data_timeout.total_seconds(),
    )


def _postmark(configured: TransportSettings) -> PostmarkSettings:
    return PostmarkSettings(
        token=_password(configured),
        stream=configured.stream,
        name=configured.name,
        host=configured.host or POSTMARK_HOST,
        connect_timeout_s=configured.connect_timeout.total_seconds(),
        read_timeout_s=configured.data_timeout.total_seconds(),
    )


def _password(configured: TransportSettings) -> str:
    return configured.password.reveal() if configured.password else ""
