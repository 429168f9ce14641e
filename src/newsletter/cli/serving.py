"""`newsletter serve`: the desk handed to the web door, with the bell and the senders beside it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from newsletter.cli.app import Session
from newsletter.cli.values import plain
from newsletter.cli.workers import Workers
from newsletter.delivery import NoticeSender, this_sender
from newsletter.errors import NewsletterError, UsageError
from newsletter.hooks_desk import HooksDesk
from newsletter.hub_desk import hub_numbers
from newsletter.model import EditionState, Masthead
from newsletter.newsroom import Newsroom
from newsletter.owner_desk import OwnerDesk
from newsletter.readers_desk import ReadersDesk
from newsletter.returns_desk import ReturnsDesk
from newsletter.site import Found, Question, newer_entries, search_articles
from newsletter.store.bounces import bounce_counts
from newsletter.store.editions import edition_counts
from newsletter.store.feed_readers import FeedReaders, note_feed_readers
from newsletter.store.notices import notice_counts_by_state
from newsletter.store.schedules import slot_counts
from newsletter.subscribers import counts
from newsletter.web import WebServer, create_app
from newsletter.websub import HubAnswer, OwnHub

LOCAL = ("127.0.0.1", "::1", "localhost")


class AskedHub:
    """Our own hub as the web door knows it: whoever asks is asked back at once."""

    def __init__(self, own: OwnHub, *, told: Callable[[], None]) -> None:
        """Pass requests on to `own`; `told` hears of each that was taken."""
        self._own, self._told = own, told

    def ask(self, fields: Mapping[str, str]) -> HubAnswer:
        """Take a request, or say what is wrong with it."""
        answer = self._own.ask(fields)
        if answer.taken:
            self._told()
        return answer


class Served:
    """The newsroom as the web door knows it: folders, the theme, the readers' desk, and a few questions."""

    def __init__(self, newsroom: Newsroom) -> None:
        """Serve `newsroom`; its database, keys and theme are opened now, so that faults show at the start."""
        self._newsroom = newsroom
        self.masthead: Masthead = newsroom.masthead
        self.templates: Mapping[str, str] = newsroom.templates
        self.site_folder: Path = newsroom.folder / "site"
        self.feeds_folder: Path = newsroom.folder / "feeds"
        self.outbox_folder: Path | None = newsroom.config.transport.path
        self.hubs: tuple[str, ...] = newsroom.config.hubs
        self.feed_pages: bool = newsroom.config.web.feed_pages
        if not newsroom.keys.token_keys:
            raise AssertionError("a newsroom without keys cannot read links")
        world = newsroom.world
        self.notices = NoticeSender(
            newsroom.store,
            newsroom.open_transport,
            clock=world.clock,
            jitter=lambda: world.random(1)[0] / 256,
            sender=this_sender(world.random(6).hex()),
            sign=newsroom.sign,
        )
        self.readers: ReadersDesk = newsroom.readers_desk(told=self.notices.wake)
        self.owner: OwnerDesk = newsroom.owner_desk(told=self.notices.wake)
        self.returns: ReturnsDesk = newsroom.returns_desk(told=self.notices.wake)
        hooks = newsroom.hooks_desk(self.returns)
        self.hooks: HooksDesk | None = hooks if hooks.providers else None
        self._board = newsroom.schedule_board()
        self._hub = newsroom.hub_desk()
        self.workers = Workers(newsroom, self.notices, self.readers, self._hub, self.returns)
        own = self._hub.own
        self.hub: AskedHub | None = None if own is None else AskedHub(own, told=self.workers.hub.wake)

    @property
    def seal_key(self) -> bytes:
        """What signs the forms: the same in each process of this newsroom, and no use for anything else."""
        return self._newsroom.keys.token_keys[0].sign(b"the seals of forms")

    def clock(self) -> datetime:
        """The present moment, aware UTC."""
        return self._newsroom.now

    def next_run(self) -> datetime | None:
        """When the next scheduled publication is due."""
        return self._board.next_at()

    def heartbeat(self) -> str:
        """ "" while the bell rings; else how long it has been silent."""
        return self.workers.bell.fault

    def newer_entries(self, path: str, content: bytes, known: Sequence[str]) -> bytes | None:
        """The feed with only what no version in `known` held; None when none of them is remembered."""
        with self._newsroom.store.reading() as connection:
            return newer_entries(connection, f"feeds/{path}", content, known=known)

    def note_feed_readers(self, rows: Sequence[FeedReaders]) -> None:
        """Keep the counts of feed readers, of each the highest."""
        with self._newsroom.store.writing() as connection:
            note_feed_readers(connection, rows)

    def search(self, words: str, *, language: str | None, page: int, length: int) -> Found:
        """Public articles that hold all `words`, `length` a page."""
        question = Question(words=words, language=language, page=page, length=length)
        return search_articles(self._newsroom.store, self.masthead, question)

    def readiness(self) -> Mapping[str, str]:
        """Whether database, sender and bell can do their work, with "" or what is wrong."""
        bell = self.heartbeat()
        try:
            paused = self._newsroom.paused_reason() or ""
        except NewsletterError as error:
            return {"database": str(error), "sender": "", "bell": bell}
        sender = paused or self.notices.fault or self.workers.mail.fault
        return {"database": "", "sender": sender, "bell": bell}

    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Readers, notices, editions and runs of schedules, by state."""
        with self._newsroom.store.reading() as connection:
            notices = notice_counts_by_state(connection)
            editions, runs = edition_counts(connection), slot_counts(connection)
            returns = bounce_counts(connection)
        return {
            "subscribers": {state.value: number for state, number in counts(self._newsroom.store).items()},
            "notices": {state.name.lower(): number for state, number in notices.items()},
            "editions": {str(state): editions.get(state, 0) for state in EditionState},
            "runs": runs,
            "returns": returns,
            **({"hub": hub_numbers(self._hub.status())} if self._hub.has_work else {}),
        }


class PlainFormatter(logging.Formatter):
    """Log lines in which what others sent us, such as a path, moves no cursor of a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        return plain(super().format(record))


def run(here: Session, bind: str | None) -> None:
    """Serve until the process is told to end. Raises UsageError for an address that makes no sense."""
    newsroom = here.newsroom()
    host, port = _address(bind or newsroom.config.web.bind)
    handler = logging.StreamHandler()
    handler.setFormatter(PlainFormatter("%(message)s"))
    level = logging.DEBUG if here.screen.verbose else newsroom.config.log.level.upper()
    logging.basicConfig(level=logging.WARNING if here.screen.quiet else level, handlers=[handler])
    served = Served(newsroom)
    local = host in LOCAL and served.outbox_folder is not None
    web = newsroom.config.web
    app = create_app(
        served, dev_inbox=local, hosts=web.hosts, trusted_proxies=web.trusted_proxies, seal_key=served.seal_key
    )
    server = WebServer(app, host, port)
    newsroom.renew_outputs()
    name, number = server.address
    at = f"http://[{name}]:{number}" if ":" in name else f"http://{name}:{number}"
    here.screen.say(f"pages      {at}/")
    here.screen.say(f"subscribe  {at}/subscribe")
    here.screen.say(f"feeds      {at}/feeds/rss.xml")
    if local:
        here.screen.say(f"dev inbox  {at}/dev/inbox/   (every message in the outbox, for your eyes only)")
    here.screen.say("Ctrl-C ends it.")
    with served.workers.at_work():
        server.run()


def _address(bind: str) -> tuple[str, int]:
    host, _, port = bind.rpartition(":")
    if not host or not (port.isascii() and port.isdecimal()):
        raise UsageError(f"--bind {bind}: write it as HOST:PORT, such as 127.0.0.1:8000.")
    return host.strip("[]"), int(port)
