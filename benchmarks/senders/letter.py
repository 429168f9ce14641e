"""The letter that all senders of bench_send.py carry: one edition's variant of 38 KB on the wire, as a file.

Comes in: the repository's theme and a made-up article. Goes out: `letter.json`, which each sender reads
for itself, so that none of them carries the renderer in its memory.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from newsletter.mail import EditionFacts, compile_variant
from newsletter.model import EditionKind, Mailbox, Masthead, Recipient, SubscriberId, Variant
from newsletter.subscribers.keys import Keys, new_keys
from newsletter.subscribers.tokens import preferences_token, unsubscribe_token

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
NAME = "letter.json"


def write_letter(folder: Path, variant: Variant, masthead: Masthead) -> Path:
    """The file that holds both; `folder` keeps it beside the database."""
    path = folder / NAME
    held = {"variant": dataclasses.asdict(variant), "masthead": dataclasses.asdict(masthead)}
    path.write_text(json.dumps(held), encoding="utf-8")
    return path


def read_letter(folder: Path) -> tuple[Variant, Masthead]:
    """What `write_letter` wrote there."""
    held: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
    head = held["masthead"]
    head |= {"languages": tuple(head["languages"]), "sender": Mailbox(**head["sender"])}
    return Variant(**held["variant"]), Masthead(**head)


def wire_octets(variant: Variant, masthead: Masthead) -> int:
    """How long one reader's message is: what smtp-source is told to send as well."""
    facts = EditionFacts(uid="e1", kind=EditionKind.SINGLE, article_uids=(), archived_at=masthead.base_url)
    compiled = compile_variant(variant, facts, masthead=masthead)
    return len(compiled.fill(reader(1, keys()), now=NOW))


def keys() -> Keys:
    """Keys that are the same for every sender."""
    return new_keys(bytes(range(64)))


def reader(number: int, signing: Keys) -> Recipient:
    """The reader of that number, with real tokens."""
    subscriber_id = SubscriberId(number)
    return Recipient(
        subscriber_id=subscriber_id,
        uid=f"s{number}",
        address=f"reader{number}@example.org",
        name=f"Reader {number}",
        token=unsubscribe_token(signing, subscriber_id),
        preferences=preferences_token(signing, subscriber_id, 1),
    )
