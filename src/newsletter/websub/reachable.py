"""Which addresses a stranger may have us call: public ones alone, however they are spelled.

Pure: text in, sentences out. Asked once when a request names a callback, and again for each address
that its name resolves to, every time before we connect.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_URL = 1024
_PRINTABLE = re.compile(r"[!-~]+")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.(?!-)[a-z0-9_-]{1,63})*")
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORTS = {"http": 80, "https": 443}

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Python's own list depends on its version. Of these, the first hold protocols and documentation (RFC 6890,
# RFC 9637), the next carry traffic to wherever its sender likes (Teredo lies in 2001::/23; RFC 7526), and the
# last looks public and serves a machine's own cloud (Azure).
_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in ("192.0.0.0/24", "2001::/23", "3fff::/20", "192.88.99.0/24", "168.63.129.16/32")
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """Where a URL leads: `host` is a name or an address without brackets, `path` holds the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What the Host header says (RFC 9110 §7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def destination_of(url: str) -> Destination | str:
    """The destination of `url`, or a sentence that says why nobody is called there."""
    if len(url) > MAX_URL:
        return f"The address is longer than {MAX_URL} characters."
    if not _PRINTABLE.fullmatch(url) or "\\" in url or "#" in url:
        return "The address holds a fragment, or characters that belong in no address."
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").lower()
    except ValueError:
        return "The address cannot be read."
    if parts.scheme not in _PORTS:
        return "The address has to begin with https:// or http://."
    if "@" in parts.netloc:
        return "The address holds a user name. Leave it out."
    if not _is_host(host, bracketed="[" in parts.netloc):
        return "The address names no host, or spells it in an odd way."
    port = _PORTS[parts.scheme] if port is None else port
    # Below 1024 live mail, shells and directories, which would take our words for their own.
    if port < 1024 and port not in _PORTS.values():
        return f"Nobody is called on port {port}. Use 443, 80, or one from 1024 on."
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Destination(scheme=parts.scheme, host=host, port=port, path=path)


def is_public(address: str) -> bool:
    """Whether the IP `address` belongs to the open internet, as does the one that it may carry inside.

    False for what is private, loopback, link-local, shared, multicast, reserved or no address at all;
    also inside an IPv4-mapped, a NAT64 (RFC 6052) or a 6to4 address (RFC 3056).
    """
    found = ip_address_of(address)
    if found is None or any(found in network for network in _NEVER if network.version == found.version):
        return False
    if isinstance(found, ipaddress.IPv6Address):
        carried = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            carried = ipaddress.IPv4Address(found.packed[-4:])
        if carried is not None:
            return is_public(str(carried))
        if found not in _GLOBAL_UNICAST:
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved)


def is_on_this_machine(url: str) -> bool:
    """Whether `url` leads to the machine it is asked on: such a newsroom's hub may call callbacks there, too.

    Nobody else can ask it, and whoever is on the machine can call these addresses without us.
    """
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        return False
    found = ip_address_of(host)
    return found.is_loopback if found else host == "localhost" or host.endswith(".localhost")


def ip_address_of(host: str) -> Address | None:
    """The address that `host` spells in the usual way; None for a name and for a zone (`fe80::1%eth0`)."""
    try:
        return None if "%" in host else ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_host(host: str, *, bracketed: bool) -> bool:
    found = ip_address_of(host)
    if bracketed or found is not None:
        return found is not None and bracketed == (found.version == 6)
    name = host.removesuffix(".")
    # Names that end in a number are addresses to the system: 127.1, 0x7f000001, 017700000001, 2130706433.
    return len(name) <= 253 and bool(_NAME.fullmatch(name)) and not _NUMERIC_LABEL.fullmatch(name.rpartition(".")[2])
