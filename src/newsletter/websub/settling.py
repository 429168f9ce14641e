"""What follows from an answer: a subscription begins or ends, a task is done, tried later or given up."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from newsletter.store.hub import ASKED, Subscription, activate, delete_subscription, end_subscription, note_push
from newsletter.store.hub_tasks import PING, VERIFY, HubTask, defer_task, drop_task, finish_task, finish_tasks
from newsletter.store.meta import add_event
from newsletter.websub.errands import Errand, is_confirmed
from newsletter.websub.guarded import Reply
from newsletter.websub.reachable import Destination, destination_of

PING_FOR = timedelta(days=1)
_WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180))
_LAST_WAIT = timedelta(hours=6)
_SPREAD = 0.2
_GONE = 410
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settling:
    """The moment of settling (aware UTC), and where jitter in [0, 1) comes from."""

    now: datetime
    jitter: Callable[[], float]


def settle(connection: Connection, answered: Iterable[tuple[Errand, Reply]], settling: Settling) -> None:
    """Write down what came of tasks, but of those that another process has taken meanwhile."""
    told: dict[tuple[datetime, str], list[HubTask]] = {}
    for errand, reply in answered:
        task, subscription = errand.task, errand.subscription
        if task.kind == PING:
            _settle_ping(connection, task, reply, settling)
        elif subscription is None:
            finish_task(connection, task, now=settling.now)
        elif task.kind == VERIFY:
            _settle_verification(connection, errand, subscription, reply, now=settling.now)
        elif reply.is_success and not subscription.failures:
            told.setdefault((task.until, task.digest), []).append(task)
        else:
            _settle_push(connection, errand, subscription, reply, settling)
    for tasks in told.values():
        finish_tasks(connection, tasks, now=settling.now)


def wait_before(tries: int, *, jitter: float) -> timedelta:
    """How long to wait after so many tries: 1, 5, 15 minutes, 1, 3, then 6 hours, give or take a tenth."""
    wait = _WAITS[tries - 1] if tries <= len(_WAITS) else _LAST_WAIT
    return wait * (1 + _SPREAD * (jitter - 0.5))


def host_of(url: str) -> str:
    """The host of `url` for a log: the rest of a callback may be as good as a password."""
    place = destination_of(url)
    return place.authority if isinstance(place, Destination) else "an odd address"


def _settle_verification(
    connection: Connection, errand: Errand, request: Subscription, reply: Reply, *, now: datetime
) -> None:
    if not finish_task(connection, errand.task, now=now):
        return
    if not is_confirmed(errand, reply):
        delete_subscription(connection, request.id)
        host, reason = host_of(request.callback), reply.fault or f"It answered {reply.status} without the challenge."
        _log.info("%s did not confirm its request about %s: %s", host, request.topic, reason)
        return
    if request.state == ASKED:
        activate(connection, request, lease_until=now + timedelta(seconds=request.lease_s))
    else:
        end_subscription(connection, request)


def _settle_push(
    connection: Connection, errand: Errand, subscription: Subscription, reply: Reply, settling: Settling
) -> None:
    task = errand.task
    next_at = settling.now + wait_before(task.attempts + 1, jitter=settling.jitter())
    if errand.excuse:
        defer_task(connection, task, next_at, reason=errand.excuse)
    elif errand.body is None:
        finish_task(connection, task, now=settling.now)
    elif reply.is_success:
        if finish_task(connection, task, now=settling.now) and subscription.failures:
            note_push(connection, subscription.id, reason="")
    elif reply.status == _GONE:
        if finish_task(connection, task, now=settling.now):
            delete_subscription(connection, subscription.id)
            _log.info("%s wants to hear of %s no longer.", host_of(task.target), task.topic)
    elif defer_task(connection, task, next_at, reason=reply.words):
        # Tried until the lease ends, with which the task goes.
        note_push(connection, subscription.id, reason=reply.words)


def _settle_ping(connection: Connection, task: HubTask, reply: Reply, settling: Settling) -> None:
    if reply.is_success:
        finish_task(connection, task, now=settling.now)
        return
    next_at = settling.now + wait_before(task.attempts + 1, jitter=settling.jitter())
    if next_at <= task.made_at + PING_FOR:
        defer_task(connection, task, next_at, reason=reply.words)
    elif drop_task(connection, task, now=settling.now):
        hub = host_of(task.target)
        _log.warning("The hub %s was not told of %s for a day: %s", hub, task.topic, reply.words)
        add_event(connection, "give up", ("hub_tasks", task.id), now=settling.now, hub=hub, reason=reply.words)
