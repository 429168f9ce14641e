"""What a transport has to be told; the desk maps the newsroom's configuration onto these."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

MAILGUN_HOST = "api.mailgun.net"
POSTMARK_HOST = "api.postmarkapp.com"


class Tls(StrEnum):
    """How the connection is encrypted; never "if the server offers it"."""

    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class MaildirSettings:
    """A folder in Maildir form; `path` is made when it is missing."""

    path: Path
    name: str = "outbox"


@dataclass(frozen=True, kw_only=True, slots=True)
class SmtpSettings:
    """A relay and how to speak with it.

    `local_name` is what EHLO says; "" means this machine's name. The timeouts are those of
    RFC 5321 §4.5.3.2: a shorter wait for the reply to the final dot makes doubles. A password
    without TLS is sent only to a loopback host, and only with `plain_login`. `insecure` accepts
    any certificate. `chunking` lets content travel by BDAT where the relay takes it (RFC 3030).
    """

    host: str
    port: int = 587
    name: str = "smtp"
    tls: Tls = Tls.STARTTLS
    user: str = ""
    password: str = field(default="", repr=False)
    local_name: str = ""
    connect_timeout_s: float = 30.0
    command_timeout_s: float = 300.0
    dot_timeout_s: float = 600.0
    max_messages: int = 100
    max_age_s: float = 300.0
    plain_login: bool = False
    insecure: bool = False
    chunking: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class SesSettings:
    """An account at Amazon SES: `access_key` may send, in `region`; "" as `host` is that region's own.

    `insecure` speaks plain HTTP, which works for a loopback host alone.
    """

    region: str
    access_key: str
    secret_key: str = field(repr=False)
    name: str = "ses"
    host: str = ""
    port: int = 443
    connect_timeout_s: float = 30.0
    read_timeout_s: float = 60.0
    insecure: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class MailgunSettings:
    """A sending `domain` at Mailgun and its key; accounts in Europe need the host api.eu.mailgun.net.

    `insecure` speaks plain HTTP, which works for a loopback host alone.
    """

    domain: str
    key: str = field(repr=False)
    name: str = "mailgun"
    host: str = MAILGUN_HOST
    port: int = 443
    connect_timeout_s: float = 30.0
    read_timeout_s: float = 60.0
    insecure: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PostmarkSettings:
    """A server at Postmark, by its token, and the message stream in it that carries newsletters.

    `insecure` speaks plain HTTP, which works for a loopback host alone.
    """

    token: str = field(repr=False)
    stream: str = "broadcast"
    name: str = "postmark"
    host: str = POSTMARK_HOST
    port: int = 443
    connect_timeout_s: float = 30.0
    read_timeout_s: float = 60.0
    insecure: bool = False


AnySettings = SmtpSettings | MaildirSettings | SesSettings | MailgunSettings | PostmarkSettings
