"""The desk: one method per verb, and the only place where the parts are plugged together.

Read top to bottom, this is the whole program: an article is planned, published, sent; an edition is
looked at, paused, ended; a reader is added, asked about, let go. Doors call these methods; each opens
the transactions it needs. Time, ids and randomness are handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from newsletter import delivery, editions, site, subscribers
from newsletter.answers import AdoptReport, EditionReport, Explanation, Status, World
from newsletter.config import Config, load_config
from newsletter.config.keys import KEY_NAME, read_key, write_key
from newsletter.config.theme import load_theme
from newsletter.delivery import Balance, transports
from newsletter.delivery.letters import Letters
from newsletter.delivery.loose import loose_message, send_loose
from newsletter.delivery.transports.configured import settings_of
from newsletter.editions import Plan, PublishWishes, Released, Wishes
from newsletter.errors import NewsroomPaused, UsageError
from newsletter.model import DeliveryState, Finding, Masthead, SubscriberId
from newsletter.readers_desk import DeskTools, ReadersDesk, explain
from newsletter.site.lock import writing_alone
from newsletter.store import Store, overview
from newsletter.store import backup as backups
from newsletter.store.articles import StoredArticle, all_articles
from newsletter.store.editions import StoredEdition, edition_counts, list_editions, unfinished_editions, variants_of
from newsletter.store.meta import add_event, remember, remembered
from newsletter.store.schema import require_head, upgrade
from newsletter.subscribers.tokens import preferences_token


class Newsroom:
    """A folder with config.toml, and everything one can do with it."""

    def __init__(self, folder: Path, world: World) -> None:
        """Read the configuration of `folder`; raises ConfigError with every fault of it."""
        self.folder = folder.resolve()
        self.world = world
        self.config: Config = load_config(self.folder, environ=world.environ)

    @cached_property
    def masthead(self) -> Masthead:
        """What the newsroom says of itself."""
        return self.config.masthead()

    @cached_property
    def store(self) -> Store:
        """The database, with its tables; a fresh one is made ready, an old one refused with a sentence."""
        store = self.closed_store()
        if store.path is not None and not store.path.exists():
            # Addresses are nobody else's to read. SQLite's side files take over the mode; what the disk
            # refuses here, it refuses in a sentence below.
            with suppress(OSError):
                store.path.touch(mode=0o600)
        require_head(store)
        return store

    @cached_property
    def templates(self) -> Mapping[str, str]:
        """The theme, by name."""
        return load_theme(self.folder)

    @cached_property
    def keys(self) -> subscribers.Keys:
        """The keys of mailed links. Made for a newsroom without readers; missing otherwise is exit 78."""
        if not (self.folder / KEY_NAME).exists():
            if any(subscribers.counts(self.store).values()):
                read_key(self.folder)
            write_key(self.folder, subscribers.serialise_keys(subscribers.new_keys(self.world.random(64))))
        return subscribers.parse_keys(read_key(self.folder))

    @property
    def now(self) -> datetime:
        """The hour, aware UTC."""
        return self.world.clock()

    # Publishing: plan, publish, send.

    def plan(self, files: Sequence[Path], *, wishes: Wishes, publish: PublishWishes) -> Plan:
        """What publishing `files` would do. Changes nothing."""
        bench = self._bench()
        with self.store.reading() as connection:
            drafts, unfit = editions.draft_articles(connection, files, bench=bench, wishes=wishes)
            if unfit:
                raise unfit[0]
            return editions.plan_publish(
                connection,
                drafts,
                wishes=publish,
                wardrobe=self._wardrobe,
                clock=(bench.now, self.world.new_id),
                transport_kind=self.config.transport.kind,
            )

    def feeds_that_change(self, plan: Plan) -> tuple[str, ...]:
        """The feed files the plan's articles show up in; none when nothing about them changes."""
        changing = [d.article for d in plan.drafts if d.standing != editions.Standing.SAME]
        paths = (path for article in changing for path in site.feeds_touched_by(article, self.masthead))
        return tuple(dict.fromkeys(paths))

    def publish(self, plan: Plan) -> Released:
        """Carry out a plan: files copied in, one transaction, then feeds and pages. Sends nothing yet.

        Raises NewsroomPaused when the plan would mail somebody and a person has to agree first,
        ConfigError for a key that is missing or damaged, and OutputError for an unwritable folder:
        all before anything is done.
        """
        self._refuse_when_paused(mails=bool(plan.editions))
        if plan.editions and not self.keys.token_keys:
            raise AssertionError("a newsroom without keys cannot sign links")
        site.require_writable(self.folder)
        editions.copy_in(plan.drafts)
        pictures = {path: data for d in plan.drafts for path, data in editions.prepared_files(d.pictures).items()}
        site.write_pictures(self.store, self.folder, pictures, now=self.now)
        released = editions.release(self.store, plan, now=self.now)
        self.renew_outputs()
        return released

    def send(
        self,
        edition: StoredEdition,
        *,
        stop: Callable[[], bool] = lambda: False,
        progress: Callable[[Balance], None] | None = None,
    ) -> EditionReport:
        """Send what is due of an edition and give its balance. Safe to repeat, and beside other senders."""
        letters = Letters(
            self.store,
            edition,
            masthead=self.masthead,
            bounce_token=lambda reader: subscribers.bounce_token(self.keys, edition.id, reader),
        )
        with self.open_transport() as transport:
            run = delivery.Run(
                transport=transport,
                compose=letters.compose,
                token_of=lambda reader: subscribers.unsubscribe_token(self.keys, reader),
                preferences_of=lambda reader, version: preferences_token(self.keys, reader, version),
                clock=self.world.clock,
                jitter=lambda: self.world.random(1)[0] / 256,
                sender=delivery.this_sender(self.world.random(6).hex()),
                on_unknown=delivery.OnUnknown(self.config.email.on_unknown),
                progress=progress,
                stop=stop,
            )
            balance = delivery.send_edition(self.store, edition.id, run)
        self.store.checkpoint()
        return EditionReport(edition=edition, balance=balance)

    def send_test(self, plan: Plan, address: str) -> int:
        """Send one copy of each variant to `address`, outside the ledger; gives how many were accepted."""
        recipient = subscribers.parse_address(address).address
        messages = [
            loose_message(one.variant, one.articles, masthead=self.masthead, address=recipient, now=self.now)
            for planned in plan.editions
            for one in planned.dressed
        ]
        with self.open_transport(also_paused=True) as transport:
            return send_loose(transport, messages)

    def preview(
        self, file: Path, *, wishes: Wishes, into: Path | None
    ) -> tuple[tuple[Path, ...], tuple[tuple[str, Finding], ...]]:
        """Write email, page and feed entries of one article to a folder; gives the paths and findings."""
        plan = self.plan([file], wishes=replace(wishes, for_a_look=True), publish=PublishWishes(sample=True))
        draft = plan.drafts[0]
        feeds, pages = site.render_alone(draft.article, self._press)
        files = editions.preview_files(plan.editions[0].dressed, feeds, pages, self.masthead)
        folder = into or self.folder / "preview" / draft.article.slug
        return editions.write_preview(folder, files), plan.findings

    def check(self, file: Path, *, wishes: Wishes) -> tuple[tuple[str, Finding], ...]:
        """The findings of one article in all its outputs."""
        wishes = replace(wishes, for_a_look=True)
        return self.plan([file], wishes=wishes, publish=PublishWishes(sample=True)).findings

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
            drafts, unfit = editions.draft_articles(connection, files, bench=self._bench(), wishes=wishes)
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
        cancelled = sum(
            editions.cancel_edition(self.store, each.uid, reason="the article was withdrawn", now=self.now)
            for each in going
        )
        self.renew_outputs()
        return cancelled

    def renew_outputs(self, *, everything: bool = False) -> site.Renewed:
        """Write feeds and pages that are stale, or all; and the file of uids beside the articles."""
        renewed = site.renew_public(self.store, self._press, self.folder, now=self.now, everything=everything)
        with writing_alone(self.folder), self.store.reading() as connection:
            editions.write_uids(self.folder, all_articles(connection))
        return renewed

    def outputs_are_stale(self) -> bool:
        """Whether feeds and pages say less than what is published."""
        with self.store.reading() as connection:
            return site.outputs_are_stale(connection, self._press)

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
        """Let an edition go on; `send` does it."""
        self._refuse_when_paused(mails=True)
        return editions.resume_edition(self.store, uid, now=self.now)

    def cancel_edition(self, uid: str) -> int:
        """End an edition for everyone who does not have it; gives how many emails that were."""
        return editions.cancel_edition(self.store, uid, reason="cancelled by the owner", now=self.now)

    def list_deliveries(self, uid: str, *, only: DeliveryState | None, limit: int) -> list[overview.DeliveryLine]:
        """An edition's deliveries, in order of sign-up."""
        edition = editions.find_edition(self.store, uid)
        with self.store.reading() as connection:
            return overview.deliveries_of_edition(connection, edition.id, state=only, limit=limit)

    # Readers.

    @property
    def intake(self) -> subscribers.Intake:
        """What every arrival needs of the newsroom."""
        return subscribers.Intake(keys=self.keys, masthead=self.masthead, now=self.now, new_uid=self.world.new_id)

    def readers_desk(self, *, told: Callable[[], None]) -> ReadersDesk:
        """What readers do by themselves; `told` hears that a notice waits to be sent."""
        tools = DeskTools(
            store=self.store,
            keys=self.keys,
            masthead=self.masthead,
            templates=self.templates,
            clock=self.world.clock,
            new_id=self.world.new_id,
            asking=subscribers.Asking(**asdict(self.config.readers)),
            told=told,
        )
        return ReadersDesk(tools)

    def unsubscribe(self, reader: SubscriberId, *, source: str) -> subscribers.Unsubscribed | None:
        """End a reader's mail at once, also what is queued. Safe to repeat."""
        return subscribers.unsubscribe(self.store, reader, source=source, now=self.now)

    def why(self, address: str, *, limit: int = 20) -> Explanation:
        """What this person got, when, and why not."""
        return explain(self.store, self.keys, address, limit=limit, now=self.now)

    # The house itself.

    def status(self) -> Status:
        """How everything is."""
        lines = self.list_articles()
        with self.store.reading() as connection:
            going = unfinished_editions(connection)
            return Status(
                title=self.masthead.title,
                paused=remembered(connection, "paused"),
                subscribers={str(state): n for state, n in subscribers.counts(self.store).items() if n},
                articles=overview.article_counts(connection),
                editions=edition_counts(connection),
                changed=tuple(line.source_path or "" for line in lines if line.file == "changed"),
                unfinished=tuple(
                    EditionReport(edition=each, balance=delivery.balance_of(connection, each.id)) for each in going
                ),
                unknown=overview.unknown_by_edition(connection),
                last_backup=remembered(connection, "backup"),
            )

    def closed_store(self) -> Store:
        """The database as it is, for upgrade, restore and doctor."""
        return Store(self.config.store.url)

    def close(self) -> None:
        """Let go of the database, if it was opened."""
        if "store" in vars(self):
            self.store.close()

    def upgrade(self) -> tuple[str | None, str]:
        """Bring the database to this program's schema; gives the versions before and after."""
        with closing(self.closed_store()) as store:
            return upgrade(store)

    def backup(self, target: Path) -> int:
        """Write database and key into one zip, also before an upgrade; gives its size in octets."""
        with closing(self.closed_store()) as store:
            if store.path is not None and not store.path.exists():
                require_head(self.store)
            size = backups.backup(store, target, key_file=self.folder / KEY_NAME)
            with store.writing() as connection:
                remember(connection, "backup", f"{self.now:%Y-%m-%d %H:%M} UTC")
            return size

    def restore(self, archive: Path) -> tuple[Path, ...]:
        """Put a backup in place, paused; gives where the old files went."""
        database = self.closed_store().path
        if database is None:
            raise UsageError("Bring a PostgreSQL database back with pg_restore.")
        if "store" in self.__dict__:
            self.store.close()
        for opened in ("store", "keys"):
            self.__dict__.pop(opened, None)
        return backups.restore(archive, database=database, key_file=self.folder / KEY_NAME, now=self.now)

    def paused_reason(self) -> str | None:
        """Why the newsroom mails nobody, or None."""
        with self.store.reading() as connection:
            return remembered(connection, "paused")

    def resume(self) -> None:
        """Let the newsroom mail again."""
        with self.store.writing() as connection:
            remember(connection, "paused", None)
            add_event(connection, "resume", ("newsroom", None), now=self.now)

    def open_transport(self, *, also_paused: bool = False) -> transports.Transport:
        """The way out for mail; raises NewsroomPaused while a person has not agreed that it may go out again."""
        self._refuse_when_paused(mails=not also_paused)
        return transports.open_transport(settings_of(self.config.transport))

    def _refuse_when_paused(self, *, mails: bool) -> None:
        reason = self.paused_reason() if mails else None
        if reason is not None:
            raise NewsroomPaused(
                f"The newsroom is paused: {reason}. It does not know what was mailed since. "
                "Look at newsletter status; when you are sure: newsletter resume"
            )

    def _bench(self) -> editions.Workbench:
        return editions.Workbench(
            folder=self.folder,
            masthead=self.masthead,
            tag=self.config.newsroom.tag,
            now=self.now,
            new_id=self.world.new_id,
            remembered=editions.read_uids(self.folder),
        )

    @cached_property
    def _wardrobe(self) -> editions.Wardrobe:
        return editions.Wardrobe(templates=self.templates, masthead=self.masthead)

    @cached_property
    def _press(self) -> site.Press:
        return site.Press(
            masthead=self.masthead,
            tag=self.config.newsroom.tag,
            templates=self.templates,
            max_entries=self.config.feeds.entries,
            max_bytes=self.config.feeds.max_bytes,
        )
