"""Complaints: a reader pressed "this is spam", and the mailbox provider tells us (RFC 5965 and its relatives).

Comes in: a tree of parts. Goes out: whether it is a complaint, or another report that is no failure. Called by
`reading`.
"""

from __future__ import annotations

import re

from newsletter.delivery.bounces.parts import STATUS_TYPES, Part, field_of, groups_of, own_parts, quoted_messages
from newsletter.delivery.bounces.report import ReportKind

# RFC 5965 §7.3 and the drafts before it. `not-spam` takes a complaint back, `auth-failure` (RFC 6591) and `dmarc`
# are about our signatures: a person should see them, and no reader pays for them.
_COMPLAINING = frozenset({"abuse", "fraud", "virus", "other", "opt-out", "opt-out-list", "miscategorized", ""})
# Where complaints without a feedback report come from: Microsoft's Junk Mail Reporting Program and Yahoo's loop.
_DESKS = re.compile(
    r"\b(?:staff@hotmail\.com|(?:staff|jmrp\w*)@(?:hotmail|outlook|microsoft)\.com|feedback@arf\.mail\.yahoo\.com"
    r"|complaints?@\w*\.?yahoo(?:-inc)?\.com)\b",
    re.IGNORECASE,
)
_JMRP_FIELD = "X-HmXmrOriginalRecipient"
_FIGURES = frozenset({"tlsrpt", "dmarc"})
# RFC 7489 §7.2.1.1 fixes this Subject, and RFC 8460 §5.3 a like one.
_AGGREGATE = re.compile(r"^\s*report domain:.*\b(?:submitter|report-id):", re.IGNORECASE)


def complaint_kind(message: Part) -> ReportKind | None:
    """COMPLAINT, or UNCLEAR for a feedback report that blames no mail of ours; None for what is no feedback."""
    parts = list(own_parts(message))
    kinds = {part.get_content_type() for part in parts}
    for part in parts:
        if part.get_content_type() == "message/feedback-report":
            feedback = next((field_of(group, "Feedback-Type") for group in groups_of(part)), "")
            return ReportKind.COMPLAINT if feedback.lower() in _COMPLAINING else ReportKind.UNCLEAR
    report_type = str(message.get_param("report-type") or "").lower()
    if report_type in _FIGURES or _AGGREGATE.search(field_of(message, "Subject")):
        return ReportKind.UNCLEAR
    if kinds & STATUS_TYPES:
        return None
    quoted = quoted_messages(message)
    if report_type == "feedback-report":
        return ReportKind.COMPLAINT if quoted else ReportKind.UNCLEAR
    told_by_field = any(field_of(each, _JMRP_FIELD) for each in (message, *quoted))
    told_by_desk = bool(quoted) and bool(_DESKS.search(field_of(message, "From")))
    return ReportKind.COMPLAINT if told_by_field or told_by_desk else None
