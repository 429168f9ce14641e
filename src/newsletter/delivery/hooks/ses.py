"""The reports of Amazon SES, which come by Amazon SNS, in two shapes: notifications, and published events.

The first are set for an identity, the second for a configuration set. They differ in the name of their kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from newsletter.delivery.bounces.report import ReportKind, Weight
from newsletter.delivery.bounces.weights import weigh
from newsletter.delivery.hooks import read
from newsletter.delivery.hooks.errors import HookRefused
from newsletter.delivery.hooks.read import HookEvent, HookReading
from newsletter.delivery.hooks.sns import CONFIRMATION, NOTIFICATION, Fetch, confirm_url_in, open_envelope
from newsletter.delivery.hooks.weighing import weigh_bounce

_POLICY = frozenset({"ContentRejected", "AttachmentRejected"})
# The list of the account takes in bounces and complaints alike.
_LISTED = "OnAccountSuppressionList"


def verify_and_read(headers: Mapping[str, str], body: bytes, *, now: datetime, topic: str, fetch: Fetch) -> HookReading:
    """The events of a notification by SNS of our `topic` (its ARN), or the address that confirms the subscription.

    `fetch` gives what lies at an https address, or raises OSError; wrap it in `sns.KeptCertificates` once, since
    each report names its certificate. Raises HookRefused, and HookUndecided where that fails.
    """
    told = open_envelope(body, now=now, topic=topic, fetch=fetch)
    if told["Type"] == CONFIRMATION:
        return HookReading(confirm_url=confirm_url_in(told))
    if told["Type"] != NOTIFICATION:
        return HookReading()
    try:
        report = read.read_object(told["Message"])
    except HookRefused:
        # Whoever may publish to the topic may say anything; SNS would send it again and again.
        return HookReading()
    return HookReading(events=tuple(_events(report, now)))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    """What SES tells `about` one kind of happening to one message, heard `now`."""

    about: Mapping[str, object]
    mail: Mapping[str, object]
    now: datetime

    def event(self, reader: Mapping[str, object], kind: ReportKind, weight: Weight = Weight.SOFT) -> HookEvent:
        """The event of one reader."""
        about, address = self.about, read.address_in(reader, "emailAddress")
        feedback, moment = read.text_in(about, "feedbackId"), read.text_in(about, "timestamp")
        # Both shapes tell of one bounce under one feedback id; delays and departures have none.
        told = [feedback] if feedback else [read.text_in(self.mail, "messageId"), kind.value, moment]
        has_others = len(_readers(about)) > 1
        return HookEvent(
            key=read.key_of("ses", *told, *([address] if has_others or not feedback else [])),
            kind=kind,
            address=address,
            weight=weight,
            status=read.status_in(reader, "status"),
            diagnostic=read.text_in(reader, "diagnosticCode") or read.text_in(about, "bounceSubType"),
            bounce_token=_token(self.mail),
            at=read.moment_of(about.get("timestamp"), now=self.now),
        )


def _events(report: Mapping[str, object], now: datetime) -> Iterator[HookEvent]:
    kind = read.text_in(report, "notificationType") or read.text_in(report, "eventType")
    about = read.object_in(report, kind[:1].lower() + kind[1:])
    told = _Told(about=about, mail=read.object_in(report, "mail"), now=now)
    match kind:
        case "Bounce":
            yield from (_bounce(told, reader) for reader in _readers(about))
        case "Complaint" if read.text_in(about, "complaintFeedbackType") != "not-spam":
            yield from (told.event(reader, ReportKind.COMPLAINT) for reader in _readers(about))
        case "DeliveryDelay":
            yield from (told.event(reader, ReportKind.DELAYED) for reader in _readers(about))
        case "Subscription":
            yield from _departures(told)


def _readers(about: Mapping[str, object]) -> list[Mapping[str, object]]:
    names = ("bouncedRecipients", "complainedRecipients", "delayedRecipients")
    return [reader for name in names for reader in read.objects_in(about.get(name))]


def _bounce(told: _Told, reader: Mapping[str, object]) -> HookEvent:
    status, words = read.status_in(reader, "status"), read.text_in(reader, "diagnosticCode")
    sort = read.text_in(told.about, "bounceSubType")
    if read.text_in(reader, "action") == "delayed":
        return told.event(reader, ReportKind.DELAYED)
    if sort in _POLICY or read.text_in(told.about, "bounceType") == "Permanent":
        weight = weigh_bounce(status, words, policy=sort in _POLICY, proven=sort != _LISTED)
    else:
        weight = weigh(status, words, permanent=False)
    return told.event(reader, ReportKind.BOUNCE, weight)


def _departures(told: _Told) -> Iterator[HookEvent]:
    readers = told.mail.get("destination")
    has_left = read.object_in(told.about, "newTopicPreferences").get("unsubscribeAll") is True
    # One message, one reader: with several nobody could tell who left.
    if has_left and isinstance(readers, list) and len(readers) == 1:
        yield told.event({"emailAddress": readers[0]}, ReportKind.LEAVING)


def _token(mail: Mapping[str, object]) -> str:
    tags = read.object_in(mail, "tags").get("bounce")
    given = tags[0] if isinstance(tags, list) and tags and isinstance(tags[0], str) else ""
    return read.token_from(given) or read.token_from(read.address_in(mail, "source"))
