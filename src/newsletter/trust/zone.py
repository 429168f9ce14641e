"""What name servers say, asked through one small door, and a zone in memory that answers through it.

Comes in: a name. Goes out: the texts, exchanges and addresses it stands for. The rest of this room knows
only `Names`, so that tests and rehearsals need no network; `name_servers` asks the world.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.PTR
import dns.rdtypes.ANY.TXT
import dns.reversename
import dns.zonefile

from newsletter.errors import NewsletterError, UsageError

# As many as resolvers follow before they suspect a loop.
_MAX_ALIASES = 8


class NameFault(NewsletterError):
    """A name server gave no answer, or said that it cannot; nothing is known of the name."""


class Names(Protocol):
    """Who is asked for names. Nothing found is an empty tuple; each method raises NameFault without an answer."""

    def txt(self, name: str) -> tuple[str, ...]:
        """The texts at `name`, the strings of each joined, one character for each octet."""
        ...

    def mx(self, name: str) -> tuple[tuple[int, str], ...]:
        """Preference and host of each mail exchange, best first; the host is empty for a null MX (RFC 7505)."""
        ...

    def a(self, name: str) -> tuple[str, ...]:
        """The IPv4 and then the IPv6 addresses of `name`."""
        ...

    def ptr(self, address: str) -> tuple[str, ...]:
        """The host names of an IP address."""
        ...


@dataclass(frozen=True, slots=True)
class ZoneNames:
    r"""A zone in memory: `records` by name and kind, written as in a zone file; names of `silent` never answer.

    >>> ZoneNames({("example.org", "TXT"): ('"v=spf1 " "-all"',)}).txt("example.org")
    ('v=spf1 -all',)
    """

    records: Mapping[tuple[str, str], tuple[str, ...]]
    silent: frozenset[str] = frozenset()

    def txt(self, name: str) -> tuple[str, ...]:
        """The texts at `name`."""
        return texts(self._ask(name, "TXT"))

    def mx(self, name: str) -> tuple[tuple[int, str], ...]:
        """Preference and host of each mail exchange."""
        return exchanges(self._ask(name, "MX"))

    def a(self, name: str) -> tuple[str, ...]:
        """The IPv4 and then the IPv6 addresses of `name`."""
        return tuple(record.to_text() for kind in ("A", "AAAA") for record in self._ask(name, kind))

    def ptr(self, address: str) -> tuple[str, ...]:
        """The host names of an IP address."""
        return hosts(self._ask(reverse_name(address), "PTR"))

    def _ask(self, name: str, kind: str) -> list[dns.rdata.Rdata]:
        asked = bare_name(name)
        for _ in range(_MAX_ALIASES):
            if asked in self.silent:
                raise NameFault(f"No name server answered for {asked} ({kind}). Try again later.")
            aliases = self.records.get((asked, "CNAME"))
            if aliases is None:
                break
            asked = bare_name(aliases[0])
        else:
            raise NameFault(f"The name server cannot answer for {name} ({kind}): its aliases go round. Correct them.")
        found = self.records.get((asked, kind), ())
        return [dns.rdata.from_text(dns.rdataclass.IN, kind, text) for text in found]


def read_zone(text: str, *, called: str, silent: Iterable[str] = ()) -> ZoneNames:
    """The zone in a zone file (RFC 1035 §5), each name in it complete.

    Raises UsageError naming the file `called`, and the line.
    """
    try:
        rrsets = dns.zonefile.read_rrsets(text, rdclass=None, relativize=False, default_ttl=3600)
    except (dns.exception.DNSException, ValueError) as error:
        # dnspython may have read on to the next line.
        why = str(error).replace("<input>:", "by line ")
        raise UsageError(f'{called}: is no zone file ({why}). Write lines as: example.org. IN TXT "…"') from error
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for rrset in rrsets:
        key = (bare_name(rrset.name.to_text()), dns.rdatatype.to_text(rrset.rdtype))
        found[key] = (*found.get(key, ()), *(record.to_text() for record in rrset))
    return ZoneNames(found, frozenset(silent))


def bare_name(name: str) -> str:
    """`name` in lower case and without its final dot, so that two spellings of it are equal."""
    return name.removesuffix(".").lower()


def reverse_name(address: str) -> str:
    """Where the host names of an IP address are kept (RFC 1035 §3.5, RFC 3596 §2.5)."""
    return bare_name(dns.reversename.from_address(address).to_text())


def texts(records: Iterable[dns.rdata.Rdata]) -> tuple[str, ...]:
    """The text of each TXT record, its strings joined with nothing between them (RFC 7208 §3.3)."""
    return tuple(
        b"".join(record.strings).decode("latin-1") for record in records if isinstance(record, dns.rdtypes.ANY.TXT.TXT)
    )


def exchanges(records: Iterable[dns.rdata.Rdata]) -> tuple[tuple[int, str], ...]:
    """Preference and host of each MX record, best first."""
    found = [
        (record.preference, bare_name(record.exchange.to_text()))
        for record in records
        if isinstance(record, dns.rdtypes.ANY.MX.MX)
    ]
    return tuple(sorted(found))


def hosts(records: Iterable[dns.rdata.Rdata]) -> tuple[str, ...]:
    """The host that each PTR record names."""
    return tuple(
        bare_name(record.target.to_text()) for record in records if isinstance(record, dns.rdtypes.ANY.PTR.PTR)
    )
