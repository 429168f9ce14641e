"""As whom the newsroom sends, as `trust` wants to know it."""

from __future__ import annotations

from newsletter.config.dkim_files import read_dkim_file
from newsletter.mail import read_dkim_key
from newsletter.mail.addresses import wire_address
from newsletter.mail.list_headers import sending_domain
from newsletter.newsroom import Newsroom
from newsletter.trust import MailIdentity


def mail_identity(newsroom: Newsroom) -> MailIdentity:
    """The newsroom's domains in ASCII, its public keys, and where its mail leaves from.

    Raises ConfigError or MessageError for a key that cannot be read.
    """
    config, masthead = newsroom.config, newsroom.masthead
    keys = [read_dkim_key(read_dkim_file(config.dkim.path, name), selector=name) for name in config.dkim.selectors]
    sender = sending_domain(masthead).lower()
    return MailIdentity(
        from_domain=sender,
        bounce_domain=_ascii(masthead.bounce_domain) or sender,
        dkim_domain=_ascii(config.dkim.domain) or sender,
        owner=wire_address(masthead.owner),
        keys=tuple((key.selector, key.record) for key in keys),
        addresses=config.dns.addresses,
        spf_terms=config.dns.spf,
    )


def _ascii(domain: str) -> str:
    return wire_address(f"b@{domain}").rpartition("@")[2].lower() if domain else ""
