"""DMARC (RFC 9989): which record applies to a domain, and which domains belong together.

Pure over `Names`: both the checks of what is published and the rehearsal of a message ask here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from newsletter.trust.tags import read_tags
from newsletter.trust.zone import Names, bare_name

Policy = Literal["none", "quarantine", "reject"]
_POLICIES: tuple[Policy, ...] = ("none", "quarantine", "reject")
# A longer name is shortened to so many labels, so that no walk asks more than eight times (RFC 9989 §4.10).
_MAX_LABELS = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class DmarcRecord:
    """A DMARC record as it stands at `_dmarc.` before `domain`, with all its tags."""

    domain: str
    tags: dict[str, str]

    def policy_for(self, domain: str) -> Policy | None:
        """What it asks receivers to do with mail of `domain` that fails; None when it says nothing valid.

        Without a valid policy it counts as "none" as long as it asks for reports (RFC 9989 §4.10.1).
        """
        wished = self.tags.get("p", "none")
        if bare_name(domain) != self.domain:
            wished = self.tags.get("sp", wished)
        for policy in _POLICIES:
            if policy == wished.lower():
                return policy
        return "none" if self.tags.get("rua") else None

    def is_strict(self, tag: Literal["adkim", "aspf"]) -> bool:
        """Whether only the very same domain is aligned."""
        return self.tags.get(tag, "r").lower() == "s"


def dmarc_texts(names: Names, domain: str) -> tuple[str, ...]:
    """The texts at `_dmarc.` before `domain` that claim to be DMARC records."""
    return tuple(text for text in names.txt(f"_dmarc.{domain}") if _claims(text))


def find_dmarc(names: Names, domain: str) -> DmarcRecord | None:
    """The record that applies to mail with `domain` in From (RFC 9989 §4.10.1); raises NameFault."""
    found = _walk(names, bare_name(domain))
    if found and found[0].domain == bare_name(domain):
        return found[0]
    organisation = _organisation(bare_name(domain), found)
    own = [record for record in found if record.domain == organisation]
    suffix = [record for record in found[-1:] if record.tags.get("psd") == "y"]
    return next(iter([*own, *suffix]), None)


def organisational_domain(names: Names, domain: str) -> str:
    """The domain that stands for the whole organisation behind `domain` (RFC 9989 §4.10.2); raises NameFault."""
    return _organisation(bare_name(domain), _walk(names, bare_name(domain)))


def are_aligned(names: Names, one: str, other: str, *, strict: bool = False) -> bool:
    """Whether two domains belong together: equal when `strict`, else of one organisation; raises NameFault."""
    if bare_name(one) == bare_name(other):
        return True
    return not strict and organisational_domain(names, one) == organisational_domain(names, other)


def _walk(names: Names, domain: str) -> list[DmarcRecord]:
    """The records on the way from `domain` up to its last label, until one says where to stop."""
    found = []
    labels = domain.split(".")
    while labels:
        record = _record(names, ".".join(labels))
        if record is not None:
            found.append(record)
            if record.tags.get("psd") in ("y", "n"):
                break
        labels = labels[-_MAX_LABELS:] if len(labels) > _MAX_LABELS else labels[1:]
    return found


def _organisation(domain: str, found: list[DmarcRecord]) -> str:
    if not found:
        return domain
    # A walk ends at a record that says psd=n, so that it has the fewest labels of all.
    last = found[-1]
    if last.tags.get("psd") == "y" and last.domain != domain:
        # One label below the public suffix.
        return ".".join(domain.split(".")[-(last.domain.count(".") + 2) :])
    return last.domain


def _record(names: Names, domain: str) -> DmarcRecord | None:
    claims = dmarc_texts(names, domain)
    # Several records are as good as none (RFC 9989 §4.10).
    tags = read_tags(claims[0], lenient=True) if len(claims) == 1 else None
    return None if tags is None else DmarcRecord(domain=domain, tags=tags)


def _claims(text: str) -> bool:
    name, _, rest = text.partition("=")
    return name.strip().lower() == "v" and rest.partition(";")[0].strip() == "DMARC1"
