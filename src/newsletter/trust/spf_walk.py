"""How much work an SPF record makes for a receiver: each name in it followed, whoever sends (RFC 7208 §4.6.4).

pyspf stops at the first match, so that a record may pass for one sender and be too long for another; here
nothing is left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from newsletter.trust.zone import Names, bare_name

MAX_LOOKUPS = 10
# Where counting ends: such a record is broken anyway.
_ENOUGH = 40
_TERM = re.compile(r"[+?~-]?(a|mx|ptr|include|exists)(?:[:=]([^/]*))?(?:/.*)?", re.IGNORECASE)


@dataclass(kw_only=True, slots=True)
class SpfWork:
    """What following a record costs: `lookups`, the names that are nowhere, and a way that leads back to itself."""

    lookups: int = 0
    void: list[str] = field(default_factory=list)
    loop: tuple[str, ...] = ()


def spf_texts(names: Names, domain: str) -> tuple[str, ...]:
    """The texts at `domain` that are SPF records (RFC 7208 §4.5)."""
    return tuple(text for text in names.txt(domain) if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 "))


def count_spf_work(names: Names, domain: str) -> SpfWork:
    """The work of the record at `domain` and of all that it includes or leads to; raises NameFault."""
    work = SpfWork()
    _follow(names, (bare_name(domain),), work)
    return work


def _follow(names: Names, way: tuple[str, ...], work: SpfWork) -> None:
    records = spf_texts(names, way[-1])
    terms = records[0].split(" ")[1:] if records else []
    has_all = any(term.lstrip("+?~-").lower() == "all" for term in terms)
    for term in terms:
        redirect = term[len("redirect=") :] if term.lower().startswith("redirect=") else ""
        # Beside "all" a redirect is passed over (RFC 7208 §6.1).
        if redirect and not has_all:
            _count(names, way, "redirect", redirect, work)
        elif (match := _TERM.fullmatch(term)) is not None:
            _count(names, way, match[1].lower(), match[2] or "", work)
        if work.lookups > _ENOUGH or work.loop:
            return


def _count(names: Names, way: tuple[str, ...], kind: str, target: str, work: SpfWork) -> None:
    work.lookups += 1
    if "%" in target or kind in ("ptr", "exists"):
        # What these ask for depends on the sender.
        return
    name = bare_name(target) or way[-1]
    if kind not in ("include", "redirect"):
        if not (names.mx(name) if kind == "mx" else names.a(name)):
            work.void.append(name)
        return
    if name in way:
        work.loop = (*way, name)
    elif not names.txt(name):
        work.void.append(name)
    else:
        _follow(names, (*way, name), work)
