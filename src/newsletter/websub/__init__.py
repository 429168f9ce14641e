"""WebSub: hubs are told of changed feeds, and `serve` is one itself.

A room: the desk hands in the versions of the feeds and a store; tasks wait in the store, and what goes
over the wire goes through the one guarded client.
"""

from newsletter.websub.asking import HubAnswer, HubRules, ask
from newsletter.websub.distributing import HubTools, run_tasks
from newsletter.websub.guarded import GuardedClient, Reply, fetch_public, system_resolver
from newsletter.websub.overview import HubStatus, Unreached, hub_status
from newsletter.websub.own import OwnHub
from newsletter.websub.reachable import is_on_this_machine
from newsletter.websub.telling import note_changes

__all__ = [
    "GuardedClient",
    "HubAnswer",
    "HubRules",
    "HubStatus",
    "HubTools",
    "OwnHub",
    "Reply",
    "Unreached",
    "ask",
    "fetch_public",
    "hub_status",
    "is_on_this_machine",
    "note_changes",
    "run_tasks",
    "system_resolver",
]
