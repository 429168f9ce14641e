"""Reading an article as the newsroom of the tests does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from newsletter.articles import parse_article
from newsletter.errors import ArticleError
from newsletter.model import Manuscript

LANGUAGES = ("en", "fr", "ar")

Read = Callable[..., Manuscript]
Refuse = Callable[..., list[str]]


@pytest.fixture
def read() -> Read:
    """`read(text, path="quay.md", …)` gives the manuscript."""

    def parse(source: str | bytes, path: str = "quay.md", **options: str) -> Manuscript:
        octets = source.encode() if isinstance(source, str) else source
        return parse_article(octets, path=path, languages=LANGUAGES, default_language="en", **options)

    return parse


@pytest.fixture
def refuse(read: Read) -> Refuse:
    """`refuse(text, …)` gives the sentences of the fault, one a line."""

    def parse(source: str | bytes, path: str = "quay.md", **options: str) -> list[str]:
        with pytest.raises(ArticleError) as caught:
            read(source, path, **options)
        return [str(fault) for fault in caught.value.faults]

    return parse
