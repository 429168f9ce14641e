"""What the world's name servers have to say so that our mail is trusted: the records to publish.

Comes in: who sends, from where, with which keys. Goes out: one `Wanted` for each record, ready to paste.
Pure; `checks` looks at what is published instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address

from newsletter.trust.zone import ZoneNames, bare_name, read_zone, reverse_name

# The longest string in a TXT record (RFC 1035 §3.3.14).
_STRING = 255
# An address that nobody has (RFC 5737).
NOBODY = "192.0.2.255"


@dataclass(frozen=True, kw_only=True, slots=True)
class MailIdentity:
    """As whom we send: ASCII domains, the public `keys` by selector, and where the mail leaves from.

    `bounce_domain` is that of the envelope. `spf_terms` are the mechanisms that the mail server's owner
    asks for. `owner` is the address that takes DMARC's reports.
    """

    from_domain: str
    bounce_domain: str
    dkim_domain: str
    owner: str
    keys: tuple[tuple[str, str], ...] = ()
    addresses: tuple[str, ...] = ()
    spf_terms: tuple[str, ...] = ()


class RecordKind(StrEnum):
    """A kind of record; the word is the one of zone files."""

    TXT = "TXT"
    MX = "MX"
    PTR = "PTR"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One record to publish: its `value` in one piece, and why."""

    name: str
    kind: RecordKind
    value: str
    why: str

    def as_zone_line(self) -> str:
        """The line of a zone file, a long text in strings of 255 octets (RFC 1035 §5.1)."""
        if self.kind is not RecordKind.TXT:
            return f"{self.name}. IN {self.kind} {self.value}"
        strings = [self.value[start : start + _STRING] for start in range(0, len(self.value), _STRING)]
        quoted = " ".join(f'"{_escaped(string)}"' for string in strings)
        return f"{self.name}. IN TXT {quoted if len(strings) == 1 else f'( {quoted} )'}"


def wanted_records(identity: MailIdentity) -> list[Wanted]:
    """Every record that `identity` needs, in the order in which they are best published.

    Without addresses and terms there is no SPF record among them, since nobody knows what it would allow.
    A host that only the mail server's owner knows is written as "mail" in the bounce domain.
    """
    return [*_spf(identity), *_dkim(identity), _dmarc(identity), *_hosts(identity)]


def promised_zone(identity: MailIdentity, address: str) -> ZoneNames:
    """The wanted records as if they were published, and each included domain lets `address` send."""
    lines = [each.as_zone_line() for each in wanted_records(identity)]
    version = ip_address(address).version
    for term in identity.spf_terms:
        kind, _, domain = term.partition(":")
        if kind == "include" and "%" not in domain:
            lines.append(f'{bare_name(domain)}. IN TXT "v=spf1 ip{version}:{address} -all"')
    return read_zone("\n".join(lines), called="the records to publish")


def wanted_spf(identity: MailIdentity) -> str:
    """The SPF record that lets our servers send; empty when none is known (RFC 7208 §5)."""
    addresses = [ip_address(address) for address in identity.addresses]
    terms = [f"ip{address.version}:{address}" for address in addresses]
    terms += [term for term in identity.spf_terms if term not in terms]
    # "~all" and not "-all", on which some receivers refuse before they look at DKIM and DMARC.
    return " ".join(["v=spf1", *terms, "~all"]) if terms else ""


def _spf(identity: MailIdentity) -> Iterator[Wanted]:
    value = wanted_spf(identity)
    if not value:
        return
    reasons = {
        identity.bounce_domain: "SPF: which servers send for the domain of the envelope",
        identity.from_domain: "SPF: the same for the domain of From; join it with the record that is there",
    }
    for domain, why in reasons.items():
        yield Wanted(name=bare_name(domain), kind=RecordKind.TXT, value=value, why=why)


def _dkim(identity: MailIdentity) -> Iterator[Wanted]:
    for selector, record in identity.keys:
        name = f"{selector}._domainkey.{bare_name(identity.dkim_domain)}"
        yield Wanted(name=name, kind=RecordKind.TXT, value=record, why=f"DKIM: the public half of the key {selector}")


def _dmarc(identity: MailIdentity) -> Wanted:
    return Wanted(
        name=f"_dmarc.{bare_name(identity.from_domain)}",
        kind=RecordKind.TXT,
        value=f"v=DMARC1; p=none; rua=mailto:{_in_uri(identity.owner)}",
        why="DMARC: ask for reports; when they show only your own mail, write p=quarantine",
    )


def _hosts(identity: MailIdentity) -> Iterator[Wanted]:
    domain = bare_name(identity.bounce_domain)
    why = "MX: the server that takes bounces; write its name"
    yield Wanted(name=domain, kind=RecordKind.MX, value=f"10 mail.{domain}.", why=why)
    for address in identity.addresses:
        yield Wanted(
            name=reverse_name(address),
            kind=RecordKind.PTR,
            value=f"mail.{domain}.",
            why=f"PTR: the name of {address}, which must lead back to it; its owner sets it",
        )


def _in_uri(address: str) -> str:
    """`address` as it may stand in a list of URIs: "," and "!" would end it there (RFC 9989 §4.8), ";" the tag."""
    return "".join(f"%{ord(letter):02X}" if letter in '%,!;?#&"\\ ' else letter for letter in address)


def _escaped(string: str) -> str:
    return string.replace("\\", "\\\\").replace('"', '\\"')
