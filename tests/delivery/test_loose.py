"""Test copies outside the ledger: their links are nobody's."""

from __future__ import annotations

from datetime import datetime
from email import message_from_bytes
from pathlib import Path

from newsletter.delivery.loose import TOKEN_OF_NOBODY, loose_message
from newsletter.mail import EditionText, compose_variant
from newsletter.model import Article, Masthead

THEME = Path(__file__).parents[2] / "templates" / "email"


def test_test_copy_has_links_that_change_nothing(article: Article, masthead: Masthead, now: datetime) -> None:
    templates = {f"email/{file.name}": file.read_text("utf-8") for file in THEME.iterdir()}
    edition = EditionText(
        articles=(article,),
        text_bodies=("Spring tides.",),
        furniture="en",
        subject=None,
        edition_url="https://news.example.org/editions/e1/",
        seed=b"seed",
    )
    variant = compose_variant(templates, edition, masthead=masthead)

    envelope, message = loose_message(variant, (article,), masthead=masthead, address="owner@example.org", now=now)

    text = message_from_bytes(message).get_payload(0).get_payload(decode=True).decode()
    assert envelope.recipient == "owner@example.org"
    assert f"{masthead.base_url}/u/{TOKEN_OF_NOBODY}" in text
    assert f"{masthead.base_url}/p/{TOKEN_OF_NOBODY}" in text
