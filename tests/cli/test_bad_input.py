"""Bad input gets one sentence with file, line, what is wrong and what to do, and nothing is half done."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from newsletter.store import Store

ARTICLES: dict[str, tuple[bytes, int, str]] = {
    "front matter that is no YAML": (b'---\ntitle: "a\n---\nx\n', 4, ":2: the front matter cannot be read"),
    "a field that is not one": (b"---\ntitle: A\nbogus: 1\n---\nx\n", 4, ":3: bogus: there is no such field."),
    "a month 13": (b"---\ntitle: A\ndate: 2026-13-01\n---\nx\n", 4, ':3: date: there is no month 13 in "2026-13-01".'),
    "no title": (b"Only a paragraph of words.\n\nAnd another one.\n", 4, 'title: there is none. Pass --title "'),
    "no text": (b"---\ntitle: A\n---\n", 4, "has no text. Write it below the title."),
    "nothing": (b"", 4, "the file is empty."),
    "a draft": (b"---\ntitle: A\ndraft: true\n---\nx\n", 4, ":3: draft: the article says draft: true."),
    "a date to come": (
        b"---\ntitle: A\ndate: 2199-01-01\n---\nx\n",
        4,
        ":3: date: 2199-01-01 00:00 UTC lies in the future",
    ),
    "a missing image": (b"---\ntitle: A\n---\nx\n\n![y](nope.png)\n", 4, ":6: there is no file nope.png beside"),
    "a missing lead image": (b"---\ntitle: A\nimage: nope.png\n---\nx\n", 4, ":3: image: there is no file nope.png"),
    "a binary file": (bytes(range(128, 256)) * 20, 4, ":1: the octet 0x80 is not UTF-8. Save it as UTF-8."),
    "10 MB": (b"a " * 5_000_000, 4, "the file has 10.0 MB, more than the 1 MB an article may have."),
    "5,000 nested tags": (b"---\ntitle: A\n---\n" + b"<div>" * 5_000 + b"x", 4, "nested deeper than 64"),
    "an escape in the title": (
        b'---\ntitle: "A\\x1b[31m"\n---\nx\n',
        4,
        ":2: title: the title holds the control character U+001B",
    ),
    "a header in the title": (
        b'---\ntitle: "A\\r\\nBcc: e@example.org"\n---\nx\n',
        4,
        ":2: title: the title holds the control character U+000D",
    ),
    "a slug that is none": (b"---\ntitle: A\nslug: ../up\n---\nx\n", 4, ":3: slug:"),
    "a language that is none": (b"---\ntitle: A\nlanguage: klingonish\n---\nx\n", 4, ":3: language:"),
}


def untouched(run) -> bool:
    """Whether nothing was published, queued or mailed."""
    status = run("status", "--json").data
    return not status["articles"] and not status["editions"] and not Path("outbox").exists()


@pytest.mark.parametrize("what", ARTICLES)
def test_article_with(run, newsroom: Path, readers, what: str) -> None:
    source, code, sentence = ARTICLES[what]
    (newsroom / "articles" / "bad.md").write_bytes(source)

    result = run("publish", "articles/bad.md", "--yes")

    assert result.code == code
    assert result.out == ""
    assert len(result.err.splitlines()) == 1
    assert result.err.startswith("articles/bad.md")
    assert sentence in result.err
    assert untouched(run)


def test_every_fault_of_an_article_is_told_at_once(run, newsroom: Path) -> None:
    (newsroom / "articles" / "bad.md").write_text("---\ntitle: A\nbogus: 1\ndate: 2026-13-01\n---\nx\n", "utf-8")

    lines = run("check", "articles/bad.md").out.splitlines()

    assert [line.split(":")[1] for line in lines] == ["3", "4"]


def test_article_that_is_not_there(run, newsroom: Path) -> None:
    result = run("publish", "articles/nope.md")

    assert (result.code, result.err) == (2, "articles/nope.md: there is no such file. Check the name.\n")


def test_article_that_is_a_folder(run, newsroom: Path) -> None:
    result = run("publish", "articles")

    assert (result.code, result.err) == (2, "articles is a folder. Name the article's file.\n")


@pytest.mark.parametrize("name", ["pipe.md", "zero.md"])
def test_article_that_never_ends(run, newsroom: Path, name: str) -> None:
    os.mkfifo(newsroom / "pipe.md")
    (newsroom / "zero.md").symlink_to("/dev/zero")

    result = run("publish", name)

    assert (result.code, result.err) == (2, f"{name} is a pipe or a device. Name the article's file.\n")


def test_address_that_another_article_has(run, newsroom: Path, readers) -> None:
    run("publish", "articles/spring.md", "--feed-only", "--yes")
    (newsroom / "articles" / "twin.md").write_text(
        "---\ntitle: Spring tides\nlanguage: en\n---\nOther words.\n", "utf-8"
    )

    result = run("publish", "articles/twin.md", "--yes")

    assert result.code == 4
    assert "is the page of another article, articles/spring.md" in result.err
    assert "slug: spring-tides-2" in result.err


def test_one_bad_article_of_several_keeps_all_of_them_home(run, newsroom: Path, readers) -> None:
    (newsroom / "articles" / "bad.md").write_text("---\ntitle: A\n---\n", "utf-8")

    assert run("publish", "articles/spring.md", "articles/bad.md", "--each", "--yes").code == 4
    assert untouched(run)


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        (("--title", "x\nBcc: e@example.org"), "--title: the title holds the control character U+000A"),
        (("--subject", "x\r\nBcc: e@example.org"), "--subject holds a line break."),
        (("--subject", " "), "--subject is empty."),
        (("--language", "klingonish"), "--language:"),
        (("--to", "nobody"), "cannot be mailed"),
    ],
)
def test_option_that_cannot_be(run, newsroom: Path, readers, option: tuple[str, str], sentence: str) -> None:
    result = run("publish", "articles/spring.md", "--yes", *option)

    assert result.code in (2, 4)
    assert sentence in result.err
    assert untouched(run)


def spoil(name: str, text: str) -> Callable[[Path], None]:
    return lambda newsroom: (newsroom / name).write_text(text, "utf-8")


@pytest.mark.parametrize(
    ("spoiled", "sentence"),
    [
        (
            lambda n: (n / "config.toml").unlink(),
            "so this is no newsroom. Go to its folder, or make one: newsletter init",
        ),
        (spoil("config.toml", "[newsroom\n"), "config.toml:1:"),
        (spoil("newsletter.key", "garbage"), "newsletter.key:1:"),
        (lambda n: (n / "newsletter.key").unlink(), "the key is missing, and without it no link in mail already sent"),
    ],
)
def test_newsroom_without_its_configuration_or_keys_does_nothing(
    run, newsroom: Path, readers, spoiled, sentence
) -> None:
    spoiled(newsroom)

    result = run("publish", "articles/spring.md", "--yes", "-q")

    assert result.code == 78
    assert sentence in result.err
    assert not (newsroom / "site" / "en" / "spring-tides").exists()
    assert not (newsroom / "outbox").exists()


def test_unknown_setting_and_wrong_value_are_told_together_with_their_lines(run, newsroom: Path) -> None:
    config = newsroom / "config.toml"
    lines = config.read_text("utf-8").replace('\ntitle = "The Harbour Post"', "\ntitle = 3\nslogan = 3")
    config.write_text(lines, "utf-8")
    number = lines.splitlines().index("title = 3") + 1

    result = run("status")

    assert result.code == 78
    assert f"config.toml:{number}: newsroom.title: is a whole number" in result.err
    assert f"config.toml:{number + 1}: newsroom.slogan: there is no such setting." in result.err


@pytest.mark.parametrize("folder", ["feeds", "site"])
def test_folder_that_cannot_be_written_stops_the_publish_before_anything_is_done(
    run, newsroom, readers, folder
) -> None:
    target = newsroom / folder
    target.rename(newsroom / "aside")
    # A file in the way refuses everybody, also root, whom permissions do not stop.
    target.touch()

    result = run("publish", "articles/spring.md", "--yes", "-q")

    assert result.code == 74
    assert result.err.startswith(f"{folder}/: ")
    assert untouched(run)


def test_outbox_that_cannot_be_written_leaves_the_mail_queued_and_says_so(run, newsroom: Path, readers) -> None:
    (newsroom / "outbox").touch()

    result = run("publish", "articles/spring.md", "--yes", "--json")

    assert result.code == 75
    assert "It stays queued." in result.err
    assert result.data["editions"][0]["by_state"]["queued"] == 2
    (newsroom / "outbox").unlink()
    assert run("publish", "articles/spring.md", "--json").data["editions"][0]["by_state"]["sent"] == 2


def test_locked_database_is_try_again_later(run, newsroom: Path, readers, monkeypatch) -> None:
    # Ten seconds otherwise.
    monkeypatch.setattr(Store.__init__, "__kwdefaults__", {"busy_timeout_s": 0.05})
    holder = sqlite3.connect(newsroom / "newsletter.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    result = run("publish", "articles/spring.md", "--yes", "-q")

    holder.close()
    assert result.code == 75
    assert "another process holds the database. Wait until it ends, then run the command again." in result.err
    assert untouched(run)


def test_damaged_database_is_told_with_the_way_back(run, newsroom: Path) -> None:
    (newsroom / "newsletter.db").write_text("no database at all " * 100)

    result = run("status")

    assert result.code == 74
    assert "newsletter db restore FILE" in result.err


def test_database_of_a_newer_program_is_not_touched(run, newsroom: Path) -> None:
    with sqlite3.connect(newsroom / "newsletter.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    result = run("status")

    assert result.code == 74
    assert "newer than this program knows" in result.err
