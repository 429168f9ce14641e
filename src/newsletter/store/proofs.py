"""Named queries for the proof of consent: what one reader agreed to, was asked, and withdrew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from newsletter.model import SubscriberId
from newsletter.store.tables import confirmations, consents, wordings


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsentLine:
    """One line of a proof: `wording` as it was shown, `version` its hash, both "" for a withdrawal."""

    what: str
    at: datetime
    method: str
    source: str
    page: str
    wording: str
    language: str
    version: str
    ip: str | None
    ip_until: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedLine:
    """One thing a reader was asked to agree to; `done_at` is None while nobody did."""

    kind: str
    page: str
    asked_at: datetime
    expires_at: datetime
    done_at: datetime | None


def consents_of(connection: Connection, subscriber_id: SubscriberId) -> list[ConsentLine]:
    """Every consent and withdrawal of one subscriber, oldest first (index on consents.subscriber_id)."""
    query = (
        select(
            consents.c.what,
            consents.c.at,
            consents.c.method,
            consents.c.source,
            consents.c.page,
            func.coalesce(wordings.c.text, "").label("wording"),
            func.coalesce(wordings.c.language, "").label("language"),
            func.coalesce(wordings.c.hash, "").label("version"),
            consents.c.ip,
            consents.c.ip_until,
        )
        .join_from(consents, wordings, wordings.c.id == consents.c.wording_id, isouter=True)
        .where(consents.c.subscriber_id == subscriber_id)
        .order_by(consents.c.id)
    )
    return [ConsentLine(**row) for row in connection.execute(query).mappings()]


def asked_of(connection: Connection, subscriber_id: SubscriberId) -> list[AskedLine]:
    """What one subscriber was asked to confirm, oldest first (index on confirmations.subscriber_id)."""
    query = (
        select(
            confirmations.c.kind,
            confirmations.c.page,
            confirmations.c.asked_at,
            confirmations.c.expires_at,
            confirmations.c.done_at,
        )
        .where(confirmations.c.subscriber_id == subscriber_id)
        .order_by(confirmations.c.id)
    )
    return [AskedLine(**row) for row in connection.execute(query).mappings()]
