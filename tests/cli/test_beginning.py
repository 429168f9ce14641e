"""The first minute: a newsroom is made, and the next command is always said."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_init_makes_a_newsroom_and_says_the_next_three_commands(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)

    result = run("init", "harbour", "--title", "The Harbour Post")

    assert result.code == 0
    assert result.out == ""
    assert [line.split()[0] for line in result.err.splitlines()[1:]] == ["cd", "newsletter", "newsletter"]
    assert {path.name for path in (tmp_path / "harbour").iterdir()} >= {
        "config.toml",
        "articles",
        "templates",
        "newsletter.db",
        "newsletter.key",
    }


def test_the_three_commands_of_init_work_as_printed(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    first, second, third = run("init", "harbour", "--json").data["next"]
    assert first.startswith("cd harbour && newsletter ")

    monkeypatch.chdir("harbour")

    assert run(*first.partition("newsletter ")[2].replace("'It is me'", "me").split()).code == 0
    assert run(*second.removeprefix("newsletter ").split(), "--yes").code == 0
    assert third.startswith("newsletter serve ")


def test_folder_with_a_space_is_quoted_in_what_one_types_next(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)

    result = run("init", "my news")

    assert "cd 'my news' && newsletter" in result.err


def test_init_in_the_folder_where_one_stands_says_no_cd(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert "cd " not in run("init", ".").err


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_sample_article_comes_in_the_newsrooms_language(run, tmp_path: Path, monkeypatch, language: str) -> None:
    monkeypatch.chdir(tmp_path)
    run("init", "here", "--language", language)
    monkeypatch.chdir("here")

    (article,) = run("publish", "articles/welcome.md", "--dry-run", "--json").data["articles"]

    assert article["language"] == language


def test_init_overwrites_no_newsroom(run, newsroom: Path) -> None:
    before = (newsroom / "config.toml").read_bytes()

    result = run("init", str(newsroom))

    assert result.code == 2
    assert "Nothing was written." in result.err
    assert (newsroom / "config.toml").read_bytes() == before


@pytest.mark.parametrize("wish", [("--title", ""), ("--title", "a\nb"), ("--language", "klingon")])
def test_init_with_a_wish_that_cannot_be_leaves_nothing_behind(run, tmp_path: Path, monkeypatch, wish) -> None:
    monkeypatch.chdir(tmp_path)

    result = run("init", "here", *wish)

    assert result.code == 78
    assert list(tmp_path.iterdir()) == []


def test_init_where_nothing_can_be_written_is_one_sentence(run) -> None:
    result = run("init", "/proc/newsroom")

    assert result.code == 74
    assert len(result.err.splitlines()) == 1


def test_database_is_readable_by_its_owner_alone(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("init", "here")

    assert (tmp_path / "here" / "newsletter.db").stat().st_mode & 0o077 == 0
    assert (tmp_path / "here" / "newsletter.key").stat().st_mode & 0o077 == 0


def test_newsletter_alone_says_how_to_begin(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)

    result = run()

    assert result.code == 0
    assert "newsletter init my-newsletter" in result.out


def test_newsletter_alone_below_a_newsroom_says_where_it_is(run, newsroom: Path, monkeypatch) -> None:
    monkeypatch.chdir(newsroom / "articles")

    assert f"cd {newsroom}" in run().out


def test_newsletter_alone_in_a_new_newsroom_asks_for_readers_and_an_article(run, newsroom: Path) -> None:
    out = run().out

    assert "newsletter subscribers add" in out
    assert "newsletter publish articles/spring.md --dry-run" in out


def test_newsletter_alone_names_an_article_that_was_edited(run, newsroom: Path, readers) -> None:
    run("publish", "articles/spring.md", "--yes")
    with (newsroom / "articles" / "spring.md").open("a", encoding="utf-8") as file:
        file.write("\nOne more line.\n")

    assert "newsletter publish articles/spring.md          # was edited" in run().out


def test_newsletter_alone_names_an_edition_that_waits(run, newsroom: Path, readers, no_relay) -> None:
    run("publish", "articles/spring.md", "--yes")
    (edition,) = run("editions", "list", "--json").data

    assert f"newsletter editions resume {edition['uid']}" in run().out
