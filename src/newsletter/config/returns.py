"""The sections `[dkim]`, `[dns]`, `[bounces]` and `[hooks]`: what makes mail arrive, and what comes back.

Comes in: plain values. Goes out: the frozen records of these sections. `settings` nests them in the whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, ClassVar

from newsletter.config.addresses import is_loopback, read_bind, read_domain, read_host, read_path
from newsletter.config.secret import Secret
from newsletter.config.transports import Tls
from newsletter.config.values import (
    Reads,
    list_of,
    one_of,
    quoted,
    read_duration,
    read_secret,
    read_text,
    read_timeout,
    whole_number,
)

# A label of a host name (RFC 6376 §3.1), several of them at most.
_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?){0,3}")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?")
_TERM = re.compile(r"(?:include:|a:|mx:|ip4:|ip6:|exists:)[A-Za-z0-9._:/%{}-]{1,200}|a|mx")


def read_selector(value: object) -> str:
    """The name of a DKIM key: labels of lower-case letters, digits and inner hyphens."""
    text = read_text(value)
    if not _SELECTOR.fullmatch(text) or len(text) > 63:
        raise ValueError(f'{quoted(text)} is no selector. Write lower-case letters and digits, as in "news2026".')
    return text


def read_topic_arn(value: object) -> str:
    """The name of an Amazon SNS topic."""
    text = read_text(value)
    if not _TOPIC.fullmatch(text):
        raise ValueError(
            f'{quoted(text)} is no SNS topic. Copy its ARN, as in "arn:aws:sns:eu-west-1:123456789012:bounces".'
        )
    return text


def read_mailbox_name(value: object) -> str:
    """The name of an IMAP mailbox, in any script: one line, since a line end in it would end the command."""
    # CVE-2025-15366: imaplib writes what it is given into the command.
    text = read_text(value)
    if not text.isprintable() or len(text) > 255:
        raise ValueError(f'{quoted(text)} is no mailbox name. Write one line, as in "INBOX".')
    return text


def read_ip_address(value: object) -> str:
    """An IP address, in its usual spelling."""
    text = read_text(value)
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError(f'{quoted(text)} is no IP address. Write one as in "192.0.2.25".') from None


def read_spf_term(value: object) -> str:
    """A mechanism of an SPF record, such as `include:spf.example.net` (RFC 7208 §5)."""
    text = read_text(value)
    if not _TERM.fullmatch(text):
        raise ValueError(f'{quoted(text)} is no mechanism of SPF. Write one as in "include:spf.example.net".')
    return text


def read_loopback(value: object) -> str:
    """A host and port of this machine alone."""
    text = read_bind(value)
    if not is_loopback(text.rpartition(":")[0].strip("[]")):
        raise ValueError(f'{quoted(text)} can be reached from outside. Write one as in "127.0.0.1:8024".')
    return text


@dataclass(frozen=True, kw_only=True, slots=True)
class DkimSettings:
    """Which keys sign the mail, by selector; each lies in `path` as SELECTOR.pem. `domain` is the one that signs."""

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid"}
    selectors: Annotated[tuple[str, ...], Reads(list_of(read_selector))] = ()
    domain: Annotated[str, Reads(read_domain)] = ""
    path: Annotated[Path, Reads(read_path)] = Path("dkim")


@dataclass(frozen=True, kw_only=True, slots=True)
class DnsSettings:
    """What the world's name servers should say: `addresses` our mail leaves from, `spf` mechanisms that cover it."""

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid"}
    addresses: Annotated[tuple[str, ...], Reads(list_of(read_ip_address))] = ()
    spf: Annotated[tuple[str, ...], Reads(list_of(read_spf_term))] = ()
    server: Annotated[str | None, Reads(read_ip_address)] = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BounceSettings:
    """Where reports come back: a Maildir, an IMAP mailbox, LMTP or SMTP on this machine. And how patient we are.

    A reader whose mailbox failed for a while `soft` times within `soft_within` counts as bounced. `policy`
    reports that dislike the newsroom pause an edition.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid"}
    maildir: Annotated[Path | None, Reads(read_path)] = None
    listen: Annotated[str | None, Reads(read_loopback)] = None
    imap_host: Annotated[str | None, Reads(read_host)] = None
    imap_port: Annotated[int, Reads(whole_number(1, 65_535))] = 993
    imap_tls: Annotated[Tls, Reads(one_of(Tls))] = Tls.IMPLICIT
    imap_user: Annotated[str | None, Reads(read_text)] = None
    imap_password: Annotated[Secret | None, Reads(read_secret)] = None
    imap_mailbox: Annotated[str, Reads(read_mailbox_name)] = "INBOX"
    every: Annotated[timedelta, Reads(read_timeout)] = timedelta(minutes=5)
    soft: Annotated[int, Reads(whole_number(1, 100))] = 5
    soft_within: Annotated[timedelta, Reads(read_duration)] = timedelta(days=30)
    policy: Annotated[int, Reads(whole_number(1, 10_000))] = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class HookSettings:
    """What proves that a provider's report is the provider's; each hook is open only when its setting is there."""

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid"}
    ses_topic: Annotated[str | None, Reads(read_topic_arn)] = None
    mailgun_key: Annotated[Secret | None, Reads(read_secret)] = None
    postmark_password: Annotated[Secret | None, Reads(read_secret)] = None
    sendgrid_key: Annotated[str | None, Reads(read_text)] = None
