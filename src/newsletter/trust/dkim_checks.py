"""Whether the world knows the keys that sign our mail (RFC 6376 §3.6.1)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from newsletter.trust.tags import read_tags
from newsletter.trust.trust_check import TrustCheck
from newsletter.trust.zone import Names

# What receivers take at least, and what is meant to be used (RFC 8301 §3.2).
_LEAST_BITS, _GOOD_BITS = 1024, 2048
_BLANKS = re.compile(r"\s+")


def check_dkim(selector: str, record: str, *, domain: str, names: Names) -> Iterator[TrustCheck]:
    """What is good and bad about the published key `selector`, whose own record is `record`; raises NameFault."""
    what = f"DKIM key {selector} of {domain}"
    published = names.txt(f"{selector}._domainkey.{domain}")
    broken = _unknown(published, record) or _unusable(published[0]) or _different(published[0], record)
    if broken:
        found, advice = broken
        yield TrustCheck(what=what, verdict="broken", found=found, advice=advice)
        return
    tags = read_tags(published[0]) or {}
    doubts = [*_doubts(tags)]
    for found, advice in doubts:
        yield TrustCheck(what=what, verdict="advice", found=found, advice=advice)
    if not doubts:
        bits = _bits(tags)
        yield TrustCheck(what=what, verdict="ok", found=f"published, {bits} bits" if bits else "published")


_Fault = tuple[str, str]


def _unknown(published: tuple[str, ...], record: str) -> _Fault | None:
    """Why there is not exactly one record."""
    if not published:
        return "no record, so that no receiver can check it", "publish what newsletter dkim show prints"
    if len(published) == 1:
        return None
    if _bare("".join(published)) == _bare(record):
        return (
            f"one key in {len(published)} records",
            "write it as one record of several strings; newsletter dkim show prints it so",
        )
    return f"{len(published)} records, and receivers pick any", "leave only the one newsletter dkim show prints"


def _unusable(text: str) -> _Fault | None:
    """Why no receiver can use the record."""
    tags = read_tags(text)
    if tags is None or "p" not in tags:
        return "no key in the record", "publish what newsletter dkim show prints"
    if tags.get("v", "DKIM1") != "DKIM1":
        return f"v={tags['v']} is no DKIM key", "publish what newsletter dkim show prints"
    if not tags["p"]:
        return "the key is revoked (p= is empty)", "sign with another key: newsletter dkim keygen"
    if not {"*", "email"} & {_bare(part) for part in tags.get("s", "*").split(":")}:
        return f"s={tags['s']} is not for mail", "take s= out"
    if "sha256" not in {_bare(part) for part in tags.get("h", "sha256").split(":")}:
        return f"h={tags['h']} leaves SHA-256 out", "take h= out"
    return None


def _different(text: str, record: str) -> _Fault | None:
    """Why the published key is not ours."""
    theirs, ours = read_tags(text) or {}, read_tags(record) or {}
    kinds = theirs.get("k", "rsa"), ours.get("k", "rsa")
    if kinds[0] != kinds[1]:
        return f"a key of another kind (k={kinds[0]}, ours is {kinds[1]})", "publish what newsletter dkim show prints"
    theirs_p, ours_p = _bare(theirs.get("p", "")), _bare(ours.get("p", ""))
    if '"' in theirs_p:
        return "quotation marks inside the key: its strings were pasted as one", "publish it in strings of 255 octets"
    octets = _octets(theirs_p)
    if octets is not None and octets == _octets(ours_p):
        bits = _bits(theirs)
        if bits and bits < _LEAST_BITS:
            return f"{bits} bits, which no receiver accepts", "make a longer one: newsletter dkim keygen"
        return None
    if len(theirs_p) < len(ours_p) and ours_p.startswith(theirs_p):
        return f"cut off after {len(theirs_p)} of {len(ours_p)} characters", "publish it in strings of 255 octets"
    if octets is None:
        return "no base64 in p=", "publish what newsletter dkim show prints"
    return "another key than the one we sign with", "publish what newsletter dkim show prints"


def _doubts(tags: dict[str, str]) -> Iterator[_Fault]:
    flags = {_bare(flag) for flag in tags.get("t", "").split(":")}
    if "y" in flags:
        yield "it says that it is only tried out (t=y)", "take t=y out"
    bits = _bits(tags)
    if bits and bits < _GOOD_BITS:
        yield f"{bits} bits", f"make one of {_GOOD_BITS}: newsletter dkim keygen"


def _bits(tags: dict[str, str]) -> int | None:
    """The length of an RSA key; None for another kind, and for one that cannot be read."""
    octets = _octets(_bare(tags.get("p", "")))
    if tags.get("k", "rsa") != "rsa" or octets is None:
        return None
    try:
        key = load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key.key_size if isinstance(key, RSAPublicKey) else None


def _octets(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _bare(text: str) -> str:
    # Blanks may stand anywhere in base64 and in lists (RFC 6376 §3.2).
    return _BLANKS.sub("", text)
