"""The part of `newsletter doctor` that asks the world's name servers whether our mail is trusted."""

from __future__ import annotations

from newsletter.config.transports import TransportKind
from newsletter.newsroom import Newsroom
from newsletter.trust import DnsNames, Names, TrustCheck, Verdict, check_trust

# Nobody can publish records there (RFC 2606, RFC 6761).
_RESERVED = ("example", "invalid", "localhost", "test", "local", "example.com", "example.net", "example.org")


def build_checks(newsroom: Newsroom, *, names: Names | None = None) -> list[TrustCheck]:
    """What `names`, else the world's name servers, say of the newsroom's mail.

    Nobody is asked about a domain that is kept for examples, nor while mail stays on this machine, unless
    `[dkim]` or `[dns]` says that it is about to leave. Raises ConfigError for a key that cannot be read.
    """
    config = newsroom.config
    stays = all(transport.kind is TransportKind.MAILDIR for transport in config.transports_in_use)
    is_prepared = config.dkim.selectors or config.dns.addresses or config.dns.spf
    if stays and not is_prepared:
        return [_not_asked("ok", "not asked: emails stay on this machine")]
    identity = newsroom.identity
    for domain in (identity.from_domain, identity.bounce_domain, identity.dkim_domain):
        if is_reserved(domain):
            advice = "" if stays else "set email.from to an address of a domain of yours"
            return [_not_asked("ok" if stays else "advice", f"not asked: nobody can own {domain}", advice)]
    return check_trust(identity, names or DnsNames(server=config.dns.server or ""))


def is_reserved(domain: str) -> bool:
    """Whether `domain` is one that nobody can own, or no domain of the world at all."""
    return "." not in domain or any(domain == name or domain.endswith(f".{name}") for name in _RESERVED)


def _not_asked(verdict: Verdict, found: str, advice: str = "") -> TrustCheck:
    return TrustCheck(what="name servers", verdict=verdict, found=found, advice=advice)
