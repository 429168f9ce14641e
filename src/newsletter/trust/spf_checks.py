"""Whether SPF lets our servers send, and lets nobody else in by mistake (RFC 7208)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.trust.spf_query import MAX_VOID_LOOKUPS, ask_spf
from newsletter.trust.spf_walk import MAX_LOOKUPS, SpfWork, count_spf_work, spf_texts
from newsletter.trust.trust_check import TrustCheck, Verdict
from newsletter.trust.wanted import NOBODY, MailIdentity, wanted_spf
from newsletter.trust.zone import Names


def check_spf(identity: MailIdentity, domain: str, names: Names) -> Iterator[TrustCheck]:
    """What is good and bad about the SPF record of `domain`; raises NameFault.

    For the domain of the envelope a server that does not pass is broken, for that of From it is advice:
    receivers look at the envelope.
    """
    what = f"SPF of {domain}"
    records = spf_texts(names, domain)
    wanted = wanted_spf(identity)
    if not records:
        advice = f"publish the TXT record: {wanted}" if wanted else "ask who runs your mail server; then set dns.spf"
        yield TrustCheck(what=what, verdict="advice", found="no record", advice=advice)
        return
    if len(records) > 1:
        found = f"{len(records)} records, and so none counts"
        yield TrustCheck(what=what, verdict="broken", found=found, advice="join them into one (RFC 7208 §4.5)")
        return
    faults = [*_faults(domain, names), *_open_doors(records[0]), *_slow(records[0]), *_lacks(identity, domain, names)]
    for verdict, found, advice in faults:
        yield TrustCheck(what=what, verdict=verdict, found=found, advice=advice)
    if not faults:
        yield TrustCheck(what=what, verdict="ok", found=records[0])


_Found = tuple[Verdict, str, str]


def _faults(domain: str, names: Names) -> Iterator[_Found]:
    work = count_spf_work(names, domain)
    if work.loop:
        yield "broken", f"it leads back to itself: {' → '.join(work.loop)}", "take one of them out"
        return
    yield from _heavy(work)
    # Whoever asks, a record with a fault in it has that fault.
    verdict = ask_spf(names, sender=f"postmaster@{domain}", helo=domain, ip=NOBODY)
    if verdict.result == "permerror" and work.lookups <= MAX_LOOKUPS and len(work.void) <= MAX_VOID_LOOKUPS:
        yield "broken", f"no receiver can read it: {verdict.why}", "correct the record"
    elif verdict.result == "temperror":
        yield "advice", f"could not be asked: {verdict.why}", "ask again later"


def _heavy(work: SpfWork) -> Iterator[_Found]:
    if work.lookups > MAX_LOOKUPS:
        found = f"{work.lookups} lookups, of which receivers make {MAX_LOOKUPS}"
        yield "broken", found, "take out mechanisms you do not need, or write addresses as ip4: and ip6:"
    if len(work.void) > MAX_VOID_LOOKUPS:
        found = f"more than {MAX_VOID_LOOKUPS} names in it are nowhere: {', '.join(work.void[:5])}"
        yield "broken", found, "take them out"
    elif work.void:
        yield "advice", f"nowhere to be found: {', '.join(work.void)}", "take it out"


def _open_doors(record: str) -> Iterator[_Found]:
    last = [term for term in record.lower().split(" ") if term.lstrip("+?~-") == "all"]
    if not last:
        if "redirect=" not in record.lower():
            yield "advice", "it says nothing of other senders", 'end it with "~all"'
    elif last[0] in ("all", "+all"):
        yield "broken", f'"{last[0]}" lets everybody send in your name', 'write "~all" instead'
    elif last[0] == "?all":
        yield "advice", '"?all" says nothing of other senders', 'write "~all" instead'


def _slow(record: str) -> Iterator[_Found]:
    if any(re.fullmatch(r"[+?~-]?ptr(?::.*)?", term) for term in record.lower().split(" ")):
        yield "advice", "ptr is slow, and many receivers pass over it", "write the addresses instead (RFC 7208 §5.5)"


def _lacks(identity: MailIdentity, domain: str, names: Names) -> Iterator[_Found]:
    weight: Verdict = "broken" if domain == identity.bounce_domain else "advice"
    have = {term.lstrip("+").lower() for record in spf_texts(names, domain) for term in record.split(" ")}
    for term in identity.spf_terms:
        if term.lower() not in have:
            yield weight, f"{term} is not in it", f"add {term}"
    for address in identity.addresses:
        verdict = ask_spf(names, sender=f"postmaster@{domain}", helo=domain, ip=address)
        if verdict.result == "temperror":
            yield "advice", f"{address} could not be asked: {verdict.why}", "ask again later"
        elif verdict.result not in ("pass", "permerror"):
            # A record that cannot be read is told of once.
            version = 6 if ":" in address else 4
            yield weight, f"{address} may not send: {verdict.result}", f"add ip{version}:{address}"
