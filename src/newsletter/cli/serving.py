"""`newsletter serve`: the desk handed to the web door."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from newsletter.cli.app import Session
from newsletter.cli.values import plain
from newsletter.errors import UsageError
from newsletter.model import Masthead, Subscriber
from newsletter.newsroom import Newsroom
from newsletter.subscribers import mask
from newsletter.web import ReaderOfToken, WebServer, create_app

LOCAL = ("127.0.0.1", "::1", "localhost")


class Served:
    """The newsroom as the web door knows it: folders, the theme, and two questions about a token."""

    def __init__(self, newsroom: Newsroom) -> None:
        """Serve `newsroom`; its database, keys and theme are opened now, so that faults show at the start."""
        self._newsroom = newsroom
        self.masthead: Masthead = newsroom.masthead
        self.templates: Mapping[str, str] = newsroom.templates
        self.site_folder: Path = newsroom.folder / "site"
        self.feeds_folder: Path = newsroom.folder / "feeds"
        self.outbox_folder: Path | None = newsroom.config.transport.path
        if not newsroom.keys.token_keys:
            raise AssertionError("a newsroom without keys cannot read links")

    def clock(self) -> datetime:
        """The present moment, aware UTC."""
        return self._newsroom.now

    def reader_of(self, token: str) -> ReaderOfToken | None:
        """Whose unsubscribe link carries `token`; None for one that was never signed. Writes nothing."""
        reader = self._newsroom.reader_of(token)
        return None if reader is None else _known(reader)

    def unsubscribe(self, token: str, *, source: str) -> ReaderOfToken | None:
        """End the subscription behind `token` at once, also for queued mail. Safe to repeat."""
        reader = self._newsroom.reader_of(token)
        left = None if reader is None else self._newsroom.unsubscribe(reader.id, source=source)
        return None if left is None else _known(left.subscriber)


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
    server = WebServer(create_app(served, dev_inbox=local, hosts=newsroom.config.web.hosts), host, port)
    newsroom.renew_outputs()
    name, number = server.address
    at = f"http://[{name}]:{number}" if ":" in name else f"http://{name}:{number}"
    here.screen.say(f"pages      {at}/")
    here.screen.say(f"feeds      {at}/feeds/rss.xml")
    if local:
        here.screen.say(f"dev inbox  {at}/dev/inbox/   (every message in the outbox, for your eyes only)")
    here.screen.say("Ctrl-C ends it.")
    server.run()


def _address(bind: str) -> tuple[str, int]:
    host, _, port = bind.rpartition(":")
    if not host or not (port.isascii() and port.isdecimal()):
        raise UsageError(f"--bind {bind}: write it as HOST:PORT, such as 127.0.0.1:8000.")
    return host.strip("[]"), int(port)


def _known(reader: Subscriber) -> ReaderOfToken:
    return ReaderOfToken(address=mask(reader.address), language=reader.language, state=reader.state)
