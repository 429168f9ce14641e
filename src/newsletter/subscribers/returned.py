"""What a report that came back means for a reader: nothing, a mark, or the end of their mail.

Comes in: a report whose reader a signature proved, in the desk's transaction. Goes out: what was done. A policy
of the other side never harms a reader; a full mailbox does only when it stays so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection

from newsletter.model import EditionId, SubscriberId
from newsletter.store.bounces import has_moved_since, readers_with_soft_editions, soft_editions
from newsletter.store.subscribers import address_key_of
from newsletter.store.suppressions import Suppression
from newsletter.subscribers.departures import SuppressionReason, suppress_key, unsubscribe_in
from newsletter.subscribers.keys import Keys


class Done(StrEnum):
    """What was done about a report."""

    SUPPRESSED = "suppressed"
    UNSUBSCRIBED = "unsubscribed"
    COUNTED = "counted"  # a soft bounce; more of them will count
    NOTED = "noted"  # it changes nothing
    UNPROVEN = "unproven"  # nothing shows that it is about our mail; kept for a person
    KEPT = "kept"  # nobody could read it; kept for a person
    SETTLED = "settled"  # a person has dealt with it


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """After how many editions sent back within which time a reader counts as bounced."""

    soft: int = 5
    within: timedelta = timedelta(days=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Proven:
    """A report about one reader, from `source`, at an hour (aware UTC); `edition` where that is known too."""

    reader: SubscriberId
    edition: EditionId | None
    status: str
    source: str
    at: datetime


def end_dead(connection: Connection, report: Proven, *, keys: Keys) -> Done:
    """The mailbox does not exist: mail to it ends at once, unless the reader has another one since."""
    if report.edition is not None and has_moved_since(connection, report.edition, report.reader):
        return Done.NOTED
    return _suppress(connection, report, SuppressionReason.BOUNCED, keys=keys)


def count_soft(connection: Connection, report: Proven, *, patience: Patience, keys: Keys) -> Done:
    """The mailbox cannot take mail now; once it was so for as many editions as `patience` allows, it is dead.

    The report itself has been written down before.
    """
    number = soft_editions(connection, report.reader, report.at - patience.within)
    if number < patience.soft:
        return Done.COUNTED
    return end_dead(connection, report, keys=keys)


def end_soft(connection: Connection, patience: Patience, *, keys: Keys, now: datetime) -> int:
    """End the mail of all readers whose mailboxes failed too often, whoever counted; gives how many."""
    worn_out = readers_with_soft_editions(connection, now - patience.within, least=patience.soft)
    for reader in worn_out:
        source = f"{patience.soft} editions came back within {patience.within.days} days"
        end_dead(connection, Proven(reader=reader, edition=None, status="", source=source, at=now), keys=keys)
    return len(worn_out)


def end_complained(connection: Connection, report: Proven, *, keys: Keys) -> Done:
    """The reader called it spam: mail ends, and no import brings them back."""
    return _suppress(connection, report, SuppressionReason.COMPLAINED, keys=keys)


def end_asked(connection: Connection, report: Proven) -> Done:
    """The reader asked to leave, by mail or at a provider's link."""
    left = unsubscribe_in(connection, report.reader, source=report.source, now=report.at)
    return Done.NOTED if left is None or not left.changed else Done.UNSUBSCRIBED


def _suppress(connection: Connection, report: Proven, reason: SuppressionReason, *, keys: Keys) -> Done:
    key = address_key_of(connection, report.reader)
    if key is None:
        return Done.NOTED
    source = f"{report.source} {report.status}".strip()
    suppression = Suppression(reason=reason, source=source[:255], at=report.at)
    suppress_key(connection, key, suppression=suppression, keys=keys)
    return Done.SUPPRESSED
