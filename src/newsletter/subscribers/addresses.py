"""Which texts are addresses we mail, and how one person is recognised behind different spellings.

Comes in: what a person or a file says. Goes out: `ValidAddress`, or a sentence. Pure. Called by
everything here that takes an address from outside.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from newsletter.errors import UsageError

MAX_ADDRESS_OCTETS = 254  # RFC 5321 §4.5.3.1.3 less the angle brackets (RFC 3696, erratum 1690)
MAX_LOCAL_OCTETS = 64  # RFC 5321 §4.5.3.1.1
MAX_SHOWN_DOMAIN = 60

# Far fewer characters than RFC 5321 §4.1.2 allows: what is left out (% ! / = ? quotes, anything not
# ASCII) has carried source routes, encoded words and SMTP commands into mail programs
# (aiosmtplib CVE-2026-53533, Mastodon CVE-2026-41259).
_LOCAL = re.compile(r"[A-Za-z0-9_+'-]+(\.[A-Za-z0-9_+'-]+)*")
_LOCAL_CHARACTER = re.compile(r"[A-Za-z0-9._+'-]")

# Scripts that one label may mix (UTS 39 §5.2, highly restrictive). Any other mixture is how a domain
# is made to look like another one, with one Cyrillic letter in it.
_MIXED_SCRIPTS = frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO"})

_ADVICE = "Write one plain address, like ada@example.org."


@dataclass(frozen=True, kw_only=True, slots=True)
class ValidAddress:
    """An address as it goes on the wire, ASCII only, and the key that is equal for one person's spellings."""

    address: str
    key: str


def parse_address(text: str) -> ValidAddress:
    """The address in `text`, with its domain as lower-case A-labels (RFC 5890 §2.3.2.1).

    The local part keeps its case, since RFC 5321 §2.4 leaves that to the receiver; the key does not.
    Spaces around it are dropped. Says nothing about whether the mailbox exists.

    Raises UsageError with a sentence that holds neither the full address nor control characters.
    """
    text = text.strip(" \t\u00a0")
    if not text:
        raise UsageError(f"There is no address. {_ADVICE}")
    local, at, domain = text.partition("@")
    reason = _local_fault(local) if at and "@" not in domain else "It must have exactly one @."
    if reason:
        raise _refusal(text, reason)
    try:
        ascii_domain = _ascii_domain(domain)
    except ValueError as error:
        raise _refusal(text, str(error)) from error
    address = f"{local}@{ascii_domain}"
    if len(address) > MAX_ADDRESS_OCTETS:
        raise _refusal(text, f"It is longer than {MAX_ADDRESS_OCTETS} octets.")
    return ValidAddress(address=address, key=f"{local.casefold()}@{ascii_domain}")


def mask(address: str) -> str:
    """`address` as messages and logs may show it: "a…@example.org". Fit for any text, also hostile."""
    local, at, domain = _printable(address).rpartition("@")
    if not at:
        local, domain = domain, ""
    if len(domain) > MAX_SHOWN_DOMAIN:
        domain = domain[:MAX_SHOWN_DOMAIN] + "…"
    return f"{local[:1]}…{at}{domain}"


def _refusal(text: str, reason: str) -> UsageError:
    return UsageError(f'"{mask(text)}" cannot be mailed: {_printable(reason)} {_ADVICE}')


def _local_fault(local: str) -> str:
    """What is wrong before the @, as a sentence; empty when nothing is."""
    if not local:
        return "There is nothing before the @."
    if len(local) > MAX_LOCAL_OCTETS:
        return f"The part before the @ is longer than {MAX_LOCAL_OCTETS} octets."
    if local.startswith("-"):
        # Postfix refuses such a recipient by default (allow_min_user), lest it reach a command as an option.
        return "The part before the @ begins with a hyphen, which mail servers refuse."
    if _LOCAL.fullmatch(local):
        return ""
    odd = next((letter for letter in local if not _LOCAL_CHARACTER.fullmatch(letter)), None)
    if odd is None:
        return "The part before the @ may not begin or end with a dot, nor have two in a row."
    shown = "a space" if odd == " " else odd if odd.isprintable() else f"U+{ord(odd):04X}"
    return f"Before the @ we take letters A to Z, digits and . _ + ' - only, and this has {shown}."


# Audiences share few domains, and email-validator takes 28 microseconds a call.
@lru_cache(maxsize=4096)
def _ascii_domain(domain: str) -> str:
    """The domain in A-labels; ValueError with a sentence when email-validator or we refuse it."""
    # email-validator refuses .invalid (RFC 2606), which examples and tests are made of, unless its
    # global list is changed. The reserved .example has as many letters and passes the same checks.
    stem, dot, top = domain.rpartition(".")
    reserved = dot and top.casefold() == "invalid"
    try:
        found = validate_email(
            f"a@{stem}.example" if reserved else f"a@{domain}",
            check_deliverability=False,
            strict=True,
            test_environment=True,
        )
    except EmailNotValidError as error:
        raise ValueError(str(error)) from error
    if "." not in found.ascii_domain:
        raise ValueError("The part after the @ needs a dot.")
    for label in found.domain.split("."):
        scripts = {unicodedata.name(letter, "?").split()[0] for letter in label if letter.isalpha()}
        if len(scripts) > 1 and not scripts <= _MIXED_SCRIPTS:
            raise ValueError("The part after the @ mixes alphabets, as look-alike domains do.")
    return found.ascii_domain.removesuffix("example") + "invalid" if reserved else found.ascii_domain


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
