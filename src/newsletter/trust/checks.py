"""What is published about our mail, against what has to be: each check looks at one record or one address.

Comes in: who sends, and somebody to ask for names. Goes out: one `TrustCheck` for each finding. Called by
`newsletter doctor`; nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from newsletter.trust.dkim_checks import check_dkim
from newsletter.trust.dmarc_checks import check_alignment, check_dmarc
from newsletter.trust.host_checks import check_mx, check_ptr
from newsletter.trust.spf_checks import check_spf
from newsletter.trust.trust_check import TrustCheck, asked
from newsletter.trust.wanted import MailIdentity
from newsletter.trust.zone import Names


def check_trust(identity: MailIdentity, names: Names) -> list[TrustCheck]:
    """All that can be found out about `identity`; what could not be asked is advice, never well."""
    bounce, signing = identity.bounce_domain, identity.dkim_domain
    looks: list[tuple[str, Callable[[], Iterable[TrustCheck]]]] = [
        (f"SPF of {domain}", partial(check_spf, identity, domain, names))
        for domain in dict.fromkeys((bounce, identity.from_domain))
    ]
    looks += [
        (f"DKIM key {selector} of {signing}", partial(check_dkim, selector, record, domain=signing, names=names))
        for selector, record in identity.keys
    ]
    looks += [
        (f"DMARC of {identity.from_domain}", partial(check_dmarc, identity, names)),
        ("alignment", partial(check_alignment, identity, names)),
        (f"MX of {bounce}", partial(check_mx, bounce, names)),
    ]
    looks += [(f"name of {address}", partial(check_ptr, address, names)) for address in identity.addresses]
    return [check for what, look in looks for check in asked(what, look)]
