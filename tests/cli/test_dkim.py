"""`newsletter dkim`: keys that nobody else can read, records to paste, and mail that is signed with them."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from newsletter.mail import read_dkim_key


def sign_with(newsroom: Path, *selectors: str) -> None:
    """Name the keys in config.toml."""
    with (newsroom / "config.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[dkim]\nselectors = {json.dumps(selectors)}\n")


def sent(newsroom: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((newsroom / "outbox" / "new").iterdir())]


def test_a_key_is_made_for_its_owner_alone_and_its_record_printed(run, newsroom: Path) -> None:
    result = run("dkim", "keygen", "news")

    path = newsroom / "dkim" / "news.pem"
    key = read_dkim_key(path.read_bytes(), selector="news")
    assert result.code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "".join(result.out.split('"')[1::2]) == key.record
    assert 'selectors = ["news"]' in result.err


def test_a_key_is_never_replaced(run, newsroom: Path) -> None:
    run("dkim", "keygen", "news")
    before = (newsroom / "dkim" / "news.pem").read_bytes()

    again = run("dkim", "keygen", "news")

    assert again.code == 78
    assert "there is such a key already" in again.err
    assert (newsroom / "dkim" / "news.pem").read_bytes() == before


@pytest.mark.parametrize("name", ["../news", "News", "a b", "x" * 64, "a/b", "-news"])
def test_a_name_that_is_no_selector_is_refused(run, newsroom: Path, name: str) -> None:
    result = run("dkim", "keygen", "--", name)

    assert result.code == 2
    assert "is no selector" in result.err
    assert not (newsroom / "dkim").exists()


def test_the_keys_in_use_are_shown_without_their_secrets(run, newsroom: Path) -> None:
    run("dkim", "keygen", "news")
    run("dkim", "keygen", "news-e", "--ed25519")
    sign_with(newsroom, "news", "news-e")

    shown = run("dkim", "show", "--json")

    assert [(key["selector"], key["kind"], key["bits"]) for key in shown.data] == [
        ("news", "rsa", 2048),
        ("news-e", "ed25519", 256),
    ]
    assert "PRIVATE" not in shown.out


def test_mail_and_test_copies_carry_a_signature_of_each_key(run, newsroom: Path, readers) -> None:
    run("dkim", "keygen", "news")
    run("dkim", "keygen", "news-e", "--ed25519")
    sign_with(newsroom, "news", "news-e")

    run("publish", "articles/spring.md", "--to", "owner@example.org")
    run("publish", "articles/spring.md", "--yes")

    assert len(sent(newsroom)) > 1
    assert {message.count(b"DKIM-Signature: v=1; a=") for message in sent(newsroom)} == {2}


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.unlink(), "the DKIM key is missing. Make it: newsletter dkim keygen news"),
        (lambda path: path.chmod(0o644), "can be read by everybody (mode 0644). Run: chmod 600"),
        (lambda path: path.write_bytes(b"junk"), "is no private key in PEM form"),
        (lambda path: (path.unlink(), path.mkdir()), "is not a file"),
    ],
    ids=["missing", "open to all", "junk", "a folder"],
)
def test_a_key_that_cannot_sign_stops_the_mail_with_a_sentence(run, newsroom: Path, readers, spoil, sentence) -> None:
    run("dkim", "keygen", "news")
    sign_with(newsroom, "news")
    spoil(newsroom / "dkim" / "news.pem")

    result = run("publish", "articles/spring.md", "--yes")

    assert result.code == 78
    assert sentence in result.err
    assert not (newsroom / "outbox" / "new").exists() or sent(newsroom) == []
