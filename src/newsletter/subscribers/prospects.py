"""Would this reader get an article published now? One sentence, for `why`."""

from __future__ import annotations

from datetime import datetime

from newsletter.model import Subscriber, SubscriberState

_STATES = {
    SubscriberState.PENDING: "no: the subscription is not confirmed yet",
    SubscriberState.UNSUBSCRIBED: "no: unsubscribed",
    SubscriberState.BOUNCED: "no: the mailbox refused mail for good",
    SubscriberState.COMPLAINED: "no: the reader reported a message as spam",
}


def prospects(
    subscriber: Subscriber | None,
    *,
    suppressed: str | None,
    now: datetime | None = None,
    has_private_feed: bool = False,
) -> str:
    """What the next published article would mean for this reader, and why.

    A pause that is over by `now` (aware UTC) counts no more; without `now` each pause still counts.
    """
    if suppressed is not None:
        return f"no: the address is suppressed ({suppressed})"
    if subscriber is None:
        return "no: no subscriber has this address"
    if subscriber.state in _STATES:
        return _STATES[subscriber.state]
    if subscriber.rhythm == "feed":
        return "no: a private feed stands for mail" if has_private_feed else "no: wants feeds only"
    until = subscriber.paused_until
    if until is not None and (now is None or until > now):
        missed = "articles until then are owed afterwards" if subscriber.catch_up else "articles until then are skipped"
        return f"not before {until:%Y-%m-%d}: paused until then; {missed}"
    if subscriber.rhythm != "each":
        return f"not at once: wants the {subscriber.rhythm} digest"
    if subscriber.topics:
        return f"yes, if its topics include {' or '.join(subscriber.topics)}"
    return "yes, each article"
