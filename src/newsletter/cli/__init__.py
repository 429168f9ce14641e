"""The command line door. Commands are grouped by noun; each opens the newsroom only when it runs."""

from newsletter.cli import (  # each module adds its commands to the app when imported
    articles,
    config,
    database,
    deliveries,
    editions,
    exchange,
    feeds,
    looks,
    notices,
    persons,
    proof,
    publish,
    readers,
    rehearse,
    running,
    schedule,
    service,
    subscribers,
    tick,
)
from newsletter.cli.app import app
from newsletter.cli.entry import main

__all__ = [
    "app",
    "articles",
    "config",
    "database",
    "deliveries",
    "editions",
    "exchange",
    "feeds",
    "looks",
    "main",
    "notices",
    "persons",
    "proof",
    "publish",
    "readers",
    "rehearse",
    "running",
    "schedule",
    "service",
    "subscribers",
    "tick",
]
