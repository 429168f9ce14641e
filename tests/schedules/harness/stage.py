"""A newsroom with two schedules for the state machine: everything real but feeds, pages and the wire.

The verbs are those of the desk, put together without the writing of feeds and pages, which has tests of
its own and would take nine tenths of the time. A fresh copy of an empty database is a fresh newsroom.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from real_newsroom import CONFIG
from sqlalchemy import event, func, select

from newsletter import delivery, editions, subscribers
from newsletter.answers import EditionReport, World
from newsletter.config import load_config
from newsletter.delivery.transports.memory import MemoryTransport
from newsletter.editions import PublishWishes, Wishes
from newsletter.owner_desk import OwnerDesk, OwnerTools
from newsletter.schedule_desk import ScheduleDesk, ScheduleTools
from newsletter.store import Store
from newsletter.store.articles import present_sequence
from newsletter.store.editions import StoredEdition, list_editions
from newsletter.store.leases import OPEN_STATES
from newsletter.store.schedules import SKIPPED_BY_OWNER
from newsletter.store.tables import articles, deliveries, exclusions, slots, variant_articles
from newsletter.store.tables import editions as edition_rows
from newsletter.store.tables import subscribers as subscriber_rows
from newsletter.subscribers import Choices, Consent, Newcomer
from newsletter.workshop import Workshop

SCHEDULES = """\
[schedules.daily]
at = "mon,thu,sat 08:00"
[schedules.weekly]
at = "mon 08:00"
hold = "2h"
"""
CONSENT = Consent(wording="Signed at the fair.", source="subscribers add")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One article in one delivery, as the ledger has it."""

    edition_id: int
    reader: int
    article: str
    state: int

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A run: its date, the last publication it gathers, and its edition, unless there was nothing to send."""

    schedule: str
    day: date
    cut: int
    edition: int | None


class Stage:
    """A newsroom whose clock one can set, and the verbs of its owner and its readers.

    `begin` makes it a fresh one. Engine and theme are kept, since statements and templates are compiled once.
    """

    def __init__(self, folder: Path, database: Path) -> None:
        (folder / "config.toml").write_text(CONFIG.replace("[email]", '[email]\ngrace = "12h"') + SCHEDULES, "utf-8")
        self.folder, self._empty, self.now = folder, database, datetime.min.replace(tzinfo=UTC)
        self._ids = itertools.count(1)
        self.store = Store(f"sqlite:///{folder}/newsletter.db")
        event.listen(self.store.engine, "connect", _forget_the_disk)
        self.config = load_config(folder, environ={})
        self.world = World(clock=lambda: self.now, new_id=self._new_id, random=os.urandom, environ={})
        self.workshop = Workshop(folder, self.config, self.world, lambda: self.store)
        self.transport = MemoryTransport()

    def begin(self, now: datetime) -> None:
        """Forget everything, and set the clock."""
        self.store.close()
        for old in self.folder.glob("newsletter.db*"):
            if old.is_file():
                old.unlink()
        shutil.copy(self._empty, self.folder / "newsletter.db")
        shutil.rmtree(self.folder / "articles", ignore_errors=True)
        self.now = now
        self.desk, self.other_desk = self._schedules(), self._schedules()

    def _new_id(self) -> str:
        return f"{next(self._ids):08x}-0000-4000-8000-000000000000"

    def _schedules(self) -> ScheduleDesk:
        tools = OwnerTools(
            store=self.store,
            keys=self.workshop.keys,
            masthead=self.workshop.masthead,
            templates=self.workshop.templates,
            clock=self.world.clock,
            new_id=self.world.new_id,
        )
        owner = OwnerDesk(tools)
        return ScheduleDesk(
            ScheduleTools(
                store=self.store,
                schedules=self.config.schedules,
                grace=self.config.email.grace,
                owner=owner,
                bench=self.workshop.digest_bench(owner.post),
                clock=self.world.clock,
                renew=lambda: None,
                is_stale=lambda: False,
                send=lambda edition, _stop: self._send(edition),
            )
        )

    # The owner.

    def publish(self, name: str, text: str, **wishes: bool) -> str:
        """Write a file of that name and publish it; gives the article's uid."""
        path = self.folder / "articles" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
        bench = self.workshop.bench(self.now)
        significant = wishes.pop("significant", False)
        publish = PublishWishes(significant=significant, **wishes)
        with self.store.reading() as connection:
            drafts, unfit = editions.draft_articles(connection, [path], bench=bench, wishes=Wishes())
            assert not unfit
            plan = editions.plan_publish(
                connection,
                drafts,
                wishes=publish,
                wardrobe=self.workshop.wardrobe,
                clock=(self.now, self.world.new_id),
                transport_kind="maildir",
            )
        editions.release(self.store, plan, now=self.now)
        return drafts[0].article.uid

    def withdraw(self, uid: str) -> list[int]:
        """Take an article back; gives the editions that were stopped."""
        _, going = editions.withdraw(self.store, uid, now=self.now)
        for edition in going:
            editions.cancel_edition(self.store, edition.uid, reason="the article was withdrawn", now=self.now)
        return [edition.id for edition in going]

    def editions(self) -> list[StoredEdition]:
        with self.store.reading() as connection:
            return list_editions(connection)

    # Readers.

    @property
    def intake(self) -> subscribers.Intake:
        return subscribers.Intake(
            keys=self.workshop.keys, masthead=self.workshop.masthead, now=self.now, new_uid=self.world.new_id
        )

    def join(self, address: str, choices: Choices) -> int:
        newcomer = Newcomer(address=address, choices=choices)
        found = subscribers.add(self.store, newcomer, consent=CONSENT, intake=self.intake).subscriber
        assert found is not None
        return int(found.id)

    # The bell.

    def tick(self, *, twice: bool = False) -> bool:
        """Let the bell ring, also by another process; gives whether anything happened."""
        answers = [desk.tick() for desk in (self.desk, self.other_desk)[: 1 + twice]]
        assert not any(answer.faults for answer in answers)
        return any(answer.slots for answer in answers)

    def send(self) -> bool:
        """Send what is due; gives whether there was anything."""
        return bool(self.desk.send_due())

    def _send(self, edition: StoredEdition) -> EditionReport:
        run = self.workshop.sending(edition, lambda _circuits: self.transport, stop=lambda: False, progress=None)
        return EditionReport(edition=edition, balance=delivery.send_edition(self.store, edition.id, run))

    # What the books say.

    def rows(self) -> list[Row]:
        """Every article of every delivery, oldest edition first."""
        query = (
            select(deliveries.c.edition_id, deliveries.c.subscriber_id, articles.c.uid, deliveries.c.state)
            .join(variant_articles, variant_articles.c.variant_id == deliveries.c.variant_id)
            .join(articles, articles.c.id == variant_articles.c.article_id)
            .order_by(deliveries.c.edition_id)
        )
        with self.store.reading() as connection:
            return [Row(edition_id=e, reader=r, article=a, state=s) for e, r, a, s in connection.execute(query)]

    def queued(self, reader: int | None = None) -> list[Row]:
        """What waits in rows, for one reader or for all."""
        return [row for row in self.rows() if row.is_open and reader in (None, row.reader)]

    def cursors(self) -> dict[int, int]:
        with self.store.reading() as connection:
            query = select(subscriber_rows.c.id, subscriber_rows.c.covered_through)
            return {row.id: row.covered_through for row in connection.execute(query)}

    def sequence(self) -> int:
        """The number of the latest publication."""
        with self.store.reading() as connection:
            return present_sequence(connection)

    def runs(self) -> list[Made]:
        """The runs that gathered articles for readers, whether there were any or not."""
        query = (
            select(slots.c.schedule, slots.c.local_date, slots.c.cut, slots.c.edition_id)
            .where(slots.c.state.in_(("released", "skipped")), slots.c.reason != SKIPPED_BY_OWNER)
            .order_by(slots.c.id)
        )
        with self.store.reading() as connection:
            return [Made(schedule=s, day=d, cut=c, edition=e) for s, d, c, e in connection.execute(query)]

    def unbalanced(self) -> list[int]:
        """Released editions whose numbers do not add up."""
        rows = select(func.count()).where(deliveries.c.edition_id == edition_rows.c.id).scalar_subquery()
        left_out = (
            select(func.coalesce(func.sum(exclusions.c.count), 0))
            .where(exclusions.c.edition_id == edition_rows.c.id)
            .scalar_subquery()
        )
        wrong = (edition_rows.c.audience != rows) | (edition_rows.c.considered != edition_rows.c.audience + left_out)
        query = select(edition_rows.c.id).where(edition_rows.c.released_at.is_not(None), wrong)
        with self.store.reading() as connection:
            return list(connection.execute(query).scalars())


def _forget_the_disk(connection: sqlite3.Connection, _record: object) -> None:
    """No test here pulls the plug, so commits need not wait for the disk: they are two thirds of the time."""
    connection.execute("PRAGMA synchronous=OFF")
