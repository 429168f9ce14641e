"""A newsroom in memory with real folders, and a browser on this machine."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from starlette.applications import Starlette

from newsletter.model import Masthead, SubscriberState
from newsletter.web import ReaderOfToken, create_app

with warnings.catch_warnings():
    # The test client prefers httpx2 where it is installed and says so; both behave alike here.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

ROOT = Path(__file__).parents[2]
TOKEN = "AbCdEfGhIjKlMnOpQrStUvWx-_"


@dataclass(slots=True)
class InMemoryNewsroom:
    """A newsroom whose readers are a dictionary; `left` lists (token, source) of each unsubscribe call."""

    masthead: Masthead
    templates: Mapping[str, str]
    site_folder: Path
    feeds_folder: Path
    outbox_folder: Path | None
    now: datetime
    readers: dict[str, ReaderOfToken] = field(default_factory=dict)
    left: list[tuple[str, str]] = field(default_factory=list)
    failure: Exception | None = None

    def clock(self) -> datetime:
        return self.now

    def reader_of(self, token: str) -> ReaderOfToken | None:
        if self.failure:
            raise self.failure
        return self.readers.get(token)

    def unsubscribe(self, token: str, *, source: str) -> ReaderOfToken | None:
        if self.failure:
            raise self.failure
        self.left.append((token, source))
        if token not in self.readers:
            return None
        reader = self.readers[token]
        self.readers[token] = ReaderOfToken(
            address=reader.address, language=reader.language, state=SubscriberState.UNSUBSCRIBED
        )
        return self.readers[token]


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
    return InMemoryNewsroom(
        masthead=masthead,
        templates=templates,
        site_folder=tmp_path / "site",
        feeds_folder=tmp_path / "feeds",
        outbox_folder=tmp_path / "outbox",
        now=now,
        readers={TOKEN: ada},
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
