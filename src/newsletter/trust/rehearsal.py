"""What a receiver would say of one real message: SPF, each DKIM signature, and DMARC over both.

Comes in: the octets, the envelope, and somebody to ask for names: the world, or a zone in memory, so that
it can be told before a record is published. Goes out: an `AuthResult`. Nothing is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from typing import Literal

from newsletter.trust.dmarc import DmarcRecord, Policy, are_aligned, find_dmarc
from newsletter.trust.signatures import Signature, verify_signatures
from newsletter.trust.spf_query import SpfVerdict, ask_spf
from newsletter.trust.zone import NameFault, Names, bare_name

DmarcResult = Literal["pass", "fail", "none", "temperror", "permerror"]
# What has to be signed before a mailbox provider shows its own button for leaving (RFC 8058 §4).
_ONE_CLICK = ("list-unsubscribe", "list-unsubscribe-post")


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthResult:
    """The verdicts of RFC 8601 on one message.

    `aligned` names what DMARC counted: "spf", and "dkim" with the signing domain. `uncovered` are the
    fields for leaving that are there and that no good signature covers.
    """

    spf: SpfVerdict
    spf_domain: str
    signatures: tuple[Signature, ...]
    from_domain: str
    dmarc: DmarcResult
    policy: Policy | None = None
    why: str = ""
    aligned: tuple[str, ...] = ()
    uncovered: tuple[str, ...] = ()

    @property
    def dkim(self) -> Literal["pass", "fail", "none"]:
        """Whether every signature is good; "none" where there is none."""
        if not self.signatures:
            return "none"
        return "pass" if all(one.result == "pass" for one in self.signatures) else "fail"

    @property
    def passes(self) -> bool:
        """Whether large receivers take it: SPF, every signature and DMARC pass, and leaving is covered."""
        return (self.spf.result, self.dkim, self.dmarc) == ("pass", "pass", "pass") and not self.uncovered


def rehearse_auth(message: bytes, *, envelope_sender: str, helo: str, ip: str, names: Names) -> AuthResult:
    """What a receiver finds when `ip` greets with `helo` and hands over `message` from `envelope_sender`.

    `message` is whole RFC 5322 octets with CRLF. An empty `envelope_sender` is that of a bounce: SPF then
    looks at `helo`. Names that could not be asked are a "temperror", never an exception.
    """
    spf = ask_spf(names, sender=envelope_sender, helo=helo, ip=ip)
    signatures = verify_signatures(message, names)
    header = BytesHeaderParser().parsebytes(message)
    covered = {name for one in signatures if one.result == "pass" for name in one.covers}
    authors = _domains([str(value) for value in header.get_all("From", [])])
    result = AuthResult(
        spf=spf,
        spf_domain=bare_name(envelope_sender.rpartition("@")[2] or helo),
        signatures=signatures,
        from_domain=authors[0] if len(authors) == 1 else "",
        dmarc="permerror",
        why="" if len(authors) == 1 else f"{len(authors)} domains in From, where DMARC needs one",
        uncovered=tuple(name for name in _ONE_CLICK if name in header and name not in covered),
    )
    return _with_dmarc(result, names) if len(authors) == 1 else result


def _with_dmarc(result: AuthResult, names: Names) -> AuthResult:
    try:
        record = find_dmarc(names, result.from_domain)
        policy = record.policy_for(result.from_domain) if record else None
        if record is None or policy is None:
            return replace(result, dmarc="none", why="no DMARC record applies")
        aligned = _aligned(result, record, names)
    except NameFault as fault:
        return replace(result, dmarc="temperror", why=str(fault))
    why = "" if aligned else f"neither SPF nor a signature passes for {result.from_domain}"
    return replace(result, dmarc="pass" if aligned else "fail", policy=policy, aligned=aligned, why=why)


def _aligned(result: AuthResult, record: DmarcRecord, names: Names) -> tuple[str, ...]:
    found = []
    if result.spf.result == "pass":
        strict = record.is_strict("aspf")
        if are_aligned(names, result.from_domain, result.spf_domain, strict=strict):
            found.append("spf")
    strict = record.is_strict("adkim")
    for domain in dict.fromkeys(one.domain for one in result.signatures if one.result == "pass"):
        if are_aligned(names, result.from_domain, domain, strict=strict):
            found.append(f"dkim {domain}")
    return tuple(found)


def _domains(values: list[str]) -> list[str]:
    """The domains of all From fields, each once; a second field counts, too (RFC 9989 §5.3.1)."""
    addresses = [address for _, address in getaddresses(values)]
    return [*dict.fromkeys(bare_name(address.rpartition("@")[2]) for address in addresses if "@" in address)]
