"""The sections `[delivery]` and `[transports.NAME]`: which way mail goes, and how fast.

Comes in: plain values. Goes out: the frozen records of these sections. `settings` nests them in the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar

from newsletter.config.addresses import read_address, read_domain, read_host, read_path
from newsletter.config.pace_values import Hours, Limit, Percent, read_day, read_hours, read_limit, read_percent
from newsletter.config.secret import Secret
from newsletter.config.values import (
    Reads,
    kind_of,
    list_of,
    one_of,
    read_duration,
    read_flag,
    read_secret,
    read_slug,
    read_text,
    read_timeout,
    whole_number,
)


class TransportKind(StrEnum):
    """What carries messages out."""

    MAILDIR = "maildir"
    SMTP = "smtp"
    SES = "ses"
    MAILGUN = "mailgun"
    POSTMARK = "postmark"


# Of each kind that calls a provider over HTTPS.
_CALLS = ("host", "connections", "limits", "warm_up", "connect_timeout", "data_timeout")
# What may be written of each kind; the rest of the record keeps its defaults.
SETTINGS_OF_KIND: Mapping[TransportKind, tuple[str, ...]] = {
    TransportKind.MAILDIR: ("kind", "path", "limits"),
    TransportKind.SMTP: (
        *("kind", "host", "port", "tls", "user", "password", "insecure", "connections", "messages_per_connection"),
        *("chunking", "limits", "warm_up", "connect_timeout", "command_timeout", "data_timeout"),
    ),
    TransportKind.SES: ("kind", "region", "user", "password", *_CALLS),
    TransportKind.MAILGUN: ("kind", "domain", "password", *_CALLS),
    TransportKind.POSTMARK: ("kind", "stream", "password", *_CALLS),
}


class Tls(StrEnum):
    """How a connection is encrypted; never "if offered"."""

    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    NONE = "none"


def read_transports(value: object) -> str | tuple[str, ...]:
    """The name of a transport, or several names, best first."""
    if not isinstance(value, list):
        if not isinstance(value, str):
            raise ValueError(f'is {kind_of(value)}. Write a name in quotes, or several: ["relay", "spare"].')
        return read_slug(value)
    names = list_of(read_slug)(value)
    if not names:
        raise ValueError("names no transport. Write at least one.")
    return names


def _a_twentieth() -> Percent:
    return Percent(share=0.05)


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliverySettings:
    """Which transport carries the mail, or which, best first; at which hours, how many at once to one domain.

    `seeds` get every edition first. With a `canary` an edition is tried with that part of its readers, for
    `canary_wait`, and goes on if at most `canary_refused` of them was refused.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid"}
    transport: Annotated[str | tuple[str, ...], Reads(read_transports)]
    hours: Annotated[Hours | None, Reads(read_hours)] = None
    per_domain: Annotated[int, Reads(whole_number(1, 1_000))] = 20
    seeds: Annotated[tuple[str, ...], Reads(list_of(read_address))] = ()
    canary: Annotated[Percent | None, Reads(read_percent)] = None
    canary_wait: Annotated[timedelta, Reads(read_duration)] = timedelta(minutes=30)
    canary_refused: Annotated[Percent, Reads(read_percent)] = field(default_factory=_a_twentieth)

    @property
    def transports(self) -> tuple[str, ...]:
        """The names of the transports in use, at least one, best first."""
        return (self.transport,) if isinstance(self.transport, str) else self.transport


@dataclass(frozen=True, kw_only=True, slots=True)
class TransportSettings:
    """One way out: a Maildir with its absolute `path`, an SMTP server with `host` and `port`, or a provider's API.

    Of the providers, `region` is for Amazon SES, `domain` for Mailgun, `stream` for Postmark; `host` is theirs if "".
    `name` is that of its section. `insecure` leaves the server's certificate unchecked and lets a
    password travel without TLS. All of `limits` hold together; `warm_up` is the first day of a new address.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid"}
    kind: Annotated[TransportKind, Reads(one_of(TransportKind))]
    name: Annotated[str, Reads(str)] = ""
    path: Annotated[Path | None, Reads(read_path)] = None
    host: Annotated[str, Reads(read_host)] = ""
    port: Annotated[int, Reads(whole_number(1, 65_535))] = 0
    tls: Annotated[Tls, Reads(one_of(Tls))] = Tls.STARTTLS
    user: Annotated[str | None, Reads(read_text)] = None
    password: Annotated[Secret | None, Reads(read_secret)] = None
    region: Annotated[str, Reads(read_slug)] = ""
    domain: Annotated[str, Reads(read_domain)] = ""
    stream: Annotated[str, Reads(read_text)] = "broadcast"
    connections: Annotated[int, Reads(whole_number(1, 100))] = 4
    messages_per_connection: Annotated[int, Reads(whole_number(1, 100_000))] = 100
    chunking: Annotated[bool, Reads(read_flag)] = True
    limits: Annotated[tuple[Limit, ...], Reads(list_of(read_limit))] = ()
    warm_up: Annotated[date | None, Reads(read_day)] = None
    connect_timeout: Annotated[timedelta, Reads(read_timeout)] = timedelta(seconds=30)
    command_timeout: Annotated[timedelta, Reads(read_timeout)] = timedelta(minutes=5)
    data_timeout: Annotated[timedelta, Reads(read_timeout)] = timedelta(minutes=10)
    insecure: Annotated[bool, Reads(read_flag)] = False
