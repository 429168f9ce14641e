"""Addresses as the wire takes them: ASCII, checked, never an encoded-word (RFC 2047 §5).

An internationalised domain becomes its A-label (IDNA 2008). A non-ASCII local part would need
SMTPUTF8 (RFC 6531) at every hop, which is not offered here: it is refused in a sentence.
"""

from __future__ import annotations

import re
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from newsletter.mail.errors import MessageError, masked

_LOCAL = re.compile(r"[A-Za-z0-9_+'-]+(?:\.[A-Za-z0-9_+'-]+)*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_WHOLE = re.compile(rf"{_LOCAL.pattern}@{_DOMAIN.pattern}")
_LOCAL_OCTETS = 64
_ADDRESS_OCTETS = 254


# Asked twice for each message, for the envelope and for To.
@lru_cache(maxsize=64)
def wire_address(address: str) -> str:
    """`address` in ASCII, ready for a header or the envelope (RFC 5321 §4.1.2).

    Raises MessageError, with the address masked, when no server could be given it safely.
    """
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        raise MessageError(
            f"The address {masked(address)} has letters outside ASCII before its @, "
            "which this newsroom's mail cannot carry yet. Ask the reader for another address."
        )
    whole = address if domain.isascii() else f"{local}@{_a_label(domain)}"
    if len(local) > _LOCAL_OCTETS or len(whole) > _ADDRESS_OCTETS or not _WHOLE.fullmatch(whole):
        raise MessageError(f"The address {masked(address)} is not one that mail can be sent to. Correct or remove it.")
    return whole


def wire_domain(domain: str) -> str:
    """`domain` in ASCII and small letters, as name servers know it. Raises MessageError for what is none."""
    return wire_address(f"b@{domain}").rpartition("@")[2].lower()


@lru_cache(maxsize=4096)
def _a_label(domain: str) -> str:
    try:
        checked = validate_email(f"x@{domain}", check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as fault:
        raise MessageError(f'There is no such domain as "{domain[:80]!a}". Correct the address.') from fault
    return checked.ascii_domain
