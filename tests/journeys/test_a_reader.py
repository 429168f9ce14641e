"""I am a reader: mail comes, I leave by its own link, and nothing more reaches me."""

from __future__ import annotations

import re
import shutil
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from .conftest import Command, serving


def leaving_link(newsroom: Path, reader: str, origin: str) -> str:
    """The https link of List-Unsubscribe in the reader's only email, on the server that runs here."""
    (path,) = (newsroom / "outbox" / "new").glob(f"*.{reader}@*")
    header = str(message_from_bytes(path.read_bytes(), policy=policy.default)["List-Unsubscribe"])
    found = re.search(r"<(https?://[^>]+)>", header)
    assert found
    return origin + urllib.parse.urlsplit(found[1]).path


def dump(newsroom: Path) -> list[str]:
    """Everything in the database, but for when the bell last looked."""
    with sqlite3.connect(newsroom / "newsletter.db") as connection:
        noted = ('INSERT INTO "meta"', 'INSERT INTO "schedules"')
        return [line for line in connection.iterdump() if not line.startswith(noted)]


def fetch(url: str, data: bytes | None = None, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310  # our own server
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # as above
        return answer.status, answer.read().decode()


@pytest.fixture
def mailed(newsroom: Path, mailed_newsroom: Path) -> Path:
    """Ada and Farid have the first article; a second one lies ready."""
    shutil.rmtree(newsroom)
    shutil.copytree(mailed_newsroom, newsroom)
    (newsroom / "articles" / "second.md").write_text("---\ntitle: The second\n---\nMore news.\n", "utf-8")
    return newsroom


def test_opening_the_link_changes_nothing_and_one_post_ends_it(mailed: Path, command: Command) -> None:
    """Ada's mail program posts for her (RFC 8058); Farid opens the page and presses its button."""
    with serving(mailed) as origin:
        link = leaving_link(mailed, "ada", origin)
        before = dump(mailed)
        status, page = fetch(link)
        untouched = dump(mailed) == before
        posted = fetch(link, b"List-Unsubscribe=One-Click")
        again = fetch(link, b"List-Unsubscribe=One-Click")
        _, button = fetch(leaving_link(mailed, "farid", origin))
        pressed = fetch(origin + re.search(r'<form[^>]*action="([^"]+)"', button)[1], b"")
    done = command("publish", "articles/second.md", "--yes")

    assert (status, untouched) == (200, True)
    assert "<form" in page
    assert (posted[0], again[0], pressed[0]) == (200, 200, 200)
    assert "nobody was due" in done.stderr
    assert len(list((mailed / "outbox" / "new").iterdir())) == 2
    assert "no: unsubscribed" in command("why", "ada@example.org").stdout


def test_leaving_wins_over_mail_that_is_already_queued(mailed: Path, command: Command) -> None:
    """The relay is away when the second article is released; Ada leaves before it comes back."""
    config = mailed / "config.toml"
    kept = config.read_text("utf-8")
    away = '\n[transports.away]\nkind = "smtp"\nhost = "127.0.0.1"\nport = 1\ntls = "none"\n'
    config.write_text(kept.replace('transport = "outbox"', 'transport = "away"') + away, "utf-8")
    command("publish", "articles/second.md", "--yes", code=75, NEWSLETTER_NEWSROOM__BASE_URL="https://news.harbour.alt")

    with serving(mailed) as origin:
        fetch(leaving_link(mailed, "ada", origin), b"List-Unsubscribe=One-Click")
    config.write_text(kept, "utf-8")
    done = command("publish", "articles/second.md", "--yes")

    names = [path.name for path in (mailed / "outbox" / "new").iterdir()]
    assert sum(".ada@" in name for name in names) == 1
    assert sum(".farid@" in name for name in names) == 2
    assert "1 cancelled" in done.stderr


def test_a_forged_link_leads_nowhere(mailed: Path) -> None:
    with serving(mailed) as origin:
        link = leaving_link(mailed, "ada", origin)
        forged = link[:-1] + ("A" if link[-1] != "A" else "B")
        before = dump(mailed)
        with pytest.raises(urllib.error.HTTPError) as refused:
            fetch(forged, b"List-Unsubscribe=One-Click")

    refused.value.close()
    assert refused.value.code == 404
    assert dump(mailed) == before
