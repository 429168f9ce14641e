"""What the owner sees of the hubs: who is told of what, what waits, and who cannot be reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from newsletter.store.hub import ACTIVE, failing_subscriptions, subscriptions_by_topic
from newsletter.store.hub_tasks import failing_pings, waiting_tasks
from newsletter.websub.settling import host_of

_SHOWN = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreached:
    """A hub or subscriber that could not be told: its host, how often in a row, and why the last time."""

    topic: str
    host: str
    failures: int
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class HubStatus:
    """The hubs at a glance: who subscribes, what waits, who is not reached.

    `subscriptions` are counted by topic, `requests` wait for their subscribers' word, `waiting` tasks are
    counted by kind ("ping", "push", "verify").
    """

    subscriptions: Mapping[str, int]
    requests: int
    waiting: Mapping[str, int]
    unreached: tuple[Unreached, ...]


def hub_status(connection: Connection) -> HubStatus:
    """The state of subscriptions and tasks, with the hubs and subscribers that fail most; writes nothing.

    At most 20 of each are named, by host alone: the whole address of a callback may be a secret.
    """
    counted = subscriptions_by_topic(connection)
    failing = (*failing_pings(connection, limit=_SHOWN), *failing_subscriptions(connection, limit=_SHOWN))
    return HubStatus(
        subscriptions={topic: number for topic, state, number in counted if state == ACTIVE},
        requests=sum(number for _, state, number in counted if state != ACTIVE),
        waiting=waiting_tasks(connection),
        unreached=tuple(
            Unreached(topic=topic, host=host_of(target), failures=failures, reason=reason)
            for topic, target, failures, reason in failing
        ),
    )
