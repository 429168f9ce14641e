"""`articles`, `feeds`, `check` and `preview`: what is published, brought in, taken back, looked over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def test_list_shows_an_edited_and_a_deleted_file(run, published: Path) -> None:
    file = published / "articles" / "spring.md"
    file.write_text(file.read_text("utf-8") + "\nMore.\n", "utf-8")
    (edited,) = run("articles", "list", "--json").data
    file.unlink()
    (gone,) = run("articles", "list", "--json").data

    assert set(edited) == {"uid", "title", "language", "state", "file", "source_path", "published_at"}
    assert (edited["file"], gone["file"]) == ("changed", "gone")


def test_list_in_a_pipe_is_not_folded(run, published: Path) -> None:
    _, line = run("articles", "list").out.splitlines()

    assert line.endswith("articles/spring.md  Spring tides")


def test_adopted_archive_is_published_at_its_own_dates_and_mailed_to_nobody(run, newsroom: Path, readers) -> None:
    (newsroom / "old.md").write_text(
        "---\ntitle: Old\ndate: 2019-05-06\nuid: 'https://old.example.org/?p=7'\n---\nText.\n", "utf-8"
    )

    result = run("articles", "adopt", "old.md", "--json")

    assert result.data == {"adopted": ["https://old.example.org/?p=7"], "already": 0, "faults": []}
    (article,) = run("articles", "list", "--json").data
    assert article["published_at"].startswith("2019-05-0")
    assert not (newsroom / "outbox").exists()


def test_adopting_again_adds_nothing(run, newsroom: Path) -> None:
    (newsroom / "old.md").write_text("---\ntitle: Old\ndate: 2019-05-06\n---\nText.\n", "utf-8")
    run("articles", "adopt", "old.md")

    assert run("articles", "adopt", "old.md").out == "0 articles adopted, 1 known already, 0 left out\n"


def test_bad_file_is_left_out_of_an_archive_and_the_others_come_in(run, newsroom: Path) -> None:
    (newsroom / "bad.md").write_text("---\ntitle: A\ndate: 2019-13-01\n---\nText.\n", "utf-8")

    result = run("articles", "adopt", "bad.md", "articles/spring.md")

    assert (result.code, result.out) == (4, "1 article adopted, 0 known already, 1 left out\n")
    assert result.err.startswith("bad.md:3: date:")


def test_withdrawn_article_leaves_feeds_and_pages(run, published: Path) -> None:
    result = run("articles", "withdraw", "articles/spring.md", "--yes")

    assert result.out == '"Spring tides" is withdrawn.\n'
    assert "Spring tides" not in (published / "feeds" / "rss.xml").read_text("utf-8")
    assert not (published / "site" / "en" / "spring-tides" / "index.html").exists()


def test_withdrawing_again_changes_nothing_and_asks_nothing(run, published: Path) -> None:
    run("articles", "withdraw", "articles/spring.md", "--yes")

    result = run("articles", "withdraw", "articles/spring.md")

    assert (result.code, result.out) == (0, '"Spring tides" was withdrawn before.\n')


def test_withdrawn_article_comes_back_under_its_id_and_mails_nobody(run, published: Path) -> None:
    (before,) = run("articles", "list", "--json").data
    run("articles", "withdraw", before["uid"], "--yes")

    result = run("publish", "articles/spring.md", "--yes")

    assert "back in page and feeds, under its old id. That mails nobody." in result.err
    assert run("articles", "list", "--json").data == [before]


def test_withdraw_asks_first_and_names_the_article(run, published: Path) -> None:
    assert (
        'This withdraws "Spring tides", and there is nobody to ask.'
        in run("articles", "withdraw", "articles/spring.md").err
    )


def test_withdraw_of_what_is_not_published(run, newsroom: Path) -> None:
    result = run("articles", "withdraw", "articles/spring.md", "--yes")

    assert (result.code, "See: newsletter articles list" in result.err) == (2, True)


def test_feeds_are_built_again_and_the_same_is_left_alone(run, published: Path) -> None:
    (published / "feeds" / "rss.xml").unlink()

    built = run("feeds", "build", "--json").data

    assert set(built) == {"changed", "removed", "unchanged"}
    assert built["changed"] == ["feeds/rss.xml"]
    assert run("feeds", "build", "--exit-code").code == 3


def test_check_of_a_sound_article_says_that_it_can_go_out(run, newsroom: Path) -> None:
    result = run("check", "articles/spring.md")

    assert (result.code, result.out, result.err) == (0, "", "Nothing found: it can go out.\n")


def test_check_gives_each_finding_with_code_place_and_advice(run, newsroom: Path) -> None:
    (newsroom / "articles" / "loud.md").write_text(
        "---\ntitle: STOP THE PRESS NOW\nlanguage: en\n---\nSee [here](http://example.org).\n", "utf-8"
    )

    result = run("check", "articles/loud.md", "--json")

    findings = result.data["findings"]
    assert {"title-capitals", "link-text-vague", "link-http"} <= {finding["code"] for finding in findings}
    assert set(findings[0]) == {"path", "code", "severity", "output", "place", "message", "advice"}
    assert result.data["faults"] == []


def test_check_of_an_error_is_exit_4_and_the_others_are_looked_at(run, newsroom: Path) -> None:
    (newsroom / "articles" / "bad.md").write_text("---\ntitle: A\nbogus: 1\n---\nText.\n", "utf-8")

    result = run("check", "articles/bad.md", "articles/spring.md", "--json")

    assert result.code == 4
    assert [set(fault) for fault in result.data["faults"]] == [{"path", "message", "line", "field"}]


def test_preview_writes_email_page_and_feed_entries_and_publishes_nothing(run, newsroom: Path) -> None:
    result = run("preview", "articles/spring.md")

    files = [Path(line) for line in result.out.splitlines()]
    assert {file.name for file in files} == {
        "email.html", "email.txt", "page.html", "site.css", "rss.xml", "atom.xml", "feed.json"
    }  # fmt: skip
    assert all(file.read_bytes() for file in files)
    assert run("status", "--json").data["articles"] == {}


def test_preview_into_a_folder_as_json(run, newsroom: Path, tmp_path: Path) -> None:
    result = run("preview", "articles/spring.md", "--into", str(tmp_path / "look"), "--json")

    assert set(result.data) == {"files", "findings"}
    assert json.loads((tmp_path / "look" / "feed.json").read_text("utf-8"))["items"]


@pytest.mark.parametrize("command", ["preview", "check"])
def test_looks_take_an_article_in_the_newsroom_named_by_dash_c(run, newsroom: Path, monkeypatch, command: str) -> None:
    monkeypatch.chdir("/")

    assert run(command, "articles/spring.md", "-C", str(newsroom)).code == 0
