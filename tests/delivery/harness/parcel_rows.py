"""Parcels, leases and abandoned journals, for tests that need no whole run."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

from ledger_rows import NOW

from newsletter.delivery.journal import Journal
from newsletter.delivery.journals import journal_path
from newsletter.delivery.parcels import Batch, Parcel
from newsletter.model import ChunkId, DeliveryState, EditionId, SubscriberId, VariantId
from newsletter.store import Store
from newsletter.store.deliveries import DueRow, due_rows, lease_rows
from newsletter.store.leases import Holder, Lease, note_journal, take_chunk
from newsletter.store.revocations import last_revocation

DEAD = "here.1.1.a"
_NUMBERS = count(1)


def lone_parcel(domain: str = "example.org") -> Parcel:
    """A parcel that belongs to no database, each with another reader."""
    number = next(_NUMBERS)
    lease = Lease(
        chunk_id=ChunkId(1),
        edition_id=EditionId(1),
        first_id=1,
        last_id=500,
        token=DEAD,
        until=NOW + timedelta(minutes=2),
        boot_id="boot-1",
        wave=0,
    )
    row = DueRow(
        subscriber_id=SubscriberId(number),
        variant_id=VariantId(1),
        state=DeliveryState.QUEUED,
        attempts=0,
        uid=f"s{number}",
        address=f"r{number}@{domain}",
        name="",
        token_version=1,
        withdrawn=None,
    )
    return Parcel(row=row, batch=Batch(lease=lease, journal=None, left=1), seen=0, domain=domain)


def leased_parcels(
    store: Store, edition_id: EditionId, *, token: str = DEAD, boot_id: str = "boot-1", journal: bool = True
) -> list[Parcel]:
    """The next chunk in a sender's hands, with its journal begun, as a run leases it."""
    holder = Holder(token=token, until=NOW + timedelta(minutes=2), boot_id=boot_id)
    with store.writing() as connection:
        lease = take_chunk(connection, edition_id, holder, now=NOW)
        assert lease is not None
        path = journal_path(store, lease)
        book = Journal(path) if journal and path is not None else None
        if book is not None:
            note_journal(connection, lease, book.path.name)
            lease = replace(lease, journal=book.path.name)
        found = due_rows(connection, lease, now=NOW, limit=500)
        lease_rows(connection, lease, found[-1].subscriber_id, now=NOW)
        seen = last_revocation(connection)
    batch = Batch(lease=lease, journal=book, left=len(found))
    return [Parcel(row=row, batch=batch, seen=seen, domain="example.org") for row in found]


def journal_of(parcels: list[Parcel]) -> Journal:
    """The journal these parcels share."""
    journal = parcels[0].batch.journal
    assert journal is not None
    return journal


def path_of(parcels: list[Parcel]) -> Path:
    """Where that journal lies."""
    return journal_of(parcels).path
