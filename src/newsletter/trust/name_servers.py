"""The world's name servers, asked over the network: the only place of this room that leaves the machine."""

from __future__ import annotations

from dataclasses import dataclass, field

import dns.exception
import dns.name
import dns.rdata
import dns.resolver

from newsletter.trust.zone import NameFault, exchanges, hosts, reverse_name, texts

# After so many questions, none of them answered, the network is taken to be away.
_PATIENCE = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class DnsNames:
    """What the world's name servers say, asked through `server`, or through this machine's own when it is empty.

    Each question waits `timeout_s` seconds at most and is asked once: the answer is kept, and so is the
    lack of one. When nothing at all is answered, the fourth question and later ones fail at once.
    """

    server: str = ""
    timeout_s: float = 5
    port: int = 53
    _resolvers: list[dns.resolver.Resolver] = field(default_factory=list, repr=False)
    _kept: dict[tuple[str, str], list[dns.rdata.Rdata] | NameFault] = field(default_factory=dict, repr=False)

    def txt(self, name: str) -> tuple[str, ...]:
        """The texts at `name`."""
        return texts(self._once(name, "TXT"))

    def mx(self, name: str) -> tuple[tuple[int, str], ...]:
        """Preference and host of each mail exchange."""
        return exchanges(self._once(name, "MX"))

    def a(self, name: str) -> tuple[str, ...]:
        """The IPv4 and then the IPv6 addresses of `name`."""
        return tuple(record.to_text() for kind in ("A", "AAAA") for record in self._once(name, kind))

    def ptr(self, address: str) -> tuple[str, ...]:
        """The host names of an IP address."""
        return hosts(self._once(reverse_name(address), "PTR"))

    def _once(self, name: str, kind: str) -> list[dns.rdata.Rdata]:
        found = self._kept.get((name, kind))
        if found is None:
            if len(self._kept) >= _PATIENCE and all(isinstance(kept, NameFault) for kept in self._kept.values()):
                raise NameFault("No name server answers. Check the network, or set dns.server.")
            try:
                found = self._ask(name, kind)
            except NameFault as fault:
                found = fault
            self._kept[name, kind] = found
        if isinstance(found, NameFault):
            raise found
        return found

    def _ask(self, name: str, kind: str) -> list[dns.rdata.Rdata]:
        try:
            asked = dns.name.from_text(name)
        except (dns.exception.DNSException, UnicodeError):
            # A name that cannot be is nowhere: an empty label, or one of more than 63 octets.
            return []
        try:
            answer = self._resolver().resolve(asked, kind, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN:
            return []
        except dns.resolver.NoResolverConfiguration as error:
            raise NameFault("This machine names no name server. Set dns.server.") from error
        except dns.resolver.NoNameservers as error:
            raise NameFault(f"The name server cannot answer for {name} ({kind}). Try again later.") from error
        except dns.exception.Timeout as error:
            sentence = f"No name server answered for {name} ({kind}) within {self.timeout_s:g} s. Try again later."
            raise NameFault(sentence) from error
        except (dns.exception.DNSException, OSError) as error:
            raise NameFault(f"{name} ({kind}) could not be asked: {error}. Check the network.") from error
        return list(answer.rrset or ())

    def _resolver(self) -> dns.resolver.Resolver:
        # Made at the first question, since it reads this machine's configuration.
        if not self._resolvers:
            resolver = dns.resolver.Resolver(configure=not self.server)
            if self.server:
                resolver.nameservers = [self.server]
            resolver.port, resolver.lifetime = self.port, self.timeout_s
            self._resolvers.append(resolver)
        return self._resolvers[0]
