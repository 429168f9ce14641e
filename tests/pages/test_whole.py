"""All pages of a site together."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml.html import HtmlElement
from whole_site import site_pages

from newsletter.model import Article, Masthead

Tree = Callable[[bytes], HtmlElement]


def test_every_page_has_its_file(templates: Mapping[str, str], masthead: Masthead, family: list[Article]) -> None:
    assert sorted(site_pages(templates, family, masthead=masthead)) == sorted([
        "404.html", "index.html", "site.css", "feeds.opml", "robots.txt", "sitemap.xml",
        "en/index.html", "fr/index.html", "ar/index.html",
        "en/the-tide-tables/index.html", "fr/les-marees/index.html", "ar/جداول/index.html",
        "en/a-lamp/index.html", "en/the-ferry/index.html",
        "en/topics/diplomacy/index.html", "fr/topics/diplomacy/index.html", "ar/topics/diplomacy/index.html",
        "en/archive/2026/index.html", "en/archive/2025/index.html", "en/archive/2024/index.html",
        "fr/archive/2026/index.html", "ar/archive/2026/index.html",
    ])  # fmt: skip


def test_every_link_inside_the_site_leads_to_a_page_or_a_feed(
    templates: Mapping[str, str], masthead: Masthead, family: list[Article], tree: Tree
) -> None:
    pages = site_pages(templates, family, masthead=masthead)

    links = {
        unquote(urlsplit(href).path)
        for name, page in pages.items()
        if name.endswith(".html")
        for href in tree(page).xpath("//a/@href | //link/@href | //img/@src")
        if not urlsplit(href).netloc or href.startswith(masthead.base_url)
    }
    written = {link for link in links if not link.startswith("/feeds/") and not link.startswith("/tides")}
    targets = {f"/{name}".removesuffix("index.html") for name in pages}
    # The two that only a server has; a site of files alone leads nowhere there.
    assert written - {"", "/subscribe", "/search"} <= targets


def test_newest_comes_first_and_ties_go_by_uid(
    templates: Mapping[str, str], masthead: Masthead, article: Article, tree: Tree
) -> None:
    def at(slug: str, day: int) -> Article:
        moment = article.published_at.replace(day=day)
        return replace(
            article, uid=f"tag:{slug}", slug=slug, url=f"https://news.example.org/en/{slug}/", published_at=moment
        )

    articles = [at("b", 2), at("c", 3), at("a", 2)]

    front = site_pages(templates, articles, masthead=masthead)["index.html"]

    assert tree(front).xpath("//h2/a/@href") == ["/en/c/", "/en/a/", "/en/b/"]


def test_front_page_is_in_a_language_that_has_articles(
    templates: Mapping[str, str], masthead: Masthead, family: list[Article], tree: Tree
) -> None:
    french = [each for each in family if each.language == "fr"]

    root = tree(site_pages(templates, french, masthead=masthead)["index.html"])

    assert root.get("lang") == "fr"
    assert root.xpath("//h2/a/@href") == ["/fr/les-marees/"]


def test_empty_newsroom_has_a_front_page(templates: Mapping[str, str], masthead: Masthead) -> None:
    pages = site_pages(templates, [], masthead=masthead)

    assert sorted(pages) == [
        "404.html",
        "en/index.html",
        "feeds.opml",
        "index.html",
        "robots.txt",
        "site.css",
        "sitemap.xml",
    ]


def test_language_the_newsroom_did_not_declare_gets_its_pages(
    templates: Mapping[str, str], masthead: Masthead, article: Article
) -> None:
    pages = site_pages(templates, [replace(article, language="de")], masthead=masthead)

    assert {"de/index.html", "de/the-tide-tables/index.html"} <= set(pages)


def test_changed_article_renews_itself_its_neighbours_and_sisters(
    templates: Mapping[str, str], masthead: Masthead, family: list[Article]
) -> None:
    ferry, tides = family[4], family[2]

    def article_files(changed: Article) -> list[str]:
        pages = site_pages(templates, family, masthead=masthead, changed=[changed.uid])
        slugs = {f"{each.language}/{each.slug}/index.html" for each in family}
        return sorted(slugs & set(pages))

    assert article_files(ferry) == ["en/a-lamp/index.html", "en/the-ferry/index.html"]
    assert article_files(tides) == [
        "ar/جداول/index.html",
        "en/a-lamp/index.html",
        "en/the-tide-tables/index.html",
        "fr/les-marees/index.html",
    ]


def test_changed_alone_makes_the_same_bytes_as_everything(
    templates: Mapping[str, str], masthead: Masthead, family: list[Article]
) -> None:
    whole = site_pages(templates, family, masthead=masthead)
    some = site_pages(templates, family, masthead=masthead, changed=[family[2].uid])

    assert len(some) < len(whole)
    assert {name: whole[name] for name in some} == some


def test_years_are_those_shown_on_the_articles(
    templates: Mapping[str, str], masthead: Masthead, article: Article
) -> None:
    old = replace(article, date=article.published_at.replace(year=1999))

    assert "en/archive/1999/index.html" in site_pages(templates, [old], masthead=masthead)


_PROGRAM = """
import sys, hashlib, pathlib
sys.path.insert(0, sys.argv[1])
from dataclasses import replace
from datetime import UTC, datetime
from newsletter.model import Article, Mailbox, Masthead, Topic
from newsletter.pages import article_pages, list_pages
masthead = Masthead(title="T", slug="t", description="d", base_url="https://news.example.org", language="en",
    languages=("en", "fr", "ar"), fallback={}, time_zone="Europe/Paris", publisher="p", list_id="l",
    sender=Mailbox(name="", address="n@example.org"), reply_to=None, owner="o@example.org", bounce_domain="example.org")
at = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
topics = tuple(Topic(slug=s, names={"en": s.title()}) for s in ("c", "a", "b"))
articles = [Article(uid=f"tag:{n}", group_uid=f"tag:{n % 2}", slug=f"s{n}", language=("en", "fr", "ar")[n % 3],
    title="t", summary="s", author="a", body_html="<p>x</p>", url="https://news.example.org/x/", published_at=at,
    updated_at=at, topics=topics) for n in range(9)]
folder = pathlib.Path(sys.argv[1]).parent / "templates"
templates = {f.relative_to(folder).as_posix(): f.read_text("utf-8") for f in (folder / "pages").iterdir()}
pages = list_pages(templates, articles, masthead=masthead)
pages |= article_pages(templates, articles, masthead=masthead)
print(hashlib.sha256(b"".join(k.encode() + v for k, v in sorted(pages.items()))).hexdigest())
"""


def test_bytes_depend_on_neither_hash_seed_nor_zone_nor_locale() -> None:
    source = str(Path(__file__).parents[2] / "src")
    digests = {
        subprocess.run(
            [sys.executable, "-c", _PROGRAM, source],
            env={"PATH": os.environ["PATH"], "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed, zone, locale in (("1", "UTC", "C"), ("2", "Asia/Tokyo", "C.UTF-8"))
    }

    assert len(digests) == 1
