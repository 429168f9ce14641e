"""The theme as it lies in the repository, and pages as trees."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import lxml.html
import pytest
from lxml.html import HtmlElement

from newsletter.model import Article, Masthead
from newsletter.pages import Frame, make_frame

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(Path(__file__).parent / "harness"))


@pytest.fixture(scope="session")
def templates() -> Mapping[str, str]:
    folder = ROOT / "templates"
    return {file.relative_to(folder).as_posix(): file.read_text("utf-8") for file in (folder / "pages").iterdir()}


@pytest.fixture
def frame(masthead: Masthead) -> Frame:
    return make_frame(masthead, "en")


@pytest.fixture
def tree() -> Callable[[bytes], HtmlElement]:
    def parse(page: bytes) -> HtmlElement:
        return lxml.html.document_fromstring(page.decode())

    return parse


@pytest.fixture
def family(article: Article) -> list[Article]:
    """The tide tables in three languages, and two other English articles around them."""
    urls = {
        "en": "https://news.example.org/en/the-tide-tables/",
        "fr": "https://news.example.org/fr/les-marees/",
        "ar": "https://news.example.org/ar/%D8%AC%D8%AF%D8%A7%D9%88%D9%84/",
    }
    slugs = {"en": "the-tide-tables", "fr": "les-marees", "ar": "جداول"}

    def sister(language: str) -> Article:
        others = {other: url for other, url in urls.items() if other != language}
        uid = f"{article.uid}-{language}"
        return replace(
            article, uid=uid, language=language, slug=slugs[language], url=urls[language], translations=others
        )

    def single(slug: str, year: int) -> Article:
        at = article.published_at.replace(year=year)
        url = f"https://news.example.org/en/{slug}/"
        uid = f"{article.uid}-{slug}"
        return replace(
            article, uid=uid, group_uid=uid, slug=slug, url=url, title=slug, published_at=at, updated_at=at, topics=()
        )

    return [single("a-lamp", 2025), sister("ar"), sister("en"), sister("fr"), single("the-ferry", 2024)]


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
