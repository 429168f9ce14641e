"""A look before publishing: what would go out, in a folder, readable without a server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from real_newsroom import MAREES, QUAY, TIDES, Desk, picture

from newsletter.editions import Wishes
from newsletter.errors import ArticleError, OutputError
from newsletter.store.tables import articles, metadata


@pytest.fixture
def look(desk: Desk, tmp_path: Path) -> Path:
    """The preview of an article with a lead image and one in its text."""
    picture(desk.folder / "articles/quay.png")
    picture(desk.folder / "articles/crane.png", "red")
    text = QUAY.replace("---\n", "---\nimage: quay.png\n", 1) + "\n![The crane](crane.png)\n"
    desk.newsroom.looks.preview(desk.write("articles/quay.md", text), wishes=Wishes(), into=tmp_path / "look")
    return tmp_path / "look"


def test_preview_shows_email_page_and_feed_entries(look: Path) -> None:
    names = {path.relative_to(look).as_posix() for path in look.rglob("*") if path.is_file()}

    assert {name for name in names if not name.startswith("media/")} == {
        *("email.html", "email.txt", "page.html", "site.css", "rss.xml", "atom.xml", "feed.json")
    }
    assert len(names) == 9


def test_pictures_and_styles_of_a_preview_lie_beside_it(look: Path) -> None:
    for name in ("email.html", "page.html"):
        html = (look / name).read_text("utf-8")
        shown = re.findall(r'<(?:img|link rel="stylesheet")[^>]* (?:src|href)="([^"]*)"', html)

        assert shown
        assert [each for each in shown if not (look / each.partition("?")[0]).is_file()] == []


def test_placeholders_show_sample_values(look: Path) -> None:
    text = (look / "email.txt").read_text("utf-8")

    assert text.startswith("Subject: The quay is mended\n\n")
    assert "https://news.example.org/u/sample" in text
    assert re.findall(r"\b[A-Z0-9]{16,}\b", text) == []


def test_preview_in_several_languages_names_them(desk: Desk, tmp_path: Path) -> None:
    desk.add()
    desk.add("farid@example.org", language="fr")

    desk.newsroom.looks.preview(desk.write("articles/tides.md"), wishes=Wishes(), into=tmp_path)

    assert {"email-en.html", "email-fr.html", "email-en.txt", "email-fr.txt"} <= {p.name for p in tmp_path.iterdir()}


def test_preview_writes_to_a_folder_of_the_newsroom_by_itself_and_changes_nothing_else(desk: Desk) -> None:
    before = {table.name: desk.rows(table) for table in metadata.sorted_tables}

    paths, findings = desk.newsroom.looks.preview(desk.write("articles/tides.md"), wishes=Wishes(), into=None)

    assert {path.parent for path in paths} == {desk.folder / "preview/the-tide-tables-are-out"}
    assert findings == ()
    assert {table.name: desk.rows(table) for table in metadata.sorted_tables} == before
    assert desk.outputs() == {}


def test_preview_that_cannot_be_written_gets_a_sentence(desk: Desk) -> None:
    in_the_way = desk.write("preview", "a file")

    with pytest.raises(OutputError, match="--into another folder"):
        desk.newsroom.looks.preview(desk.write("articles/tides.md"), wishes=Wishes(), into=None)

    assert in_the_way.read_text("utf-8") == "a file"


def test_check_gives_findings_and_publishes_nothing(desk: Desk) -> None:
    file = desk.write("articles/tides.md", TIDES + "\n[more](http://localhost/secret)\n\n![](none.png)\n")

    with pytest.raises(ArticleError, match=r"none\.png"):
        desk.newsroom.looks.check(file, wishes=Wishes())
    desk.write("articles/tides.md", TIDES + "\n### Too deep\n\n![Crane](http://example.org/crane.png)\n")
    codes = {finding.code for _, finding in desk.newsroom.looks.check(file, wishes=Wishes())}

    assert codes
    assert desk.count(articles) == 0


def test_published_article_can_be_previewed_again(desk: Desk, tmp_path: Path) -> None:
    file = desk.write("articles/marees.md", MAREES)
    desk.publish(file)

    desk.newsroom.looks.preview(file, wishes=Wishes(), into=tmp_path)

    assert "Les grandes marées" in (tmp_path / "email.html").read_text("utf-8")
