"""A newsroom's folder, its store, and short ways to write into it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "harness"))

from site_desk import TAG, Desk  # found only through the line above

from newsletter.model import Article, Masthead
from newsletter.site import Press, Written, write_outputs
from newsletter.store import Store
from newsletter.store.outputs import StoredOutput, output_paths, outputs_at
from newsletter.store.tables import metadata

ROOT = Path(__file__).parents[2]
Write = Callable[[Mapping[str, bytes]], Written]
Rows = Callable[[], Mapping[str, StoredOutput]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'newsletter.db'}")
    metadata.create_all(store.engine)
    yield store
    store.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "newsroom"
    folder.mkdir()
    return folder


@pytest.fixture
def write(root: Path, store: Store, now: datetime) -> Write:
    return lambda files: write_outputs(root, files, store=store, now=now)


@pytest.fixture
def rows(store: Store) -> Rows:
    def read() -> Mapping[str, StoredOutput]:
        with store.reading() as connection:
            return outputs_at(connection, output_paths(connection))

    return read


@pytest.fixture
def external_tool() -> Callable[[str], str]:
    """Find a program that is not ours; without it the test says that it could not run."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None and os.environ.get("NEWSLETTER_REQUIRE_TOOLS") == "1":
            pytest.fail(f"{name} is not installed, and NEWSLETTER_REQUIRE_TOOLS=1 asks for it.")
        if path is None:
            pytest.skip(f"could not run: {name} is not installed.")
        return path

    return find


@pytest.fixture
def press(masthead: Masthead) -> Press:
    folder = ROOT / "templates"
    templates = {f"pages/{file.name}": file.read_text("utf-8") for file in (folder / "pages").iterdir()}
    return Press(masthead=masthead, tag=TAG, templates=templates, max_entries=3, max_bytes=512_000)


@pytest.fixture
def desk(store: Store, press: Press, article: Article, now: datetime) -> Desk:
    return Desk(store, press, article, now)
