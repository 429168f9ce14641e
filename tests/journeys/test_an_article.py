"""I am an article: from a file to feeds, a page, and the mailboxes of those who are due."""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import feedparser

from newsletter.articles import visible_text

from .conftest import Command

ARTICLE = """\
---
title: Lamps on the mole
author: Ada Quay
topics: [harbour]
---
The **nine lamps** burn again, says the [harbour office](/office).

## What it cost

- cable
- lamps

![A lamp](lamp.png)
"""


def relay(newsroom: Path, port: int) -> dict[str, str]:
    """Configure the newsroom to send for real; gives the environment that makes its address public."""
    config = newsroom / "config.toml"
    text = config.read_text("utf-8").replace('transport = "outbox"', 'transport = "relay"')
    text += f'\n[transports.relay]\nkind = "smtp"\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\n'
    config.write_text(text, "utf-8")
    return {"NEWSLETTER_NEWSROOM__BASE_URL": "https://news.harbour.alt"}


def test_one_file_becomes_feeds_page_and_mail(
    newsroom: Path, command: Command, smtp_server: tuple[int, list[bytes]]
) -> None:
    port, taken = smtp_server
    public = relay(newsroom, port)
    (newsroom / "articles" / "lamps.md").write_text(ARTICLE, "utf-8")
    (newsroom / "articles" / "lamp.png").write_bytes((newsroom / "articles" / "images" / "welcome.png").read_bytes())

    done = command("publish", "articles/lamps.md", "--yes", "--json", **public)

    (edition,) = json.loads(done.stdout)["editions"]
    assert (edition["considered"], edition["audience"], edition["excluded"]) == (3, 2, {"digest weekly": 1})
    assert edition["by_state"]["sent"] == 2
    messages = [message_from_bytes(octets, policy=policy.default) for octets in taken]
    assert sorted(str(message["To"]) for message in messages) == ["ada@example.org", "farid@example.org"]
    entry = feedparser.parse((newsroom / "feeds" / "rss.xml").read_bytes()).entries[0]
    assert {message["X-Article-UID"] for message in messages} == {entry.id}
    assert entry.link == "https://news.harbour.alt/en/lamps-on-the-mole/"
    page = (newsroom / "site" / "en" / "lamps-on-the-mole" / "index.html").read_text("utf-8")
    for words in ("nine lamps", "What it cost", "harbour office"):
        assert words in visible_text(page)
        assert words in visible_text(entry.content[0].value)
        assert all(
            words in part(message, "plain") and words in visible_text(part(message, "html")) for message in messages
        )
    picture = next((newsroom / "site" / "media").iterdir()).name
    assert f"https://news.harbour.alt/media/{picture}" in part(messages[0], "html")


def test_published_again_it_mails_nobody_and_changed_it_renews_page_and_feeds(newsroom: Path, command: Command) -> None:
    command("publish", "articles/welcome.md", "--yes")
    before = {path: path.read_bytes() for path in (newsroom / "feeds").rglob("*.*") if path.suffix != ".md"}

    again = command("publish", "articles/welcome.md", "--yes")
    unchanged = {path: path.read_bytes() for path in before}
    article = newsroom / "articles" / "welcome.md"
    article.write_text(article.read_text("utf-8") + "\nOne more sentence.\n", "utf-8")
    command("publish", "articles/welcome.md", "--yes")

    assert "Nobody is mailed again" in again.stderr
    assert unchanged == before
    assert len(list((newsroom / "outbox" / "new").iterdir())) == 2
    feed = feedparser.parse((newsroom / "feeds" / "atom.xml").read_bytes())
    assert len(feed.entries) == 1
    assert "One more sentence." in feed.entries[0].content[0].value
    assert feed.entries[0].id == feedparser.parse(before[newsroom / "feeds" / "atom.xml"]).entries[0].id


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


FRENCH = "---\ntitle: Des lampes sur le môle\ntranslation_of: lamps.md\n---\nLes neuf lampes brûlent de nouveau.\n"


def test_each_reader_gets_the_translation_in_their_language(newsroom: Path, command: Command) -> None:
    (newsroom / "articles" / "lamps.md").write_text(
        "---\ntitle: Lamps on the mole\nlanguage: en\n---\nThe lamps burn again.\n", "utf-8"
    )
    (newsroom / "articles" / "lamps.fr.md").write_text(FRENCH, "utf-8")

    command("publish", "articles/lamps.md", "articles/lamps.fr.md", "--yes")

    found = [
        message_from_bytes(path.read_bytes(), policy=policy.default) for path in (newsroom / "outbox/new").iterdir()
    ]
    assert {str(message["To"]): (message["Subject"], message["Content-Language"]) for message in found} == {
        "ada@example.org": ("Lamps on the mole", "en"),
        "farid@example.org": ("Des lampes sur le môle", "fr"),
    }
    for language, title in (("en", "Lamps on the mole"), ("fr", "Des lampes sur le môle")):
        (entry,) = feedparser.parse((newsroom / "feeds" / language / "rss.xml").read_bytes()).entries
        assert entry.title == title
