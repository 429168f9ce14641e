"""Whether the site can be reached from where its mail is read."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from newsletter.model import Finding, Masthead, Output
from newsletter.preflight.findings import error, warning

# Transports that keep the mail on this machine, where any address will do.
_LOCAL_KINDS = frozenset({"maildir", "memory"})
# RFC 2606, RFC 6761, RFC 6762, RFC 8375 and what routers invent: names nobody can own.
_RESERVED = ("localhost", "example", "invalid", "test", "local", "internal", "lan", "home.arpa")
_RESERVED_DOMAINS = ("example.com", "example.net", "example.org")


def check_address_of_site(masthead: Masthead, *, transport_kind: str) -> tuple[Finding, ...]:
    """An error where mail would leave the machine with links that work nowhere else.

    `transport_kind` is that of the configuration: "smtp", "maildir", "memory". A warning for a public
    address without https: mailbox providers offer one-click unsubscribing for https only (RFC 8058 §3.1).
    """
    if transport_kind in _LOCAL_KINDS:
        return ()
    parts = urlsplit(masthead.base_url)
    if not _is_public(parts.hostname or ""):
        message = (
            f"The site's address is {masthead.base_url}, which readers cannot reach: no link of the mail would work."
        )
        advice = "Set base_url in [newsroom] to the public address of the site, or deliver to a maildir."
        return (error("base-url-not-public", message, advice=advice, place=masthead.base_url, output=Output.MAIL),)
    if parts.scheme != "https":
        message = (
            f"The site's address is {masthead.base_url}, without https: readers cannot unsubscribe with one click."
        )
        advice = "Serve the site by https and write https:// in base_url."
        return (warning("base-url-not-https", message, advice=advice, place=masthead.base_url, output=Output.MAIL),)
    return ()


def _is_public(host: str) -> bool:
    host = host.rstrip(".").lower()
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        pass
    reserved = any(host == name or host.endswith(f".{name}") for name in (*_RESERVED, *_RESERVED_DOMAINS))
    return "." in host and not reserved
