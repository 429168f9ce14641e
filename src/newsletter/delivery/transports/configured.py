"""From `[transports.NAME]` of the configuration to what a transport has to be told."""

from __future__ import annotations

from newsletter.config import TransportSettings
from newsletter.delivery.transports.settings import MaildirSettings, SmtpSettings, Tls
from newsletter.errors import ConfigError, Fault


def settings_of(configured: TransportSettings) -> SmtpSettings | MaildirSettings:
    """The settings of the transport named in the configuration. Raises ConfigError for a Maildir without path."""
    if configured.kind == "maildir":
        if configured.path is None:
            where = f"transports.{configured.name}.path"
            raise ConfigError(
                [Fault(path="config.toml", field=where, message="a Maildir needs a path. Name a folder.")]
            )
        return MaildirSettings(path=configured.path, name=configured.name)
    return SmtpSettings(
        host=configured.host,
        port=configured.port,
        name=configured.name,
        tls=Tls(configured.tls),
        user=configured.user or "",
        password=configured.password.reveal() if configured.password else "",
        connect_timeout_s=configured.connect_timeout.total_seconds(),
        command_timeout_s=configured.command_timeout.total_seconds(),
        dot_timeout_s=configured.data_timeout.total_seconds(),
        max_messages=configured.messages_per_connection,
        insecure=configured.insecure,
        chunking=configured.chunking,
    )
