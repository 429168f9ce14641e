"""Whether a DMARC record says what to do with mail in our name, and whether our own is aligned (RFC 9989)."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from newsletter.trust.dmarc import DmarcRecord, are_aligned, dmarc_texts, find_dmarc
from newsletter.trust.tags import read_tags
from newsletter.trust.trust_check import TrustCheck
from newsletter.trust.wanted import MailIdentity, RecordKind, wanted_records
from newsletter.trust.zone import Names

# Tags that RFC 9989 took out; receivers of before still read them.
_GONE = ("pct", "rf", "ri")
_POLICIES = ("none", "quarantine", "reject")


def check_dmarc(identity: MailIdentity, names: Names) -> Iterator[TrustCheck]:
    """What is good and bad about the DMARC record of From's domain; raises NameFault."""
    domain = identity.from_domain
    what = f"DMARC of {domain}"
    own = dmarc_texts(names, domain)
    if len(own) > 1:
        found = f"{len(own)} records, and so none counts"
        yield TrustCheck(what=what, verdict="broken", found=found, advice="leave only one (RFC 9989 §4.10)")
        return
    record = find_dmarc(names, domain)
    if record is None:
        yield _missing(what, identity, names)
        return
    if record.policy_for(domain) is None:
        found = f"p={record.tags.get('p', '')} is no policy, and so the record does not count"
        yield TrustCheck(what=what, verdict="broken", found=found, advice="write p=none, p=quarantine or p=reject")
        return
    doubts = [*_doubts(record, own), *_reports(record, domain, names)]
    for found, advice in doubts:
        yield TrustCheck(what=what, verdict="advice", found=found, advice=advice)
    if not doubts:
        yield TrustCheck(what=what, verdict="ok", found=f"p={record.policy_for(domain)} at {record.domain}")


def check_alignment(identity: MailIdentity, names: Names) -> Iterator[TrustCheck]:
    """Whether the domains of the envelope and of the signature belong to From's; raises NameFault.

    One of them is enough for DMARC; with neither, mail in our own name fails. Nothing without a record.
    """
    record = find_dmarc(names, identity.from_domain)
    if record is None:
        return
    sides = [("SPF", "envelope", identity.bounce_domain, record.is_strict("aspf"))]
    if identity.keys:
        sides.append(("DKIM", "signature", identity.dkim_domain, record.is_strict("adkim")))
    aligned = {
        what: are_aligned(names, identity.from_domain, domain, strict=strict) for what, _, domain, strict in sides
    }
    for what, where, domain, _ in sides:
        if aligned[what]:
            found = f"{domain} (the {where}) and {identity.from_domain} (From) belong together"
            yield TrustCheck(what=f"alignment of {what}", verdict="ok", found=found)
            continue
        setting = "email.bounce_domain" if what == "SPF" else "dkim.domain"
        yield TrustCheck(
            what=f"alignment of {what}",
            verdict="advice" if any(aligned.values()) else "broken",
            found=f"{domain} (the {where}) and {identity.from_domain} (From) do not belong together",
            advice=f"set {setting} to {identity.from_domain} or a name below it",
        )


def _missing(what: str, identity: MailIdentity, names: Names) -> TrustCheck:
    name = f"_dmarc.{identity.from_domain}"
    wanted = next(each.value for each in wanted_records(identity) if each.name == name and each.kind is RecordKind.TXT)
    junk = names.txt(name)
    found = f"no record, but at {name}: {junk[0][:60]}" if junk else "no record"
    # Large receivers refuse bulk mail without it.
    return TrustCheck(what=what, verdict="broken", found=found, advice=f"publish the TXT record: {wanted}")


def _doubts(record: DmarcRecord, own: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    wished = record.tags.get("p")
    if wished is None:
        yield "no policy in it (p=)", "write p=none, p=quarantine or p=reject"
    elif wished.lower() not in _POLICIES:
        yield f"p={wished} is no policy; it counts as none", "write p=none, p=quarantine or p=reject"
    elif wished.lower() == "none":
        yield "p=none: receivers only report", "when the reports show your own mail alone, write p=quarantine"
    if own and read_tags(own[0]) is None:
        yield f"parts of it are no tags: {own[0][:80]}", "correct it: tag=value, with ; between"
    for tag in _GONE:
        if tag in record.tags:
            yield f"{tag}= is no longer part of DMARC", f"take {tag}= out (RFC 9989)"
    if record.tags.get("t", "n").lower() == "y":
        yield "it says that it is only tried out (t=y)", "take t=y out when the reports look right"


def _reports(record: DmarcRecord, domain: str, names: Names) -> Iterator[tuple[str, str]]:
    """Whether reports are asked for, and whether who gets them has agreed (RFC 9990)."""
    uris = [uri.strip() for uri in record.tags.get("rua", "").split(",") if uri.strip()]
    if not uris:
        yield "nobody gets reports (rua=)", "write rua=mailto: and your address"
    for uri in uris:
        scheme, _, address = uri.partition(":")
        if scheme.lower() != "mailto" or "@" not in address:
            yield f"rua={uri[:60]} is no address", "write rua=mailto: and your address"
            continue
        # RFC 7489 allowed a limit of size behind "!".
        host = unquote(address.partition("!")[0].partition("?")[0]).rpartition("@")[2]
        if are_aligned(names, record.domain, host):
            continue
        agreed = f"{record.domain}._report._dmarc.{host}"
        if not any(text.replace(" ", "").startswith("v=DMARC1") for text in names.txt(agreed)):
            yield f"{host} has not agreed to get reports of {record.domain}", f'publish at {agreed} the TXT "v=DMARC1"'
