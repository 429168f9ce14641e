"""Long lists: every article is reached by links, and full pages never change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from urllib.parse import unquote

import pytest
from lxml.html import HtmlElement
from whole_site import site_pages

from newsletter.model import Article, Masthead
from newsletter.pages.listing import PAGE_LENGTH, cut_into_pages

Tree = Callable[[bytes], HtmlElement]


@pytest.fixture
def many(article: Article) -> Callable[[int], list[Article]]:
    """So many articles of one year and topic, an hour apart, oldest first."""

    def make(number: int) -> list[Article]:
        start = article.published_at.replace(month=1, day=2)
        made = []
        for at in range(number):
            moment = start + timedelta(hours=at)
            url = f"https://news.example.org/en/a{at}/"
            uid = f"tag:{at}"
            made.append(
                replace(article, uid=uid, group_uid=uid, slug=f"a{at}", url=url, published_at=moment, updated_at=moment)
            )
        return made

    return make


@pytest.mark.parametrize("number", [0, 1, 99, 100, 199, 200, 201, 299, 300, 1000, 1001])
def test_each_article_stands_on_one_page_and_pages_lead_to_each_other(
    number: int, many: Callable[[int], list[Article]]
) -> None:
    newest_first = many(number)[::-1]

    pages = list(cut_into_pages(newest_first))

    assert [article for _, articles in pages for article in articles] == newest_first
    assert all(len(articles) == PAGE_LENGTH for place, articles in pages if place.number)
    assert len(pages[0][1]) < 2 * PAGE_LENGTH
    numbers = [place.number for place, _ in pages]
    assert numbers == [0, *range(len(pages) - 1, 0, -1)]
    assert [place.older for place, _ in pages] == [*numbers[1:], None]
    assert [place.newer for place, _ in pages] == [None, *numbers[:-1]]


def test_every_article_is_reached_by_links_from_the_front_page(
    templates: Mapping[str, str], masthead: Masthead, tree: Tree, many: Callable[[int], list[Article]]
) -> None:
    pages = site_pages(templates, many(350), masthead=masthead)

    seen: set[str] = set()
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        page = pages.get(f"{unquote(path).strip('/')}/index.html".lstrip("/"))
        # Neighbours do not count: nobody turns 300 pages.
        if path in seen or page is None or (path.startswith("/en/a") and not path.startswith("/en/archive")):
            seen.add(path)
            continue
        seen.add(path)
        waiting += [href for href in tree(page).xpath("//main//a/@href") if href.startswith("/")]

    assert {f"/en/a{number}/" for number in range(350)} <= seen


@pytest.mark.parametrize("before", [99, 199, 200, 299, 300, 450])
@pytest.mark.parametrize("new", [1, 2, 150])
def test_publishing_renews_no_full_page_but_the_last(
    before: int, new: int, templates: Mapping[str, str], masthead: Masthead, many: Callable[[int], list[Article]]
) -> None:
    articles = many(before + new)
    old = site_pages(templates, articles[:before], masthead=masthead)
    whole = site_pages(templates, articles, masthead=masthead)

    some = site_pages(templates, articles, masthead=masthead, changed=[each.uid for each in articles[before:]])

    assert {name: whole[name] for name in some} == some
    assert {name for name in whole if old.get(name) != whole[name]} <= set(some)
    renewed = [name for name in some if "/page/" in name]
    assert len(renewed) <= 2 * (2 + new // PAGE_LENGTH + 1)


def test_article_dated_back_renews_every_page_it_moves(
    templates: Mapping[str, str], masthead: Masthead, many: Callable[[int], list[Article]], article: Article
) -> None:
    articles = many(450)
    at = articles[150].published_at + timedelta(minutes=1)
    late = replace(articles[0], uid="tag:late", group_uid="tag:late", slug="late", published_at=at)
    old = site_pages(templates, articles, masthead=masthead)
    whole = site_pages(templates, [*articles, late], masthead=masthead)

    some = site_pages(templates, [*articles, late], masthead=masthead, changed=["tag:late"])

    assert {name for name in whole if old.get(name) != whole[name]} <= set(some)
    assert {name: whole[name] for name in some} == some


def test_numbered_page_says_where_it_stands(
    templates: Mapping[str, str], masthead: Masthead, tree: Tree, many: Callable[[int], list[Article]]
) -> None:
    pages = site_pages(templates, many(450), masthead=masthead)

    root = tree(pages["en/archive/2026/page/2/index.html"])

    home = "https://news.example.org/en/archive/2026/"
    assert root.xpath("//h1/text()") == ["2026, page 2"]
    assert root.xpath("//link[@rel='canonical']/@href") == [f"{home}page/2/"]
    assert root.xpath("//link[@rel='prev' or @rel='next']/@href") == [f"{home}page/3/", f"{home}page/1/"]
    assert root.xpath("//nav[@class='pager']/a/@href") == ["/en/archive/2026/page/3/", "/en/archive/2026/page/1/"]
