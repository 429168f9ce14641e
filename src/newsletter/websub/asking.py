"""How a program asks our hub to be told of a feed, or no longer (WebSub §5.1).

Comes in: the fields of a form. Goes out: a row that waits for the subscriber's own word, and the task to
ask for it. Whoever knows a callback can write this form; what counts is what the callback answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from newsletter.store import Store
from newsletter.store.hub import (
    ASKED,
    LEAVING,
    Request,
    count_at_host,
    count_subscriptions,
    has_request,
    is_subscribed,
    write_request,
)
from newsletter.store.hub_tasks import hold_hub, queue_verification
from newsletter.websub.reachable import MAX_URL, Destination, destination_of, ip_address_of, is_public

DEFAULT_LEASE_S = 10 * 86_400
SHORTEST_LEASE_S = 5 * 60
LONGEST_LEASE_S = 30 * 86_400
MAX_SECRET_OCTETS = 199  # WebSub §5.1: less than 200 bytes
MAX_SUBSCRIPTIONS = 10_000
MAX_AT_HOST = 50

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, kw_only=True, slots=True)
class HubAnswer:
    """What a program is told about its request: `taken`, or why not; `is_full` says that waiting may help."""

    taken: bool
    sentence: str
    is_full: bool = False


TAKEN = HubAnswer(taken=True, sentence="The request is taken. The callback will be asked whether it meant it.")


@dataclass(frozen=True, kw_only=True, slots=True)
class HubRules:
    """What may be asked of this hub: `is_topic` knows the addresses of its feeds.

    `allow_private` lets callbacks be on this machine, for a newsroom that is there itself.
    """

    is_topic: Callable[[str], bool]
    allow_private: bool = False


def ask(store: Store, fields: Mapping[str, str], rules: HubRules, *, now: datetime) -> HubAnswer:
    """Take a request to be told of a feed, or no longer, and have its callback asked whether it meant it.

    `fields` are those of the form, `hub.mode` and so on; unknown ones are passed over (§5.1). One
    transaction. Safe to repeat: the last request about a topic and callback counts.
    """
    request = _request_in(fields, rules)
    if isinstance(request, str):
        return HubAnswer(taken=False, sentence=request)
    host = _host(request.callback)
    with store.writing() as connection:
        hold_hub(connection)
        is_known = is_subscribed(connection, request.topic, request.callback)
        if request.state == LEAVING and not is_known:
            # Nothing to end, and nobody to bother about it.
            return TAKEN
        if not is_known and not has_request(connection, request.topic, request.callback):
            if count_subscriptions(connection) >= MAX_SUBSCRIPTIONS:
                return HubAnswer(taken=False, sentence="The hub is full. Ask again tomorrow.", is_full=True)
            if count_at_host(connection, host) >= MAX_AT_HOST:
                sentence = f"{host} has {MAX_AT_HOST} subscriptions here already. End one of them first."
                return HubAnswer(taken=False, sentence=sentence)
        request_id = write_request(connection, request, now=now)
        queue_verification(connection, request_id, callback=request.callback, topic=request.topic, now=now)
    return TAKEN


def _request_in(fields: Mapping[str, str], rules: HubRules) -> Request | str:
    """The request that a form makes, or a sentence about what is wrong with it."""
    mode, topic, callback = (fields.get(f"hub.{name}", "") for name in ("mode", "topic", "callback"))
    if mode not in ("subscribe", "unsubscribe"):
        return 'hub.mode has to be "subscribe" or "unsubscribe".'
    if len(topic) > MAX_URL or not rules.is_topic(topic):
        return "hub.topic is no feed of this newsroom. Use the address that the feed gives itself (rel=self)."
    fault = _callback_fault(callback, allow_private=rules.allow_private)
    if fault:
        return f"hub.callback cannot be used. {fault}"
    lease_s = _lease_in(fields.get("hub.lease_seconds", ""))
    if lease_s is None:
        return "hub.lease_seconds has to be a whole number of seconds."
    secret = fields.get("hub.secret", "")
    if len(secret.encode()) > MAX_SECRET_OCTETS:
        return f"hub.secret is longer than {MAX_SECRET_OCTETS} octets."
    if _CONTROL.search(secret):
        return "hub.secret holds control characters."
    state = ASKED if mode == "subscribe" else LEAVING
    return Request(topic=topic, callback=callback, secret=secret or None, state=state, lease_s=lease_s)


def _callback_fault(callback: str, *, allow_private: bool) -> str:
    """Why nobody would be called there; "" when the name has to be looked up to know more."""
    place = destination_of(callback)
    if isinstance(place, str):
        return place
    if ip_address_of(place.host) and not allow_private and not is_public(place.host):
        return "It is on a private network."
    return ""


def _lease_in(text: str) -> int | None:
    """The wished lease within our bounds, ours where none is wished, None for what is no number."""
    if not text:
        return DEFAULT_LEASE_S
    if not re.fullmatch(r"[0-9]{1,18}", text):
        return None
    return min(max(int(text), SHORTEST_LEASE_S), LONGEST_LEASE_S)


def _host(callback: str) -> str:
    place = destination_of(callback)
    return place.authority.removesuffix(f":{place.port}") if isinstance(place, Destination) else ""
