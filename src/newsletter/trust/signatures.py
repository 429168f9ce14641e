"""What the DKIM signatures of a message are worth (RFC 6376, RFC 8463), as dkimpy finds: it is met here alone."""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from typing import Literal

import dkim

from newsletter.trust.tags import read_tags
from newsletter.trust.zone import NameFault, Names, bare_name

SignatureResult = Literal["pass", "fail", "temperror", "permerror"]
# More than any honest message has; each costs a question and a calculation (RFC 6376 §8.4).
_MAX_SIGNATURES = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """One DKIM-Signature: who signed with which key, what it is worth, and which fields it covers."""

    domain: str
    selector: str
    algorithm: str
    result: SignatureResult
    why: str = ""
    covers: tuple[str, ...] = ()


def verify_signatures(message: bytes, names: Names) -> tuple[Signature, ...]:
    """Each signature of `message` (whole RFC 5322 octets), top to bottom.

    A signature from the future and one that has expired are measured by this machine's clock, which is
    dkimpy's doing.
    """
    try:
        verifier = dkim.DKIM(message)
    except dkim.DKIMException as error:
        return (Signature(domain="", selector="", algorithm="", result="permerror", why=str(error)),)
    number = sum(name.lower() == b"dkim-signature" for name, _ in verifier.headers)
    return tuple(_verified(verifier, index, names) for index in range(min(number, _MAX_SIGNATURES)))


def _verified(verifier: dkim.DKIM, index: int, names: Names) -> Signature:
    result, why = _result(verifier, index, names)
    field = [value for name, value in verifier.headers if name.lower() == b"dkim-signature"][index]
    tags = read_tags(field.decode("latin-1")) or {}
    return Signature(
        domain=bare_name(tags.get("d", "")),
        selector=tags.get("s", ""),
        algorithm=tags.get("a", ""),
        result=result,
        why=why,
        covers=tuple(dict.fromkeys(name.strip().lower() for name in tags.get("h", "").split(":"))),
    )


def _result(verifier: dkim.DKIM, index: int, names: Names) -> tuple[SignatureResult, str]:
    asked: list[str] = []

    def key_of(name: bytes, timeout: float = 5) -> bytes | None:
        found = names.txt(bare_name(name.decode("ascii", "replace")))
        asked.extend(found)
        # With several records a receiver may pick any (RFC 6376 §3.6.2.2): we trust none of them.
        return found[0].encode("latin-1") if len(found) == 1 else None

    try:
        is_good = verifier.verify(idx=index, dnsfunc=key_of)
    except NameFault as fault:
        return "temperror", str(fault)
    except dkim.ValidationError as error:
        return "fail", _short(error)
    except (dkim.DKIMException, binascii.Error, ValueError, KeyError, IndexError, TypeError) as error:
        # dkimpy trips over some malformed fields and keys.
        return "permerror", _short(error)
    if is_good:
        return "pass", ""
    if len(asked) != 1:
        return "permerror", "no key is published" if not asked else f"{len(asked)} keys are published"
    revoked = (read_tags(asked[0]) or {}).get("p") == ""
    return "fail", "the key is revoked" if revoked else "the signature does not fit the message and the published key"


def _short(error: Exception) -> str:
    # dkimpy quotes whole hashes and fields.
    return str(error).partition("(")[0].strip()[:80] or type(error).__name__
