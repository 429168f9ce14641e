"""Another process that tells what is due, at the hour of the tests."""

from __future__ import annotations

from datetime import UTC, datetime

from newsletter.store import Store
from newsletter.websub import GuardedClient, HubTools, run_tasks

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def run(url: str) -> None:
    """Do what is due in the database at `url`."""
    client = GuardedClient(allow_private=True, limit_s=30)
    tools = HubTools(
        hub_url="https://news.example.org/hub",
        callbacks=client,
        hubs=client,
        body_of=lambda topic, since, digest: (b"news", "application/atom+xml"),
        clock=lambda: NOW,
        jitter=lambda: 0.5,
        new_id=lambda: "challenge",
    )
    run_tasks(Store(url), tools)
