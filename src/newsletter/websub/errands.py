"""One task on the wire: what is said to a subscriber or a hub, and what makes its answer a yes.

Comes in: a task with all that is needed for it. Goes out: the `Reply`. Called from many threads.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from newsletter.store.hub import LEAVING, Subscription
from newsletter.store.hub_tasks import PING, VERIFY, HubTask
from newsletter.websub.guarded import GuardedClient, Reply

BodyOf = Callable[[str, str, str], tuple[bytes, str] | None]

_FORM_TYPE = "application/x-www-form-urlencoded"
_KEPT_BODIES = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Errand:
    """A task with what it takes: the subscription it is about, the challenge to be echoed, the body to be sent.

    `excuse` says why it cannot be done just now, through no fault of whom it is for.
    """

    task: HubTask
    subscription: Subscription | None = None
    challenge: str = ""
    body: tuple[bytes, str] | None = None
    excuse: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wires:
    """Who calls subscribers, who calls the owner's hubs, and what our own hub is called."""

    hub_url: str
    callbacks: GuardedClient
    hubs: GuardedClient


class Bodies:
    """The body for a topic and two of its versions, made once for all who need it."""

    def __init__(self, body_of: BodyOf) -> None:
        """Keep what `body_of` gives, the last few bodies."""
        self._body_of = body_of
        self._kept: dict[tuple[str, str, str], tuple[bytes, str] | None] = {}

    def of(self, task: HubTask) -> tuple[bytes, str] | None:
        """What is sent for `task`, with its media type; None when the feed is gone."""
        key = (task.topic, task.since, task.digest)
        if key not in self._kept:
            while len(self._kept) >= _KEPT_BODIES:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = self._body_of(*key)
        return self._kept[key]


def run_errand(wires: Wires, errand: Errand) -> Reply:
    """The answer to one task: a question for a verification, else a POST."""
    task = errand.task
    if task.kind == PING:
        # Hubs differ in which of the two they read (WebSub §6 leaves it open).
        form = urlencode({"hub.mode": "publish", "hub.url": task.topic, "hub.topic": task.topic})
        return wires.hubs.post(task.target, form.encode(), {"Content-Type": _FORM_TYPE})
    if task.kind == VERIFY:
        return wires.callbacks.get(verification_url(errand))
    content, media_type = errand.body or (b"", "")
    headers = {"Content-Type": media_type, "Link": f'<{wires.hub_url}>; rel="hub", <{task.topic}>; rel="self"'}
    secret = errand.subscription.secret if errand.subscription else None
    if secret:
        headers["X-Hub-Signature"] = signature(secret, content)
    return wires.callbacks.post(task.target, content, headers)


def verification_url(errand: Errand) -> str:
    """The callback with the question whether it meant its request; its own query stays as it is (WebSub §5.3)."""
    request = errand.subscription
    is_leaving = request is not None and request.state == LEAVING
    asked = {"hub.mode": "unsubscribe" if is_leaving else "subscribe", "hub.topic": errand.task.topic}
    asked["hub.challenge"] = errand.challenge
    if request is not None and not is_leaving:
        asked["hub.lease_seconds"] = str(request.lease_s)
    callback = errand.task.target
    return f"{callback}{'&' if '?' in callback else '?'}{urlencode(asked)}"


def is_confirmed(errand: Errand, reply: Reply) -> bool:
    """Whether the subscriber said yes: any success, with the challenge and nothing else."""
    return reply.is_success and hmac.compare_digest(reply.body, errand.challenge.encode())


def signature(secret: str, content: bytes) -> str:
    """What X-Hub-Signature says of `content` (WebSub §7.1)."""
    return f"sha256={hmac.new(secret.encode(), content, 'sha256').hexdigest()}"
