"""What is to be told when feeds have changed: queued here, told by `distributing`.

Comes in: the version of each feed as it is served now. Goes out: tasks, in the transaction of the caller.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection

from newsletter.store.hub_tasks import (
    Change,
    forget_other_pings,
    hold_hub,
    queue_pings,
    queue_pushes,
    remember_told,
    told_versions,
)


def note_changes(connection: Connection, current: Mapping[str, str], *, hubs: Collection[str], now: datetime) -> int:
    """Queue a word about each feed that has changed since the last call; gives the number of tasks that wait for it.

    `current` maps the address of every public feed to the digest of its bytes; `hubs` are those of others,
    who are pinged. Our own subscribers are sent the feed. A hub or subscriber that has not been told of an
    older change is told of both at once. The first call ever only remembers: nobody is told of what is old.
    One transaction, the caller's, which nothing of the network takes part in. Safe to repeat.
    """
    told = told_versions(connection, hold=True)
    if told == current:
        return 0
    queued = 0
    if told is not None:
        hold_hub(connection)
        forget_other_pings(connection, hubs)
        for topic, digest in current.items():
            since = told.get(topic, "")
            if digest != since:
                change = Change(topic=topic, digest=digest, since=since)
                queued += queue_pings(connection, change, hubs, now=now)
                queued += queue_pushes(connection, change, now=now)
    remember_told(connection, current)
    return queued
