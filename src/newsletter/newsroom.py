"""The desk: one method per verb, and the only place where the parts are plugged together.

Read top to bottom, this is the whole program: an article is planned, published, sent; an edition is
looked at, paused, ended; a reader is added, asked about, let go. Doors call these methods; each opens
the transactions it needs. Time, ids and randomness are handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from newsletter import delivery, editions, site, subscribers
from newsletter.answers import AdoptReport, EditionReport, Explanation, Status, Ticked, World
from newsletter.config import Config, load_config
from newsletter.delivery import Balance, transports
from newsletter.delivery.transports.failover import Circuits
from newsletter.delivery_desk import DeliveryDesk
from newsletter.editions import Plan, PublishWishes, Released, Wishes
from newsletter.errors import NewsroomPaused, UsageError
from newsletter.hooks_desk import HooksDesk
from newsletter.hub_desk import HubDesk
from newsletter.looks_desk import LooksDesk, LookTools
from newsletter.mail import sign_message
from newsletter.model import EditionKind, Masthead, SubscriberId
from newsletter.overviews import status_of
from newsletter.owner_desk import OwnerDesk
from newsletter.readers_desk import ReadersDesk, explain
from newsletter.rehearsal import Rehearsal, rehearse
from newsletter.returns_desk import ReturnsDesk
from newsletter.schedule_board import ScheduleBoard
from newsletter.schedule_desk import ScheduleDesk, ScheduleTools, board_of
from newsletter.site.lock import writing_alone
from newsletter.store import Store
from newsletter.store.articles import StoredArticle, all_articles
from newsletter.store.editions import StoredEdition, list_editions, variants_of
from newsletter.store.meta import add_event, remember, remembered
from newsletter.store.schema import require_head
from newsletter.trust import MailIdentity
from newsletter.upkeep import Upkeep
from newsletter.workshop import Workshop


class Newsroom:
    """A folder with config.toml, and everything one can do with it."""

    def __init__(self, folder: Path, world: World) -> None:
        """Read the configuration of `folder`; raises ConfigError with every fault of it."""
        self.folder = folder.resolve()
        self.world = world
        self.config: Config = load_config(self.folder, environ=world.environ)
        self._workshop = Workshop(self.folder, self.config, world, lambda: self.store)

    @property
    def masthead(self) -> Masthead:
        """What the newsroom says of itself."""
        return self._workshop.masthead

    @cached_property
    def store(self) -> Store:
        """The database, with its tables; a fresh one is made ready, an old one refused with a sentence."""
        store = Store(self.config.store.url)
        if store.path is not None and not store.path.exists():
            # Addresses are nobody else's to read. SQLite's side files take over the mode; what the disk
            # refuses here, it refuses in a sentence below.
            with suppress(OSError):
                store.path.touch(mode=0o600)
        require_head(store)
        return store

    @property
    def templates(self) -> Mapping[str, str]:
        """The theme, by name."""
        return self._workshop.templates

    @property
    def keys(self) -> subscribers.Keys:
        """The keys of mailed links; missing in a newsroom with readers is exit 78."""
        return self._workshop.keys

    @property
    def now(self) -> datetime:
        """The hour, aware UTC."""
        return self.world.clock()

    # Publishing: plan, publish, send.

    def plan(
        self, files: Sequence[Path], *, wishes: Wishes, publish: PublishWishes, at: datetime | None = None
    ) -> Plan:
        """What publishing `files` would do now, or `at` an hour to come (aware UTC). Changes nothing."""
        bench = self._workshop.bench(at or self.now)
        with self.store.reading() as connection:
            drafts, unfit = editions.draft_articles(connection, files, bench=bench, wishes=wishes)
            if unfit:
                raise unfit[0]
            if not (publish.sample or publish.now):
                editions.refuse_waiting(connection, drafts)
            return editions.plan_publish(
                connection,
                drafts,
                wishes=publish,
                wardrobe=self._workshop.wardrobe,
                clock=(bench.now, self.world.new_id),
                transport_kind=self.config.transport.kind,
            )

    def publish(self, plan: Plan) -> Released:
        """Carry out a plan: files copied in, one transaction, then feeds and pages. Sends nothing yet.

        Raises NewsroomPaused when the plan would mail somebody and a person has to agree first,
        ConfigError for a key that is missing or damaged, and OutputError for an unwritable folder:
        all before anything is done.
        """
        self._refuse_when_paused(mails=bool(plan.editions))
        self._prepare(plan)
        if plan.wishes.now:
            uids, paths = [d.article.uid for d in plan.drafts], [d.source_path for d in plan.drafts]
            editions.unschedule(self.store, uids=uids, source_paths=paths, now=self.now)
        released = editions.release(self.store, plan, now=self.now)
        if plan.wishes.mail_correction:
            bench = self._workshop.digest_bench(self.owner_desk().post)
            uids = [draft.article.uid for draft in plan.drafts]
            made = [editions.release_correction(self.store, uid, bench=bench, now=self.now) for uid in uids]
            released = replace(released, editions=(*released.editions, *filter(None, made)))
        self.renew_outputs()
        return released

    def publish_at(self, plan: Plan, at: datetime) -> str:
        """Freeze a plan of new articles until `at` (aware UTC); gives the name under which they wait.

        Whoever calls `tick` from then on releases it. Raises UsageError for what is published already.
        """
        self._prepare(plan)
        return self.schedules().publish_at(plan, at, hold=self.config.email.hold)

    def tick(self) -> Ticked:
        """Do what is due: publish, release, make the runs of schedules. Sends nothing; safe to repeat."""
        return self.schedules().tick()

    def send_due(self, *, stop: Callable[[], bool] = lambda: False) -> list[EditionReport]:
        """Send what is due of every edition, and give the balances; the first fault is raised at the end."""
        return self.schedules().send_due(stop=stop)

    def schedules(self, *, told: Callable[[], None] = lambda: None) -> ScheduleDesk:
        """The schedules' desk; `told` hears that a notice to the owner waits to be sent."""
        return ScheduleDesk(self._schedule_tools(told))

    def schedule_board(self) -> ScheduleBoard:
        """What schedules have done and will do."""
        return board_of(self._schedule_tools(lambda: None))

    def rehearse(self, *, days: int) -> Rehearsal:
        """What would go out in the next `days` days; on a copy of the database, with nothing sent or changed."""
        return rehearse(self._schedule_tools(lambda: None), days=days)

    def owner_desk(self, *, told: Callable[[], None] = lambda: None) -> OwnerDesk:
        """The owner's desk; `told` as above."""
        return self._workshop.owner_desk(told)

    def _schedule_tools(self, told: Callable[[], None]) -> ScheduleTools:
        return self._workshop.schedule_tools(
            told,
            renew=self.renew_outputs,
            is_stale=self.outputs_are_stale,
            send=lambda edition, stop: self.send(edition, stop=stop),
        )

    def send(
        self,
        edition: StoredEdition,
        *,
        stop: Callable[[], bool] = lambda: False,
        progress: Callable[[Balance], None] | None = None,
    ) -> EditionReport:
        """Send what is due of an edition and give its balance. Safe to repeat, and beside other senders."""
        self._refuse_when_paused(mails=True)
        run = self._workshop.sending(edition, self.open_transport, stop=stop, progress=progress)
        balance = delivery.send_edition(self.store, edition.id, run)
        self.store.checkpoint()
        return EditionReport(edition=edition, balance=balance)

    @property
    def looks(self) -> LooksDesk:
        """The desk of looks: previews, findings, test copies."""
        return LooksDesk(
            LookTools(
                store=self.store,
                folder=self.folder,
                masthead=self.masthead,
                press=self._workshop.press,
                clock=self.world.clock,
                plan=self.plan,
                open_transport=lambda: self.open_transport(also_paused=True),
                signer=lambda: self._workshop.signer,
            )
        )

    def sign(self, message: bytes, now: datetime) -> bytes:
        """`message` (finished octets) behind the newsroom's DKIM signatures of `now`; as it is where none signs."""
        return sign_message(message, self._workshop.signer, now=now)

    # Articles.

    def list_articles(self) -> list[editions.ArticleLine]:
        """Every article ever published, newest first."""
        return editions.list_articles(self.store, self.folder)

    def find_article(self, named: str) -> StoredArticle:
        """The article with this uid, path or URL."""
        return editions.find_article(self.store, self.folder, named, self.masthead.base_url)

    def adopt(self, files: Sequence[Path], *, wishes: Wishes) -> AdoptReport:
        """Bring an archive in without mail; a file with faults is left out and the others go on."""
        with self.store.reading() as connection:
            drafts, unfit = editions.draft_articles(
                connection, files, bench=self._workshop.bench(self.now), wishes=wishes
            )
        site.require_writable(self.folder)
        for draft in tuple(drafts):
            try:
                editions.copy_in([draft])
            except UsageError as error:
                drafts.remove(draft)
                unfit.append(error)
        pictures = {path: data for d in drafts for path, data in editions.prepared_files(d.pictures).items()}
        site.write_pictures(self.store, self.folder, pictures, now=self.now)
        adopted = editions.adopt(self.store, drafts, now=self.now)
        self.renew_outputs()
        return AdoptReport(adopted=adopted, already=len(drafts) - len(adopted), faults=tuple(map(str, unfit)))

    def withdraw(self, uid: str) -> int:
        """Take an article out of feeds and pages; gives how many waiting emails were cancelled."""
        _, going = editions.withdraw(self.store, uid, now=self.now)
        why = "the article was withdrawn"
        # What else such an edition brings comes to its readers with their next digest.
        cancelled = sum(
            editions.cancel_edition(
                self.store, e.uid, reason=why, now=self.now, give_back=e.kind is not EditionKind.SINGLE
            )
            for e in going
        )
        self.renew_outputs()
        return cancelled

    def renew_outputs(self, *, everything: bool = False) -> site.Renewed:
        """Write feeds and pages that are stale, or all; and the file of uids beside the articles."""
        renewed = site.renew_public(self.store, self._workshop.press, self.folder, now=self.now, everything=everything)
        with writing_alone(self.folder), self.store.reading() as connection:
            editions.write_uids(self.folder, all_articles(connection))
        return renewed

    def outputs_are_stale(self) -> bool:
        """Whether feeds and pages say less than what is published."""
        with self.store.reading() as connection:
            return site.outputs_are_stale(connection, self._workshop.press)

    # Editions.

    def list_editions(self) -> list[StoredEdition]:
        """Every edition, newest first."""
        with self.store.reading() as connection:
            return list_editions(connection)

    def show_edition(self, uid: str) -> EditionReport:
        """One edition with its variants, articles and balance; the uid may be cut short."""
        edition = editions.find_edition(self.store, uid)
        with self.store.reading() as connection:
            variants = tuple(variants_of(connection, edition.id))
            titles = [held.title for one in variants for held in one.contents]
            balance = delivery.balance_of(connection, edition.id)
        return EditionReport(edition=edition, balance=balance, variants=variants, articles=tuple(dict.fromkeys(titles)))

    def pause_edition(self, uid: str) -> StoredEdition:
        """Stop sending an edition until it is resumed."""
        return editions.pause_edition(self.store, uid, now=self.now)

    def resume_edition(self, uid: str) -> StoredEdition:
        """Let an edition go on; `send` does it. One that was not released yet is, now."""
        self._refuse_when_paused(mails=True)
        resumed = editions.resume_edition(self.store, uid, now=self.now)
        if resumed.released_at is None:
            self.tick()
        return editions.find_edition(self.store, resumed.uid)

    def cancel_edition(self, uid: str, *, give_back: bool = False) -> int:
        """End an edition for everyone who does not have it; gives how many emails that were.

        With `give_back` its articles come to those readers in their next digest.
        """
        reason = "cancelled by the owner"
        return editions.cancel_edition(self.store, uid, reason=reason, now=self.now, give_back=give_back)

    def unschedule(self, named: str) -> tuple[str, ...]:
        """Let an article (path or uid) that waits for its hour be an article of the folder again; gives its path."""
        path = editions.place_of(Path(named), self.folder)
        return editions.unschedule(self.store, uids=(named,), source_paths=(named, path), now=self.now)

    @property
    def deliveries(self) -> DeliveryDesk:
        """The deliveries' desk: what is under way, what became of it, and trying again."""
        return DeliveryDesk(self.store, self.world.clock, time_zone=self.masthead.time_zone)

    # Readers.

    @property
    def intake(self) -> subscribers.Intake:
        """What every arrival needs of the newsroom."""
        return self._workshop.intake(self.now)

    def readers_desk(self, *, told: Callable[[], None]) -> ReadersDesk:
        """What readers do by themselves; `told` hears that a notice waits to be sent."""
        return ReadersDesk(self._workshop.desk_tools(told))

    def returns_desk(self, *, told: Callable[[], None] = lambda: None) -> ReturnsDesk:
        """What comes back; `told` as above."""
        return ReturnsDesk(self._workshop.returns_tools(told))

    @property
    def identity(self) -> MailIdentity:
        """As whom the newsroom mails."""
        return self._workshop.identity

    def hooks_desk(self, returns: ReturnsDesk) -> HooksDesk:
        """What providers report by themselves, for the returns' desk."""
        return HooksDesk(self._workshop.hooks_tools(returns))

    def hub_desk(self) -> HubDesk:
        """What tells hubs, and who asked our own, that feeds have changed."""
        return HubDesk(self._workshop.hub_tools)

    def unsubscribe(self, reader: SubscriberId, *, source: str) -> subscribers.Unsubscribed | None:
        """End a reader's mail at once, also what is queued. Safe to repeat."""
        return subscribers.unsubscribe(self.store, reader, source=source, now=self.now)

    def why(self, address: str, *, limit: int = 20) -> Explanation:
        """What this person got, when, and why not."""
        return explain(self.store, self.keys, address, limit=limit, now=self.now)

    # The house itself.

    def status(self) -> Status:
        """How everything is."""
        changed = tuple(line.source_path or "" for line in self.list_articles() if line.file == "changed")
        board, underway = self.schedule_board(), self.deliveries.underway()
        return status_of(self.store, title=self.masthead.title, changed=changed, board=board, underway=underway)

    def close(self) -> None:
        """Let go of the database, if it was opened, and of what was read for it."""
        if "store" in vars(self):
            self.store.close()
            del self.store
        self._workshop = Workshop(self.folder, self.config, self.world, lambda: self.store)

    @property
    def upkeep(self) -> Upkeep:
        """What is done to the database as a whole."""
        return Upkeep(folder=self.folder, url=self.config.store.url, clock=self.world.clock, let_go=self.close)

    def paused_reason(self) -> str | None:
        """Why the newsroom mails nobody, or None."""
        with self.store.reading() as connection:
            return remembered(connection, "paused")

    def resume(self) -> None:
        """Let the newsroom mail again."""
        with self.store.writing() as connection:
            remember(connection, "paused", None)
            add_event(connection, "resume", ("newsroom", None), now=self.now)

    def require_running(self) -> None:
        """Nothing, while mail may go out; raises NewsroomPaused."""
        self._refuse_when_paused(mails=True)

    def open_transport(self, circuits: Circuits | None = None, *, also_paused: bool = False) -> transports.Transport:
        """The way out for mail; raises NewsroomPaused while a person has not agreed that it may go out again."""
        self._refuse_when_paused(mails=not also_paused)
        return self._workshop.way_out(circuits)

    def _refuse_when_paused(self, *, mails: bool) -> None:
        reason = self.paused_reason() if mails else None
        if reason is not None:
            raise NewsroomPaused(
                f"The newsroom is paused: {reason}. It does not know what was mailed since. "
                "Look at newsletter status; when you are sure: newsletter resume"
            )

    def _prepare(self, plan: Plan) -> None:
        """Copy files in and write pictures, so that no release ever names what is not there."""
        if plan.editions and not self.keys.token_keys:
            raise AssertionError("a newsroom without keys cannot sign links")
        site.require_writable(self.folder)
        editions.copy_in(plan.drafts)
        pictures = {path: data for d in plan.drafts for path, data in editions.prepared_files(d.pictures).items()}
        site.write_pictures(self.store, self.folder, pictures, now=self.now)
