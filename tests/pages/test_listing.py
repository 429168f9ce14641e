"""Front pages, topics and years."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from lxml.html import HtmlElement

from newsletter.model import Article, Masthead
from newsletter.pages import Frame, Place, index_page, make_frame, topic_page, year_page

Tree = Callable[[bytes], HtmlElement]


def test_front_page_lists_articles_in_the_order_given(
    templates: Mapping[str, str], frame: Frame, tree: Tree, family: list[Article]
) -> None:
    root = tree(index_page(templates, [family[2], family[0]], frame=frame))

    assert root.xpath("//ol[@class='entries']//h2/a/@href") == ["/en/the-tide-tables/", "/en/a-lamp/"]
    assert root.xpath("//h1//text()") == ["The Harbour Post"]


def test_front_page_without_articles_says_so(templates: Mapping[str, str], masthead: Masthead, tree: Tree) -> None:
    root = tree(index_page(templates, [], frame=make_frame(masthead, "fr")))

    assert root.xpath("//p[@class='empty']/text()") == ["Rien n’a encore été publié."]


def test_front_page_offers_topics_and_years_that_have_a_page(
    templates: Mapping[str, str], frame: Frame, tree: Tree, article: Article
) -> None:
    root = tree(index_page(templates, [article], frame=frame, topics=article.topics, years=[2026, 2025]))

    assert root.xpath("//nav[@class='topics']//a/@href") == ["/en/topics/diplomacy/"]
    assert root.xpath("//nav[@class='years']//a/@href") == ["/en/archive/2026/", "/en/archive/2025/"]


def test_languages_are_linked_for_people_and_for_machines(
    templates: Mapping[str, str], masthead: Masthead, tree: Tree
) -> None:
    root = tree(index_page(templates, [], frame=make_frame(masthead, "fr")))

    links = root.xpath("//nav[@class='languages']//a")
    assert [(each.get("href"), each.text, each.get("aria-current")) for each in links] == [
        ("/", "English", None),
        ("/fr/", "français", "true"),
        ("/ar/", "العربية", None),
    ]
    assert root.xpath("//link[@hreflang='ar']/@href") == ["https://news.example.org/ar/"]


def test_newsroom_of_one_language_shows_no_switch(templates: Mapping[str, str], masthead: Masthead, tree: Tree) -> None:
    alone = replace(masthead, languages=("en",))

    root = tree(index_page(templates, [], frame=make_frame(alone, "en")))

    assert root.xpath("//nav[@class='languages']") == []


def test_every_page_names_all_three_feeds_absolutely(
    templates: Mapping[str, str], frame: Frame, tree: Tree, article: Article
) -> None:
    for page in (
        index_page(templates, [article], frame=frame),
        topic_page(templates, [article], topic=article.topics[0], frame=frame),
        year_page(templates, [article], year=2026, frame=frame),
    ):
        links = tree(page).xpath("//link[@rel='alternate' and @type]")
        found = {(each.get("type"), each.get("href")) for each in links}
        assert {
            ("application/rss+xml", "https://news.example.org/feeds/rss.xml"),
            ("application/atom+xml", "https://news.example.org/feeds/atom.xml"),
            ("application/feed+json", "https://news.example.org/feeds/feed.json"),
            ("application/rss+xml", "https://news.example.org/feeds/en/rss.xml"),
        } <= found
        assert all(each.get("title") for each in links)


def test_topic_page_offers_its_own_feed_first(
    templates: Mapping[str, str], masthead: Masthead, tree: Tree, article: Article
) -> None:
    frame = make_frame(masthead, "fr")

    root = tree(
        topic_page(templates, [article], topic=article.topics[0], frame=frame, place=Place(languages=("en", "fr")))
    )

    assert root.xpath("//h1/text()") == ["Diplomatie"]
    assert root.xpath("//p[@class='address']/a/text()") == ["https://news.example.org/feeds/topics/diplomacy/rss.xml"]
    assert root.xpath("//link[@hreflang]/@href") == [
        "https://news.example.org/en/topics/diplomacy/",
        "https://news.example.org/fr/topics/diplomacy/",
        "https://news.example.org/en/topics/diplomacy/",
    ]
    assert root.xpath("//link[@hreflang]/@hreflang") == ["en", "fr", "x-default"]


def test_article_of_another_language_keeps_its_own_in_a_list(
    templates: Mapping[str, str], frame: Frame, tree: Tree, family: list[Article]
) -> None:
    root = tree(index_page(templates, [family[1]], frame=frame))

    assert root.xpath("//ol[@class='entries']//article/@lang") == ["ar"]
