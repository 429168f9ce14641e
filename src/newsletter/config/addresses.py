"""Readers of values that name a place: mailboxes, hosts, URLs, database addresses, paths.

As in `values`, a wrong value raises ValueError with the rest of a sentence. A value that may hold a
password is never repeated in that sentence.
"""

from __future__ import annotations

import re
from datetime import date
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from newsletter.config.values import quoted, read_text, text_up_to
from newsletter.model import Mailbox

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_MAILBOX = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>|(?P<bare>[^<>]*)")
# Narrower than RFC 5321: what other programs take for commands, routes or quotes stays out
# (aiosmtplib CVE-2026-53533, Mastodon CVE-2026-41259).
_LOCAL_PART = re.compile(r"[A-Za-z0-9._+'-]+")
_read_long = text_up_to(2_000)
_TAG_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?")


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine: localhost, 127.0.0.0/8 or ::1."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def read_host(value: object) -> str:
    """A host name in lower case (ASCII, RFC 1123 §2.1) or an IP address without brackets."""
    text = read_text(value)
    host = text.lower()
    try:
        return str(ip_address(host.strip("[]")))
    except ValueError:
        pass
    if not host.isascii():
        raise ValueError(f"{quoted(text)} has letters beyond ASCII. Write the host's xn-- form.")
    # Names of digits and dots alone are mistyped IP addresses.
    if not _HOST.fullmatch(host) or len(host) > 253 or host.replace(".", "").isdigit():
        raise ValueError(f"{quoted(text)} is not a host name. Write a name such as smtp.example.org.")
    return host


def read_domain(value: object) -> str:
    """A host name that is no IP address."""
    host = read_host(value)
    if ":" in host or host.replace(".", "").isdigit():
        raise ValueError(f"{quoted(host)} is an IP address. Write a domain such as example.org.")
    return host


def read_address(value: object) -> str:
    """A bare email address, at most 254 octets, its domain in ASCII."""
    # Late, because it costs 60 ms and only a command that reads the configuration needs it.
    from email_validator import EmailNotValidError, validate_email

    text = read_text(value)
    try:
        address = validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        address = None
    if address is None or not _LOCAL_PART.fullmatch(address.local_part):
        raise ValueError(f"{quoted(text)} is not an email address that mail can reach. Write name@example.org.")
    return address.ascii_email or address.normalized


def read_mailbox(value: object) -> Mailbox:
    """A sender: "The Harbour Post <news@example.org>", or the address alone."""
    text = read_text(value)
    parts = _MAILBOX.fullmatch(text)
    address = (parts["bare"] or parts["address"] or "").strip() if parts else ""
    if parts is None or not address:
        raise ValueError(f"{quoted(text)} holds no address. Write Name <name@example.org>.")
    name = (parts["name"] or "").strip()
    if len(name) > 1 and name.startswith('"') and name.endswith('"'):
        name = re.sub(r"\\(.)", r"\1", name[1:-1]).strip()
    return Mailbox(name=name, address=read_address(address))


def read_base_url(value: object) -> str:
    """The site's address without a slash at its end: https, or http on this machine."""
    text = read_text(value)
    advice = "Write scheme and host alone, as in https://news.example.org."
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise ValueError(f"is not an address. {advice}") from None
    # Not quoted: somebody may have put a password here.
    if "@" in url.netloc:
        raise ValueError(f"holds a user name. {advice}")
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError(f"{quoted(text)} does not begin with https:// and a host. {advice}")
    if url.path not in ("", "/") or "?" in text or "#" in text:
        raise ValueError(f"{quoted(text)} has more than a host: the newsletter owns the whole site. {advice}")
    host = read_host(url.hostname)
    if url.scheme == "http" and not is_loopback(host):
        raise ValueError(f"{quoted(text)} is not encrypted. Write https://{host}; http is for localhost alone.")
    shown = f"[{host}]" if ":" in host else host
    is_default = port is None or port == {"http": 80, "https": 443}[url.scheme]
    return f"{url.scheme}://{shown}" if is_default else f"{url.scheme}://{shown}:{port}"


def read_hub(value: object) -> str:
    """The address of a WebSub hub: https, or http on this machine."""
    text = read_text(value)
    advice = "Write the whole address of the hub, as in https://hub.example.org/."
    try:
        url = urlsplit(text)
    except ValueError:
        raise ValueError(f"is not an address. {advice}") from None
    # Not quoted: somebody may have put a password here.
    if "@" in url.netloc:
        raise ValueError(f"holds a user name. {advice}")
    if url.scheme not in ("http", "https") or not url.hostname or "#" in text or not text.isascii() or " " in text:
        raise ValueError(f"{quoted(text)} does not begin with https:// and a host. {advice}")
    if url.scheme == "http" and not is_loopback(read_host(url.hostname)):
        raise ValueError(f"{quoted(text)} is not encrypted. Write https://; http is for localhost alone.")
    return text


def read_tag(value: object) -> str:
    """Who mints uids and since when (RFC 4151 §2.1): "news.example.org,2026-11-24"."""
    text = read_text(value)
    authority, comma, since = text.partition(",")
    advice = "Write a host you own and a day on which you owned it, as in news.example.org,2026-11-24."
    parts = _TAG_DATE.fullmatch(since)
    if not comma or parts is None or authority != authority.lower():
        raise ValueError(f"{quoted(text)} is not a tag (RFC 4151). {advice}")
    try:
        read_domain(authority)
        date(int(parts[1]), int(parts[2] or 1), int(parts[3] or 1))
    except ValueError:
        raise ValueError(f"{quoted(text)} holds no such host or day. {advice}") from None
    return text


def read_bind(value: object) -> str:
    """Where to listen, as host and port: "127.0.0.1:8000", "[::1]:8000". Port 0 takes a free one."""
    text = read_text(value)
    host, colon, port = text.rpartition(":")
    advice = "Write host and port, as in 127.0.0.1:8000."
    if not colon or not port.isascii() or not port.isdecimal() or len(port) > 5 or int(port) > 65535:
        raise ValueError(f"{quoted(text)} has no port. {advice}")
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise ValueError(f"{quoted(text)} needs square brackets around the address, as in [::1]:8000.")
    if not host:
        raise ValueError(f"{quoted(text)} has no host. {advice} 0.0.0.0 listens everywhere.")
    host = read_host(host)
    return f"[{host}]:{int(port)}" if ":" in host else f"{host}:{int(port)}"


def read_network(value: object) -> str:
    """An IP address or network: "127.0.0.1/32", "10.0.0.0/8"."""
    text = read_text(value)
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        raise ValueError(f"{quoted(text)} is not an IP address or network. Write 127.0.0.1 or 10.0.0.0/8.") from None


def read_database_url(value: object) -> str:
    """A SQLAlchemy URL for SQLite on disk or PostgreSQL through psycopg."""
    text = _read_long(value)
    scheme, slashes, rest = text.partition("://")
    if scheme == "sqlite" and slashes:
        if not rest.startswith("/") or rest in ("/", "/:memory:") or "?" in rest or rest.startswith("/file:"):
            raise ValueError("must name a file on disk, or the ledger would be lost. Write sqlite:///newsletter.db.")
        return text
    if scheme == "postgresql+psycopg" and slashes and _has_database(text):
        return text
    if scheme.startswith("postgres"):
        raise ValueError("is not complete. Write postgresql+psycopg://user@host/database.")
    raise ValueError(
        "is no database this program knows. Write sqlite:///newsletter.db or postgresql+psycopg://user@host/database."
    )


def _has_database(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return len(parts.path) > 1 and "@" not in parts.path and (parts.port or 1) > 0
    except ValueError:
        return False


def read_path(value: object) -> Path:
    """A path, kept as it is written: the loader sets it against the newsroom's folder."""
    text = _read_long(value)
    if text.startswith("~"):
        raise ValueError(f"{quoted(text)} begins with ~, which only a shell understands. Write the whole path.")
    return Path(text)
