"""The hubs' desk: what changed in the feeds is told to hubs, and to who asked our own.

Called by `serve` again and again. Whoever publishes need not know of it: what was told last is compared with
the files that were written, so that a process that dies between the two leaves nothing untold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from newsletter.site import feed_digests, feed_type, newer_entries, open_output
from newsletter.store import Store
from newsletter.websub import (
    GuardedClient,
    HubStatus,
    HubTools,
    OwnHub,
    hub_status,
    is_on_this_machine,
    note_changes,
    run_tasks,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class HubDeskTools:
    """What the hubs' desk works with: where feeds lie and are served, `hubs` of others, and whether we are one."""

    store: Store
    folder: Path
    base_url: str
    hubs: tuple[str, ...]
    is_hub: bool
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    new_id: Callable[[], str]


class HubDesk:
    """Tells of changed feeds; `own` is our hub as the web door asks it, None where there is none."""

    def __init__(self, tools: HubDeskTools) -> None:
        """Stand ready; nothing is asked or told before `tell`."""
        self._tools = tools
        # Asking the store to write each second would keep senders waiting for nothing.
        self._noted: Mapping[str, str] | None = None
        # Who is on this machine can call its addresses without us; everybody else gets to public ones only.
        is_local = is_on_this_machine(tools.base_url)
        self.own = OwnHub(tools.store, clock=tools.clock, allow_private=is_local) if tools.is_hub else None
        self._hub_tools = HubTools(
            hub_url=f"{tools.base_url}/hub",
            callbacks=GuardedClient(allow_private=is_local),
            # The owner chose them, and may have them in the house.
            hubs=GuardedClient(allow_private=True),
            body_of=self._body_of,
            clock=tools.clock,
            jitter=tools.jitter,
            new_id=tools.new_id,
        )

    @property
    def has_work(self) -> bool:
        """Whether there is any hub to be told of changes."""
        return self.own is not None or bool(self._tools.hubs)

    def tell(self, stop: Callable[[], bool] = lambda: False) -> int:
        """Note what changed and tell whom there is to tell; gives the number of tries. Safe beside others."""
        if not self.has_work:
            return 0
        tools = self._tools
        with tools.store.reading() as connection:
            current = feed_digests(connection)
        addresses = {f"{tools.base_url}/{path}": digest for path, digest in current.items()}
        if addresses != self._noted:
            with tools.store.writing() as connection:
                note_changes(connection, addresses, hubs=tools.hubs, now=tools.clock())
            self._noted = addresses
        return run_tasks(tools.store, self._hub_tools, stop=stop)

    def status(self) -> HubStatus:
        """Who is told of what, what waits, and who is not reached."""
        with self._tools.store.reading() as connection:
            return hub_status(connection)

    def _body_of(self, topic: str, since: str, digest: str) -> tuple[bytes, str] | None:
        """The feed as it stands now, without the entries that the version `since` held, and its media type."""
        tools = self._tools
        path = topic.removeprefix(f"{tools.base_url}/feeds/")
        media_type = feed_type(path)
        file = open_output(tools.folder / "feeds", path)
        if file is None or media_type is None:
            return None
        with file:
            content = file.read()
        if hashlib.sha256(content).hexdigest() == since:
            return content, media_type
        with tools.store.reading() as connection:
            newer = newer_entries(connection, f"feeds/{path}", content, known=[since] if since else [])
        return newer or content, media_type


def hub_numbers(status: HubStatus) -> Mapping[str, int]:
    """The status in numbers, for metrics."""
    return {
        "subscriptions": sum(status.subscriptions.values()),
        "requests": status.requests,
        "waiting": sum(status.waiting.values()),
        "unreached": len(status.unreached),
    }
