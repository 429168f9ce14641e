"""The feeds of digests, read back and judged by programs that are not ours."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import feedparser
import jsonschema
import lxml.html
import pytest

from newsletter.i18n import load_words
from newsletter.model import Article, Image, Masthead
from newsletter.site import DigestIssue, Press, digest_feed_files

REFEREES = Path(__file__).parents[1] / "feeds"
PICTURE = Image(
    url="https://news.example.org/media/a.png", alt="", width=120, height=80, media_type="image/png", size=1
)


@pytest.fixture
def press(masthead: Masthead) -> Press:
    return Press(masthead=masthead, tag="news.example.org,2026-11-24", templates={}, max_entries=50, max_bytes=512_000)


@pytest.fixture
def sisters(article: Article) -> tuple[Article, ...]:
    """Three articles in three languages."""
    french = replace(
        article, uid=f"{article.uid}f", language="fr", title="Les marées & <la lune>", summary="À l’heure."
    )
    arabic = replace(article, uid=f"{article.uid}a", language="ar", title="جداول المد", author="", summary="")
    return (replace(article, image=PICTURE), french, arabic)


@pytest.fixture
def issue(sisters: tuple[Article, ...], now: datetime) -> DigestIssue:
    return DigestIssue(
        uid="20261124-weekly",
        title="The Harbour Post, 24 November: tides & more",
        url="https://news.example.org/editions/20261124-weekly/",
        language="en",
        released_at=now,
        articles=sisters,
    )


@pytest.fixture
def many(issue: DigestIssue) -> list[DigestIssue]:
    return [
        replace(issue, uid=f"w{n:02}", title=f"Week {n}", released_at=issue.released_at - timedelta(weeks=n))
        for n in range(25)
    ]


def parsed(data: bytes) -> feedparser.FeedParserDict:
    return feedparser.parse(data, resolve_relative_uris=False, sanitize_html=False)


def body(files: dict[str, bytes]) -> lxml.html.HtmlElement:
    (item,) = json.loads(files["feeds/digest-weekly.json"])["items"]
    return lxml.html.fragment_fromstring(item["content_html"], create_parent="div")


def test_each_schedule_has_its_feed_in_three_formats(issue: DigestIssue, press: Press) -> None:
    files = digest_feed_files({"weekly": [issue], "harbour-news": []}, press)

    assert sorted(files) == [
        "feeds/digest-harbour-news.atom.xml",
        "feeds/digest-harbour-news.json",
        "feeds/digest-harbour-news.xml",
        "feeds/digest-weekly.atom.xml",
        "feeds/digest-weekly.json",
        "feeds/digest-weekly.xml",
    ]


def test_a_newsroom_without_schedules_has_no_such_feed(press: Press) -> None:
    assert digest_feed_files({}, press) == {}


@pytest.mark.parametrize("ending", ["xml", "atom.xml"])
def test_a_reader_finds_the_issue_under_its_permanent_id(issue: DigestIssue, press: Press, ending: str) -> None:
    read = parsed(digest_feed_files({"weekly": [issue]}, press)[f"feeds/digest-weekly.{ending}"])
    (entry,) = read.entries

    assert read.bozo == 0
    assert (entry.id, entry.title, entry.link) == (
        "tag:news.example.org,2026-11-24:editions/20261124-weekly",
        issue.title,
        issue.url,
    )
    assert entry.author == "The Harbour Post"
    assert entry.published_parsed[:6] == (2026, 11, 24, 9, 0, 0)
    assert [tag.label or tag.term for tag in entry.tags] == ["Diplomacy"]


def test_the_feed_says_which_digest_it_is_and_where_it_lies(issue: DigestIssue, press: Press) -> None:
    feed = json.loads(digest_feed_files({"weekly": [issue]}, press)["feeds/digest-weekly.json"])

    assert feed["title"] == "The Harbour Post – Weekly digest"
    assert feed["feed_url"] == "https://news.example.org/feeds/digest-weekly.json"
    assert feed["items"][0]["image"] == PICTURE.url


def test_the_names_of_digests_are_those_of_the_newsrooms_language(press: Press) -> None:
    french = replace(press, masthead=replace(press.masthead, language="fr"))
    files = digest_feed_files({"daily": [], "le-port": []}, french)

    titles = [json.loads(files[f"feeds/digest-{name}.json"])["title"] for name in ("daily", "le-port")]

    assert titles == ["The Harbour Post – Récapitulatif du jour", "The Harbour Post – Récapitulatif « le-port »"]


def test_each_article_stands_in_its_own_language_and_direction(issue: DigestIssue, press: Press) -> None:
    sections = body(digest_feed_files({"weekly": [issue]}, press)).xpath("div")

    assert [(each.get("lang"), each.get("dir")) for each in sections] == [("en", "ltr"), ("fr", "ltr"), ("ar", "rtl")]
    assert [each.xpath("string(h2/a)") for each in sections] == [article.title for article in issue.articles]
    assert [[p.text_content() for p in each.xpath("p")] for each in sections] == [
        ["November 24, 2026 · Ada Quay", issue.articles[0].summary, "Read on"],
        ["24 novembre 2026 · Ada Quay", "À l’heure.", "Lire la suite"],
        ["24 نوفمبر 2026", load_words("ar").say("Read on")],
    ]
    assert {href for each in sections for href in each.xpath(".//@href")} == {issue.articles[0].url}


def test_words_of_another_language_than_the_article_are_marked(issue: DigestIssue, press: Press) -> None:
    german = replace(issue.articles[0], language="de")
    (section,) = body(digest_feed_files({"weekly": [replace(issue, articles=(german,))]}, press)).xpath("div")

    assert section.get("lang") == "de"
    assert section.xpath("p[1]/text()") == ["24. November 2026 · Ada Quay"]
    assert [(link.text, link.get("lang")) for link in section.xpath("p/a")] == [("Read on", "en")]


def test_a_digest_in_arabic_is_marked_among_english_ones(issue: DigestIssue, press: Press) -> None:
    arabic = replace(issue, language="ar", title="ملخص", articles=issue.articles[2:])
    (item,) = json.loads(digest_feed_files({"weekly": [arabic]}, press)["feeds/digest-weekly.json"])["items"]

    assert item["language"] == "ar"
    assert item["content_html"].startswith('<div dir="rtl" lang="ar">')


def test_the_summary_is_the_titles_and_never_half_of_one(issue: DigestIssue, press: Press) -> None:
    long = tuple(replace(article, title=article.title * 5) for article in issue.articles)
    summaries = []
    for each in (issue, replace(issue, articles=long)):
        (item,) = json.loads(digest_feed_files({"weekly": [each]}, press)["feeds/digest-weekly.json"])["items"]
        summaries.append(item["summary"])

    assert summaries[0] == "The tide tables are out · Les marées & <la lune> · جداول المد"
    assert summaries[1] == f"{long[0].title} · {long[1].title} …"
    assert len(summaries[1]) <= 280


def test_markup_in_a_title_or_summary_is_text(issue: DigestIssue, press: Press) -> None:
    payload = '</h2><script>alert("1")</script> & \x00\r\n "x'
    hostile = replace(issue.articles[0], title=payload, summary=payload, author=payload, url='https://e.org/"><b>')
    root = body(digest_feed_files({"weekly": [replace(issue, title=payload, articles=(hostile,))]}, press))

    assert root.xpath("//script | //b") == []
    assert root.xpath("string(//h2)") == '</h2><script>alert("1")</script> & "x'
    assert root.xpath("//h2/a/@href") == ['https://e.org/"><b>']


def test_the_newest_twenty_issues_stand_first_to_last(many: list[DigestIssue], press: Press) -> None:
    items = json.loads(digest_feed_files({"weekly": many[::-1]}, press)["feeds/digest-weekly.json"])["items"]

    assert [item["title"] for item in items] == [f"Week {n}" for n in range(20)]


def test_an_issue_with_nothing_left_in_it_stays_out(issue: DigestIssue, press: Press) -> None:
    empty = replace(issue, uid="empty", articles=())

    assert digest_feed_files({"weekly": [issue, empty]}, press) == digest_feed_files({"weekly": [issue]}, press)


def test_the_same_issues_give_the_same_bytes_in_any_order(many: list[DigestIssue], press: Press) -> None:
    assert digest_feed_files({"weekly": many}, press) == digest_feed_files({"weekly": many[::-1]}, press)


@pytest.fixture
def judged(issue: DigestIssue, many: list[DigestIssue], press: Press) -> dict[str, bytes]:
    """An empty feed, one with a single issue, and a full one."""
    return digest_feed_files({"daily": [], "monthly": [issue], "weekly": many}, press)


def test_atom_is_valid_by_the_grammar_of_its_rfc(
    external_tool: Callable[[str], str], judged: dict[str, bytes], tmp_path: Path
) -> None:
    files = [tmp_path / f"{name}.atom" for name in ("daily", "monthly", "weekly")]
    for file in files:
        file.write_bytes(judged[f"feeds/digest-{file.stem}.atom.xml"])

    jing = [external_tool("jing"), "-c", REFEREES / "atom.rnc", *files]
    verdict = subprocess.run(jing, capture_output=True, text=True)

    assert (verdict.stdout, verdict.returncode) == ("", 0)


def test_json_is_valid_by_its_schema(judged: dict[str, bytes]) -> None:
    schema = json.loads((REFEREES / "jsonfeed.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker(["date-time"]))

    files = [json.loads(data) for path, data in judged.items() if path.endswith(".json")]

    assert [error.message for feed in files for error in validator.iter_errors(feed)] == []


@pytest.mark.parametrize("ending", ["xml", "atom.xml"])
def test_nothing_of_an_issue_is_lost_to_a_reader_that_sanitises(judged: dict[str, bytes], ending: str) -> None:
    data = judged[f"feeds/digest-monthly.{ending}"]

    assert feedparser.parse(data).entries[0].content == parsed(data).entries[0].content
