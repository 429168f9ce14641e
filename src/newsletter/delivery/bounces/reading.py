"""Read a message that came back: octets in, a `Report` out, whatever the octets are.

Pure, and never raises: everything read was written by strangers, with whatever intent. Called by the desk, which
verifies the tokens and alone decides what a report changes.
"""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.delivery.bounces.complaints import complaint_kind
from newsletter.delivery.bounces.oddities import is_from_a_server, read_oddities
from newsletter.delivery.bounces.parts import STATUS_TYPES, Part, field_of, own_parts, parsed, quoted_messages, tamed
from newsletter.delivery.bounces.report import Report, ReportKind
from newsletter.delivery.bounces.statuses import Statuses, read_statuses
from newsletter.delivery.bounces.tokens import (
    arrival_tokens,
    bounce_tokens,
    quoted_leaving_tokens,
    quoted_message_ids,
    tokens_in,
)

MAX_RECIPIENTS = 50


def read_report(message: bytes, *, recipients: Sequence[str] = ()) -> Report:
    """What a returned message says; UNCLEAR where it says nothing that we understand.

    `recipients` are the envelope's, where the mail server tells them. An email to an unsubscribe address comes
    first, then complaints (RFC 5965), delivery statuses (RFC 3464), the other shapes of failures, automatic replies
    (RFC 3834). A bounce may call itself an automatic reply as well, and stays a bounce. Never raises.
    """
    known = tuple(recipients)[:MAX_RECIPIENTS]
    try:
        octets = tamed(message)
        tree = parsed(octets)
        return _report(octets, tree, known)
    except Exception:  # noqa: BLE001  # `email` has raised nearly everything over hostile octets, RecursionError too
        return Report(kind=ReportKind.UNCLEAR, bounce_tokens=tokens_in(known))


def _report(octets: bytes, message: Part, recipients: Sequence[str]) -> Report:
    if leaving := arrival_tokens(recipients, message):
        return Report(kind=ReportKind.LEAVING, leaving_tokens=leaving)
    quoted = quoted_messages(message)
    wrapped = _wrapped_report(message, quoted)
    if wrapped is not None:
        quoted += quoted_messages(wrapped)
    kind, statuses = _kind(octets, message if wrapped is None else wrapped)
    return Report(
        kind=kind,
        failures=statuses.failed if kind is ReportKind.BOUNCE else statuses.delayed,
        bounce_tokens=bounce_tokens(recipients, message, quoted),
        leaving_tokens=quoted_leaving_tokens(quoted) if kind is ReportKind.COMPLAINT else (),
        message_ids=quoted_message_ids(message, quoted),
    )


def _wrapped_report(message: Part, quoted: Sequence[Part]) -> Part | None:
    """The report inside a message of a server that has none of its own: virus scanners wrap what they let through."""
    kinds = {part.get_content_type() for part in own_parts(message)}
    if kinds & {*STATUS_TYPES, "message/feedback-report"} or not is_from_a_server(message):
        return None
    return next(
        (one for one in quoted if any(part.get_content_type() in STATUS_TYPES for part in own_parts(one))), None
    )


def _kind(octets: bytes, message: Part) -> tuple[ReportKind, Statuses]:
    feedback = complaint_kind(message)
    if feedback is not None:
        return feedback, Statuses()
    is_auto_reply = _is_auto_reply(message)
    statuses = read_statuses(message)
    if not statuses.named:
        odd = read_oddities(octets, message, is_auto_reply=is_auto_reply)
        # A status that hides the address is a failure all the same: our token says whose.
        statuses = odd if odd.named else statuses
    if statuses.failed:
        return ReportKind.BOUNCE, statuses
    if statuses.delayed:
        return ReportKind.DELAYED, statuses
    # A status that says "delivered" is no reply of a person's program, whatever it calls itself.
    return (ReportKind.AUTO_REPLY if is_auto_reply and not statuses.named else ReportKind.UNCLEAR), Statuses()


def _is_auto_reply(message: Part) -> bool:
    """Whether a program answered in a person's place (RFC 3834 §5, and the fields in use before it)."""
    submitted = field_of(message, "Auto-Submitted").partition(";")[0].partition("(")[0].strip().lower()
    if submitted not in {"", "no"}:
        return True
    if field_of(message, "Precedence").lower() in {"auto_reply", "auto-reply"}:
        return True
    # X-Auto-Response-Suppress is none of them: it asks others not to answer, and people's own mail carries it.
    return any(field_of(message, name).lower() not in {"", "no"} for name in ("X-Autoreply", "X-Autorespond"))
