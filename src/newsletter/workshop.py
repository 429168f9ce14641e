"""The tools of one newsroom: its words, its theme, its keys, and what each room is handed of them.

Comes in: the folder, the configuration, the world. Goes out: the records that the rooms take. The desks
are plugged together from these; nothing here decides anything.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cached_property
from pathlib import Path

from sqlalchemy import Connection

from newsletter import delivery, editions, site, subscribers
from newsletter.answers import EditionReport, World
from newsletter.config import Config
from newsletter.config.dkim_files import read_dkim_file
from newsletter.config.keys import KEY_NAME, read_key, write_key
from newsletter.config.theme import load_theme
from newsletter.delivery import Balance
from newsletter.delivery.canary import CanaryRules
from newsletter.delivery.letters import Letters
from newsletter.delivery.pace import pace_rules
from newsletter.delivery.transports import Transport, open_transports
from newsletter.delivery.transports.configured import settings_of
from newsletter.delivery.transports.failover import Circuits
from newsletter.errors import ConfigError, Fault
from newsletter.hooks_desk import HookKeys, HooksTools
from newsletter.hub_desk import HubDeskTools
from newsletter.mail import DkimSigner, MessageError, read_dkim_key, wire_address, wire_domain
from newsletter.mail.list_headers import sending_domain
from newsletter.model import Article, Masthead
from newsletter.owner_desk import OwnerDesk, OwnerTools
from newsletter.readers_desk import DeskTools
from newsletter.returns_desk import ReturnsDesk, ReturnsTools
from newsletter.schedule_desk import ScheduleTools
from newsletter.store import Store
from newsletter.store.articles import articles_in_group, published_articles
from newsletter.store.editions import StoredEdition
from newsletter.subscribers.tokens import preferences_token
from newsletter.trust import MailIdentity, wanted_records
from newsletter.websub import fetch_public


class Workshop:
    """What a newsroom works with; each tool is made when it is first needed."""

    def __init__(self, folder: Path, config: Config, world: World, store: Callable[[], Store]) -> None:
        """Know where things are; `store` opens the database, or gives the open one."""
        self._folder, self._config, self._world, self._store = folder, config, world, store

    @cached_property
    def masthead(self) -> Masthead:
        """What the newsroom says of itself."""
        return self._config.masthead()

    @cached_property
    def templates(self) -> Mapping[str, str]:
        """The theme, by name."""
        return load_theme(self._folder)

    @cached_property
    def keys(self) -> subscribers.Keys:
        """The keys of mailed links. Made for a newsroom without readers; missing otherwise is exit 78."""
        if not (self._folder / KEY_NAME).exists():
            if any(subscribers.counts(self._store()).values()):
                read_key(self._folder)
            write_key(self._folder, subscribers.serialise_keys(subscribers.new_keys(self._world.random(64))))
        return subscribers.parse_keys(read_key(self._folder))

    @cached_property
    def signer(self) -> DkimSigner | None:
        """What signs mail, None where no key is named. Raises ConfigError for a key that is missing, open or weak."""
        dkim = self._config.dkim
        try:
            keys = tuple(read_dkim_key(read_dkim_file(dkim.path, one), selector=one) for one in dkim.selectors)
        except MessageError as error:
            raise ConfigError([Fault(path=str(dkim.path), field="dkim.selectors", message=str(error))]) from error
        return DkimSigner(domain=wire_domain(dkim.domain), keys=keys) if keys else None

    @cached_property
    def wardrobe(self) -> editions.Wardrobe:
        """What dresses editions."""
        return editions.Wardrobe(templates=self.templates, masthead=self.masthead)

    @cached_property
    def press(self) -> site.Press:
        """What writes feeds and pages."""
        return site.Press(
            masthead=self.masthead,
            tag=self._config.newsroom.tag,
            templates=self.templates,
            max_entries=self._config.feeds.entries,
            max_bytes=self._config.feeds.max_bytes,
            schedules=tuple(self._config.schedules),
            hubs=self._config.hubs,
        )

    def bench(self, now: datetime) -> editions.Workbench:
        """What drafts articles, at the hour `now`."""
        return editions.Workbench(
            folder=self._folder,
            masthead=self.masthead,
            tag=self._config.newsroom.tag,
            now=now,
            new_id=self._world.new_id,
            remembered=editions.read_uids(self._folder),
        )

    def digest_bench(self, post: editions.Post) -> editions.DigestBench:
        """What makes digests; `post` tells the owner."""
        return editions.DigestBench(
            masthead=self.masthead,
            templates=self.templates,
            published=self._published,
            new_id=self._world.new_id,
            post=post,
        )

    @property
    def newcomers(self) -> dict[str, int]:
        """How many of the latest articles the first digest of a new reader brings, by rhythm."""
        return {name: schedule.newcomers for name, schedule in self._config.schedules.items()}

    def intake(self, now: datetime) -> subscribers.Intake:
        """What every arrival needs of the newsroom."""
        return subscribers.Intake(
            keys=self.keys, masthead=self.masthead, now=now, new_uid=self._world.new_id, newcomers=self.newcomers
        )

    def owner_desk(self, told: Callable[[], None]) -> OwnerDesk:
        """What tells the owner; `told` hears that a notice waits to be sent."""
        return OwnerDesk(
            OwnerTools(
                store=self._store(),
                keys=self.keys,
                masthead=self.masthead,
                templates=self.templates,
                clock=self._world.clock,
                new_id=self._world.new_id,
                told=told,
            )
        )

    def desk_tools(self, told: Callable[[], None]) -> DeskTools:
        """What the readers' desk works with; `told` as above."""
        return DeskTools(
            store=self._store(),
            keys=self.keys,
            masthead=self.masthead,
            templates=self.templates,
            clock=self._world.clock,
            new_id=self._world.new_id,
            asking=subscribers.Asking(**asdict(self._config.readers)),
            press=self.press,
            random=self._world.random,
            newcomers=self.newcomers,
            told=told,
        )

    @property
    def identity(self) -> MailIdentity:
        """As whom the newsroom mails, for what name servers have to say of it. Raises ConfigError as `signer` does."""
        config, signer = self._config, self.signer
        return MailIdentity(
            from_domain=sending_domain(self.masthead).lower(),
            bounce_domain=wire_domain(self.masthead.bounce_domain),
            dkim_domain=wire_domain(config.dkim.domain),
            owner=wire_address(self.masthead.owner),
            keys=tuple((key.selector, key.record) for key in signer.keys) if signer else (),
            addresses=config.dns.addresses,
            spf_terms=config.dns.spf,
        )

    def returns_tools(self, told: Callable[[], None]) -> ReturnsTools:
        """What the returns' desk works with; `told` as above."""
        rules = self._config.bounces
        return ReturnsTools(
            store=self._store(),
            keys=self.keys,
            clock=self._world.clock,
            owner=self.owner_desk(told),
            patience=subscribers.Patience(soft=rules.soft, within=rules.soft_within),
            policy=rules.policy,
            records=lambda: [one.as_zone_line() for one in wanted_records(self.identity)],
        )

    def hooks_tools(self, returns: ReturnsDesk) -> HooksTools:
        """What the hooks' desk works with."""
        hooks = self._config.hooks
        return HooksTools(
            store=self._store(),
            keys=self.keys,
            hooks=HookKeys(
                ses_topic=hooks.ses_topic or "",
                mailgun_key=hooks.mailgun_key.reveal() if hooks.mailgun_key else "",
                postmark_password=hooks.postmark_password.reveal() if hooks.postmark_password else "",
                sendgrid_key=hooks.sendgrid_key or "",
            ),
            returns=returns,
            clock=self._world.clock,
            fetch=fetch_public,
        )

    @property
    def hub_tools(self) -> HubDeskTools:
        """What the hubs' desk works with."""
        return HubDeskTools(
            store=self._store(),
            folder=self._folder,
            base_url=self.masthead.base_url,
            hubs=self._config.feeds.hubs,
            is_hub=self._config.feeds.hub,
            clock=self._world.clock,
            jitter=lambda: self._world.random(1)[0] / 256,
            new_id=lambda: self._world.random(24).hex(),
        )

    def schedule_tools(
        self,
        told: Callable[[], None],
        *,
        renew: Callable[[], object],
        is_stale: Callable[[], bool],
        send: Callable[[StoredEdition, Callable[[], bool]], EditionReport],
    ) -> ScheduleTools:
        """What the schedules' desk works with; `told` as above."""
        owner = self.owner_desk(told)
        return ScheduleTools(
            store=self._store(),
            schedules=self._config.schedules,
            grace=self._config.email.grace,
            owner=owner,
            bench=self.digest_bench(owner.post),
            clock=self._world.clock,
            renew=renew,
            is_stale=is_stale,
            send=send,
        )

    def sending(
        self,
        edition: StoredEdition,
        open_transport: Callable[[Circuits | None], Transport],
        *,
        stop: Callable[[], bool],
        progress: Callable[[Balance], None] | None,
    ) -> delivery.Run:
        """What the engine needs to send `edition`."""
        letters = Letters(
            self._store(),
            edition,
            masthead=self.masthead,
            bounce_token=lambda reader: subscribers.bounce_token(self.keys, edition.id, reader),
            signer=self.signer,
        )
        circuits = None
        names = self._config.delivery.transports
        if len(names) > 1:
            circuits = Circuits(names, clock=self._world.clock, jitter=self._jitter)
        return delivery.Run(
            open_transport=lambda: open_transport(circuits),
            transport=names[0],
            pace=pace_rules(self._config),
            circuits=circuits,
            canary=self._canary,
            seeds=self._config.delivery.seeds,
            connections=self._config.transport.connections,
            compose=letters.compose,
            token_of=lambda reader: subscribers.unsubscribe_token(self.keys, reader),
            preferences_of=lambda reader, version: preferences_token(self.keys, reader, version),
            clock=self._world.clock,
            jitter=self._jitter,
            sender=delivery.this_sender(self._world.random(6).hex()),
            on_unknown=delivery.OnUnknown(self._config.email.on_unknown),
            progress=progress,
            stop=stop,
            composers=os.cpu_count() or 1 if self.signer else 0,
        )

    @property
    def _canary(self) -> CanaryRules | None:
        rules = self._config.delivery
        if rules.canary is None:
            return None
        return CanaryRules(share=rules.canary.share, wait=rules.canary_wait, refused=rules.canary_refused.share)

    def way_out(self, circuits: Circuits | None) -> Transport:
        """The transport of the configuration, or several as one with the `circuits` of a run."""
        settings = [settings_of(each) for each in self._config.transports_in_use]
        return open_transports(settings, circuits, clock=self._world.clock)

    def _jitter(self) -> float:
        return self._world.random(1)[0] / 256

    def _published(self, connection: Connection, uids: Sequence[str]) -> dict[str, Article]:
        """Public articles by uid as readers see them, each with links to its translations."""
        found: dict[str, Article] = {}
        for one in published_articles(connection, uids=uids):
            sisters = [each for each in articles_in_group(connection, one.group_uid) if each.state == "published"]
            found[one.uid] = site.published_form(one, self.masthead, sisters)
        return found
