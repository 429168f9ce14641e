"""What the mail tests share: the theme from disk, a composed edition, a reader, a second reading of bytes."""

from __future__ import annotations

import email
import email.policy
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import pytest

from newsletter.mail import CompiledVariant, EditionFacts, EditionText, compile_variant, compose_variant
from newsletter.model import Article, EditionKind, Masthead, Recipient, SubscriberId, Variant

ROOT = Path(__file__).parents[2]
EDITION_URL = "https://news.example.org/editions/e1/"

Compose = Callable[..., Variant]
Compile = Callable[..., CompiledVariant]


@pytest.fixture(scope="session")
def templates() -> Mapping[str, str]:
    folder = ROOT / "templates" / "email"
    return {f"email/{path.name}": path.read_text("utf-8") for path in sorted(folder.iterdir())}


@pytest.fixture
def facts() -> EditionFacts:
    return EditionFacts(uid="e1", kind=EditionKind.SINGLE, article_uids=("tag:x",), archived_at=EDITION_URL)


@pytest.fixture
def ada() -> Recipient:
    return Recipient(
        subscriber_id=SubscriberId(1),
        uid="s1",
        address="ada@example.org",
        name="Ada Quay",
        token="AbCdEfGhIjKlMnOpQrStUvWx-_",
        preferences="ZyXwVuTsRqPoNmLkJiHgFeDc-_",
    )


@pytest.fixture
def compose(templates: Mapping[str, str], masthead: Masthead, article: Article) -> Compose:
    """`compose(articles…, furniture=, subject=, templates=, masthead=, seed=, **article fields)`."""

    def composed(*articles: Article, **options: object) -> Variant:
        theme = cast(Mapping[str, str], options.pop("templates", templates))
        head = cast(Masthead, options.pop("masthead", masthead))
        edition = EditionText(
            articles=(),
            text_bodies=(),
            furniture=cast(str, options.pop("furniture", "en")),
            subject=cast(str | None, options.pop("subject", None)),
            edition_url=EDITION_URL,
            seed=cast(bytes, options.pop("seed", b"seed")),
        )
        chosen = articles or (replace(article, **options),)
        texts = tuple(f"Plain text of the article called {each.title}." for each in chosen)
        return compose_variant(theme, replace(edition, articles=chosen, text_bodies=texts), masthead=head)

    return composed


@pytest.fixture
def compiled(compose: Compose, facts: EditionFacts, masthead: Masthead) -> CompiledVariant:
    return compile_variant(compose(), facts, masthead=masthead)


@pytest.fixture(scope="session")
def read() -> Callable[[bytes], EmailMessage]:
    """The standard library's reading of finished bytes; here it is a referee, never the writer."""

    def parsed(message: bytes) -> EmailMessage:
        return cast(EmailMessage, email.message_from_bytes(message, policy=email.policy.default))

    return parsed


@pytest.fixture(scope="session")
def external_tool() -> Callable[[str], Path]:
    """The path of a program or file from outside, else the test is skipped in a sentence.

    With NEWSLETTER_REQUIRE_TOOLS=1 a missing one fails instead.
    """

    def found(name: str) -> Path:
        place = shutil.which(name) or ROOT / "tests" / "tools" / "node_modules" / name
        if Path(place).exists():
            return Path(place)
        sentence = f"could not run: {name} is not installed on this machine"
        if os.environ.get("NEWSLETTER_REQUIRE_TOOLS") == "1":
            pytest.fail(sentence)
        pytest.skip(sentence)

    return found
