"""Whole articles in, whole files out, compared octet by octet. `pytest tests/golden --rewrite-golden`
writes them again; the difference is then reviewed like code."""

from __future__ import annotations

import itertools
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter import subscribers
from newsletter.answers import World
from newsletter.editions import PublishWishes, Wishes
from newsletter.newsroom import Newsroom

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CASES = sorted(path.parent.name for path in HERE.glob("*/article.*"))


def publish(case: str, folder: Path) -> dict[str, bytes]:
    """Publish the case's article to one reader of its language in a world that never changes."""
    article = next((HERE / case).glob("article.*"))
    shutil.copy(HERE / "config.toml", folder)
    shutil.copytree(ROOT / "templates", folder / "templates")
    (folder / "articles").mkdir()
    shutil.copy(article, folder / "articles")
    numbers = itertools.count(1)
    world = World(
        clock=lambda: datetime(2026, 11, 24, 9, 0, tzinfo=UTC),
        new_id=lambda: f"00000000-0000-4000-8000-{next(numbers):012}",
        random=lambda octets: bytes(n % 251 for n in range(octets)),
        environ={},
    )
    newsroom = Newsroom(folder, world)
    language = {"english": "en", "french": "fr", "arabic": "ar"}[case.partition("-")[0]]
    subscribers.add(
        newsroom.store,
        subscribers.Newcomer(address="ada@example.org", choices=subscribers.Choices(language=language)),
        consent=subscribers.Consent(wording="golden", source="tests"),
        intake=newsroom.intake,
    )
    plan = newsroom.plan([folder / "articles" / article.name], wishes=Wishes(), publish=PublishWishes())
    assert plan.errors == ()
    for edition in newsroom.publish(plan).editions:
        assert newsroom.send(edition).balance.count(2) == 1
    newsroom.store.close()
    page = folder / "site" / plan.drafts[0].article.language / plan.drafts[0].article.slug / "index.html"
    email = next((folder / "outbox" / "new").iterdir())
    feeds = folder / "feeds"
    return {
        "email.eml": email.read_bytes(),
        "feed.rss": (feeds / "rss.xml").read_bytes(),
        "feed.atom": (feeds / "atom.xml").read_bytes(),
        "feed.json": (feeds / "feed.json").read_bytes(),
        "page.html": page.read_bytes(),
    }


@pytest.mark.parametrize("case", CASES)
def test_an_article_gives_the_very_octets_it_gave_before(
    case: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    made = publish(case, tmp_path)
    if request.config.getoption("--rewrite-golden"):
        for name, content in made.items():
            (HERE / case / name).write_bytes(content)

    for name, content in made.items():
        assert content == (HERE / case / name).read_bytes(), f"{case}/{name} changed; review with --rewrite-golden"


def test_there_is_a_case_for_each_format_and_language() -> None:
    endings = {next((HERE / case).glob("article.*")).suffix for case in CASES}

    assert endings == {".md", ".txt", ".html"}
    assert {case.partition("-")[0] for case in CASES} == {"english", "french", "arabic"}
