"""Whether bounces have somewhere to go (MX), and whether our servers have a name that leads back (PTR)."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from newsletter.trust.trust_check import TrustCheck, Verdict
from newsletter.trust.zone import Names


def check_mx(domain: str, names: Names) -> Iterator[TrustCheck]:
    """Whether mail to `domain`, that of the envelope, finds a server; raises NameFault."""
    what = f"MX of {domain}"
    found = names.mx(domain)
    advice = "publish an MX record that names the server which takes bounces"
    if any(not host for _, host in found):
        yield TrustCheck(what=what, verdict="broken", found="it says that it takes no mail (RFC 7505)", advice=advice)
    elif found:
        lost = [host for _, host in found if not names.a(host)]
        if not lost:
            yield TrustCheck(what=what, verdict="ok", found=", ".join(host for _, host in found))
        for host in lost:
            cure = f"publish an A or AAAA record of {host}"
            verdict: Verdict = "broken" if len(lost) == len(found) else "advice"
            yield TrustCheck(what=what, verdict=verdict, found=f"{host} has no address", advice=cure)
    elif names.a(domain):
        # Without MX the name itself is the server (RFC 5321 §5.1).
        yield TrustCheck(what=what, verdict="ok", found="none; its own address takes mail")
    else:
        yield TrustCheck(
            what=what, verdict="broken", found="none: bounces and unsubscribing mail get lost", advice=advice
        )


def check_ptr(address: str, names: Names) -> Iterator[TrustCheck]:
    """Whether `address` has a name, and that name leads back to it, as large receivers ask; raises NameFault."""
    what = f"name of {address}"
    hosts = names.ptr(address)
    if not hosts:
        advice = "ask the owner of the address for a PTR record with your mail server's name"
        yield TrustCheck(what=what, verdict="broken", found="no PTR record", advice=advice)
        return
    back = [host for host in hosts if ip_address(address) in {ip_address(each) for each in names.a(host)}]
    if back:
        yield TrustCheck(what=what, verdict="ok", found=back[0])
        return
    kind = "AAAA" if ":" in address else "A"
    found = f"{hosts[0]}, which does not lead back"
    yield TrustCheck(
        what=what, verdict="broken", found=found, advice=f"publish the {kind} record: {hosts[0]} {address}"
    )
