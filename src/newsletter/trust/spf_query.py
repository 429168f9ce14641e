"""What SPF says of one sender (RFC 7208), as pyspf finds it in our `Names`: the only place that knows pyspf."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import spf

from newsletter.trust.zone import NameFault, Names, bare_name

SpfResult = Literal["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"]
# Two questions without an answer are allowed (RFC 7208 §4.6.4).
MAX_VOID_LOOKUPS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class SpfVerdict:
    """The result of RFC 7208 §2.6, and in a few words why."""

    result: SpfResult
    why: str


def ask_spf(names: Names, *, sender: str, helo: str, ip: str) -> SpfVerdict:
    """What SPF says when `ip` greets with `helo` and sends mail from `sender`, which is empty for a bounce.

    A name that could not be asked is a "temperror", never an exception.
    """
    query = _Query(names, i=ip, s=sender, h=helo)
    result, _, why = query.check()
    told = str(why).removeprefix("SPF Permanent Error: ").removeprefix("SPF Temporary Error: ")
    matched = query.mechanism if result not in ("temperror", "permerror", "none") else None
    return SpfVerdict(result=cast(SpfResult, result), why=f"{told} ({matched})" if matched else told)


class _Query(spf.query):  # type: ignore[misc]
    """pyspf's evaluation over our names.

    pyspf offers no other door to a resolver of one's own than this method, and inheritance is the way in.
    """

    def __init__(self, names: Names, *, i: str, s: str, h: str) -> None:
        """A question for `names`; the letters are the macros of RFC 7208 §7.2."""
        self._names = names
        # The time limit is that of the names.
        super().__init__(i=i, s=s, h=h, querytime=0)

    def dns(self, name: str, qtype: str, cnames: object = None, ignore_void: bool = False) -> list[object]:
        """The records of `qtype` at `name`, in pyspf's shapes; counts those that are not there."""
        name = bare_name(str(name))
        if not all(0 < len(label) < 64 for label in name.split(".")):
            return []
        try:
            found = self._found(name, qtype)
        except NameFault as fault:
            raise spf.TempError(str(fault)) from fault
        if not found and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > MAX_VOID_LOOKUPS:
                raise spf.PermError(f"more than {MAX_VOID_LOOKUPS} names in it are nowhere")
        return found

    def _found(self, name: str, kind: str) -> list[object]:
        if kind == "TXT":
            return [(text.encode("latin-1"),) for text in self._names.txt(name)]
        if kind == "MX":
            return list(self._names.mx(name))
        if kind in ("A", "AAAA"):
            return [address for address in self._names.a(name) if (":" in address) == (kind == "AAAA")]
        if kind == "PTR":
            return list(self._names.ptr(self.c))
        return []
