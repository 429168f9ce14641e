"""A newsroom in memory with real folders, and a browser on this machine."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from starlette.applications import Starlette

from newsletter.answers import PrivateAddresses, PrivateFeed, Waiting
from newsletter.feeds import take_apart
from newsletter.model import Article, EditionState, Masthead, SubscriberState
from newsletter.site import Found
from newsletter.store.feed_readers import FeedReaders
from newsletter.subscribers import (
    Answer,
    Choices,
    ConfirmationKind,
    ConfirmationState,
    ConfirmationView,
    PreferencesView,
    ReaderOfToken,
    SignUpForm,
)
from newsletter.web import create_app
from newsletter.websub import HubAnswer

with warnings.catch_warnings():
    # The test client prefers httpx2 where it is installed and says so; both behave alike here.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

ROOT = Path(__file__).parents[2]
TOKEN = "AbCdEfGhIjKlMnOpQrStUvWx-_"


FEED_TOKEN = "Fe3d-_" + "x" * 37


@dataclass(slots=True)
class InMemoryFeeds:
    """Private feeds of dictionaries: `contents` by token and name, None for a feed that has ended."""

    choosers: dict[str, PreferencesView]
    contents: dict[tuple[str, str], bytes | None] = field(default_factory=dict)
    done: list[tuple[str, str]] = field(default_factory=list)
    failure: Exception | None = None

    def swap_to_feed(self, token: str) -> tuple[PreferencesView, PrivateAddresses] | None:
        self.done.append(("feed", token))
        if token in self.choosers:
            self.choosers[token] = replace(self.choosers[token], rhythm="feed", has_private_feed=True)
        return self._made(token)

    def new_address(self, token: str) -> tuple[PreferencesView, PrivateAddresses] | None:
        self.done.append(("address", token))
        return self._made(token)

    def swap_to_mail(self, token: str) -> PreferencesView | None:
        self.done.append(("mail", token))
        if token in self.choosers:
            self.choosers[token] = replace(self.choosers[token], rhythm="each", has_private_feed=False)
        return self.choosers.get(token)

    def feed_of(self, feed_token: str, name: str) -> PrivateFeed | None:
        if self.failure:
            raise self.failure
        key = (feed_token, name)
        return PrivateFeed(content=self.contents[key]) if key in self.contents else None

    def _made(self, token: str) -> tuple[PreferencesView, PrivateAddresses] | None:
        view = self.choosers.get(token)
        if view is None or not view.has_private_feed:
            return None
        at = f"https://news.example.org/feeds/private/{FEED_TOKEN}"
        return view, PrivateAddresses(rss=f"{at}/rss.xml", atom=f"{at}/atom.xml", json=f"{at}/feed.json")


@dataclass(slots=True)
class InMemoryReaders:
    """A readers' desk of dictionaries; `done` lists what was asked for, in order, as (verb, …)."""

    known: dict[str, ReaderOfToken] = field(default_factory=dict)
    confirmations: dict[str, ConfirmationView] = field(default_factory=dict)
    choosers: dict[str, PreferencesView] = field(default_factory=dict)
    done: list[tuple[object, ...]] = field(default_factory=list)
    answer: Answer = Answer.TAKEN
    failure: Exception | None = None
    before_answering: Callable[[], object] = lambda: None
    feeds: InMemoryFeeds = field(init=False)

    def __post_init__(self) -> None:
        self.feeds = InMemoryFeeds(choosers=self.choosers)

    @property
    def left(self) -> list[tuple[object, object]]:
        """(token, source) of each unsubscribe call."""
        return [(act[1], act[2]) for act in self.done if act[0] == "unsubscribe"]

    def _ready(self) -> None:
        self.before_answering()
        if self.failure:
            raise self.failure

    def reader_of(self, token: str) -> ReaderOfToken | None:
        self._ready()
        return self.known.get(token)

    def unsubscribe(self, token: str, *, source: str) -> ReaderOfToken | None:
        self._ready()
        self.done.append(("unsubscribe", token, source))
        if token in self.known:
            self.known[token] = replace(self.known[token], state=SubscriberState.UNSUBSCRIBED)
        return self.known.get(token)

    def ask_return(self, token: str) -> ReaderOfToken | None:
        self._ready()
        self.done.append(("return", token))
        return self.known.get(token)

    def sign_up(self, form: SignUpForm) -> Answer:
        self._ready()
        self.done.append(("sign up", form))
        return self.answer

    def confirmation_of(self, token: str) -> ConfirmationView | None:
        self._ready()
        return self.confirmations.get(token)

    def confirm(self, token: str, *, ip: str | None = None) -> ConfirmationView | None:
        self._ready()
        self.done.append(("confirm", token))
        found = self.confirmations.get(token)
        if found is not None and found.state is ConfirmationState.OPEN:
            self.confirmations[token] = replace(found, state=ConfirmationState.DONE, preferences=TOKEN)
        return self.confirmations.get(token)

    def preferences_of(self, token: str) -> PreferencesView | None:
        self._ready()
        return self.choosers.get(token)

    def save_preferences(self, token: str, choices: Choices) -> tuple[Answer, PreferencesView] | None:
        self.done.append(("save", token, choices))
        if token not in self.choosers:
            return None
        if self.answer is Answer.TAKEN:
            view = self.choosers[token]
            chosen = {"language": choices.language or view.language, "rhythm": choices.rhythm or view.rhythm}
            self.choosers[token] = replace(view, **chosen, topics=choices.topics or ())
        return self.answer, self.choosers[token]

    def pause(self, token: str, *, weeks: int, catch_up: bool = False) -> PreferencesView | None:
        self.done.append(("pause", token, weeks, catch_up))
        return self.choosers.get(token)

    def ask_address_change(self, token: str, address: str) -> Answer | None:
        self.done.append(("address", token, address))
        return self.answer if token in self.choosers else None

    def data_of(self, token: str) -> bytes | None:
        return b'{"subscriber": {}}' if token in self.choosers else None

    def erase(self, token: str) -> bool:
        self.done.append(("erase", token))
        return token in self.choosers


@dataclass(slots=True)
class InMemoryHub:
    """A hub that takes all it is asked."""

    asked: list[Mapping[str, str]] = field(default_factory=list)

    def ask(self, fields: Mapping[str, str]) -> HubAnswer:
        self.asked.append(fields)
        return HubAnswer(taken=True, sentence="Taken.")


@dataclass(slots=True)
class InMemoryHooks:
    """Hooks that answer what they are told to."""

    providers: tuple[str, ...] = ("ses",)
    status: int = 200
    failure: Exception | None = None
    taken: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def take(self, provider: str, headers: Mapping[str, str], body: bytes) -> Said:
        if self.failure:
            raise self.failure
        self.taken.append((provider, dict(headers), body))
        return Said(status=self.status, sentence="Received.")


@dataclass(frozen=True, slots=True)
class Said:
    """What a provider is told."""

    status: int
    sentence: str


@dataclass(slots=True)
class InMemoryOwner:
    """What waits behind the owner's links; `done` lists what was stopped."""

    waiting: dict[str, Waiting] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    failure: Exception | None = None

    def waiting_of(self, token: str) -> Waiting | None:
        if self.failure:
            raise self.failure
        return self.waiting.get(token)

    def stop(self, token: str) -> Waiting | None:
        waiting = self.waiting_of(token)
        self.done.append(token)
        if waiting is not None and waiting.state is not EditionState.SENT:
            self.waiting[token] = replace(waiting, state=EditionState.CANCELLED)
        return self.waiting.get(token)


@dataclass(slots=True)
class InMemoryNewsroom:
    """A newsroom with real folders whose readers are dictionaries."""

    masthead: Masthead
    templates: Mapping[str, str]
    site_folder: Path
    feeds_folder: Path
    outbox_folder: Path | None
    now: datetime
    readers: InMemoryReaders = field(default_factory=InMemoryReaders)
    owner: InMemoryOwner = field(default_factory=InMemoryOwner)
    bell_fault: str = ""
    feed_pages: bool = True
    due: datetime | None = None
    faults: dict[str, str] = field(default_factory=dict)
    archive: tuple[Article, ...] = ()
    failure: Exception | None = None
    feed_readers: list[FeedReaders] = field(default_factory=list)  # as they were handed over
    hub: InMemoryHub | None = None
    hubs: tuple[str, ...] = ()
    hooks: InMemoryHooks | None = None
    versions: dict[str, bytes] = field(default_factory=dict)  # former feed files by digest

    def clock(self) -> datetime:
        return self.now

    def newer_entries(self, path: str, content: bytes, known: Sequence[str]) -> bytes | None:
        if self.failure:
            raise self.failure
        former = [take_apart(self.versions[digest]) for digest in known if digest in self.versions]
        return take_apart(content).without({mark for each in former for mark in each.marks}) if former else None

    def note_feed_readers(self, rows: Sequence[FeedReaders]) -> None:
        if self.failure:
            raise self.failure
        self.feed_readers += rows

    def next_run(self) -> datetime | None:
        if self.failure:
            raise self.failure
        return self.due

    def search(self, words: str, *, language: str | None, page: int, length: int) -> Found:
        if self.failure:
            raise self.failure
        hits = [one for one in self.archive if words.casefold() in one.title.casefold()]
        hits = [one for one in hits if language in (None, one.language)]
        return Found(number=len(hits), articles=tuple(hits[(page - 1) * length : page * length]))

    def readiness(self) -> dict[str, str]:
        return {"database": "", "sender": "", "bell": self.bell_fault, **self.faults}

    def heartbeat(self) -> str:
        return self.bell_fault

    def counts(self) -> dict[str, dict[str, int]]:
        return {
            "subscribers": {"active": 3, "pending": 1},
            "notices": {"sent": 2},
            "editions": {"scheduled": 1, "sent": 4},
            "runs": {"released": 4, "skipped": 1},
        }


@pytest.fixture(scope="session")
def templates() -> Mapping[str, str]:
    folder = ROOT / "templates"
    return {file.relative_to(folder).as_posix(): file.read_text("utf-8") for file in (folder / "pages").iterdir()}


@pytest.fixture
def newsroom(masthead: Masthead, templates: Mapping[str, str], tmp_path: Path, now: datetime) -> InMemoryNewsroom:
    files = {
        "site/index.html": "<h1>front</h1>",
        "site/site.css": "body {}",
        "site/en/the-tide-tables/index.html": "<h1>tides</h1>",
        "site/ar/جداول/index.html": "<h1>جداول</h1>",
        "site/en/version-2.0/index.html": "<h1>2.0</h1>",
        "site/media/abc.png": "PNG",
        "site/editions/e1/index.html": "<h1>edition</h1>",
        "site/notes.md": "private",
        "site/.htaccess": "private",
        "feeds/rss.xml": "<rss/>",
        "feeds/atom.xml": "<feed/>",
        "feeds/feed.json": "{}",
        "feeds/topics/diplomacy/rss.xml": "<rss>d</rss>",
        "feeds/README.md": "private",
        "newsletter.key": "secret",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
        os.utime(tmp_path / name, (now.timestamp() - 3600, now.timestamp() - 3600))
    ada = ReaderOfToken(address="a…@example.org", language="en", state=SubscriberState.ACTIVE)
    asked = ConfirmationView(
        kind=ConfirmationKind.SUBSCRIBE,
        state=ConfirmationState.OPEN,
        address="b…@example.org",
        language="en",
        rhythm="each",
    )
    chosen = PreferencesView(
        address="a…@example.org",
        state=SubscriberState.ACTIVE,
        name="Ada",
        language="en",
        rhythm="each",
        topics=(),
        hour=None,
        time_zone="Europe/Paris",
        paused_until=None,
        catch_up=False,
        unsubscribe=TOKEN,
    )
    waiting = Waiting(
        uid="e-77", subject="The Harbour Post, November 24", state=EditionState.SCHEDULED, at=now + timedelta(hours=2)
    )
    return InMemoryNewsroom(
        masthead=masthead,
        templates=templates,
        site_folder=tmp_path / "site",
        feeds_folder=tmp_path / "feeds",
        outbox_folder=tmp_path / "outbox",
        now=now,
        readers=InMemoryReaders(known={TOKEN: ada}, confirmations={TOKEN: asked}, choosers={TOKEN: chosen}),
        owner=InMemoryOwner(waiting={TOKEN: waiting}),
    )


@pytest.fixture
def app(newsroom: InMemoryNewsroom) -> Starlette:
    return create_app(newsroom, dev_inbox=True)


@pytest.fixture
def browser(app: Starlette) -> Iterator[TestClient]:
    # Entered, so that all its requests share one event loop.
    with TestClient(app, base_url="http://localhost", client=("127.0.0.1", 50_000), follow_redirects=False) as browser:
        yield browser


@pytest.fixture
def external_tool() -> Callable[[str], str]:
    """The path of a program or file; skips, or fails where all tools are required, when it is missing."""

    def find(name: str) -> str:
        found = shutil.which(name) or (str(ROOT / name) if (ROOT / name).exists() else None)
        if found is None:
            sentence = f"{name} is not installed, so this could not be checked."
            if os.environ.get("NEWSLETTER_REQUIRE_TOOLS") == "1":
                pytest.fail(sentence)
            pytest.skip(sentence)
        return found

    return find
