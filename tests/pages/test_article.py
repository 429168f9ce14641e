"""The page of one article, read back as a tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from lxml.html import HtmlElement

from newsletter.model import Article, Change, Image, Masthead, Topic
from newsletter.pages import Frame, Neighbours, article_page, make_frame

Tree = Callable[[bytes], HtmlElement]
PICTURE = Image(
    url="https://news.example.org/media/abc.png", alt="Boats", width=1200, height=675, media_type="image/png", size=9
)


@pytest.fixture
def page(templates: Mapping[str, str], frame: Frame, tree: Tree) -> Callable[[Article], HtmlElement]:
    return lambda article: tree(article_page(templates, article, frame=frame))


def test_page_says_title_date_author_topic_and_body(page: Callable[[Article], HtmlElement], article: Article) -> None:
    root = page(article)

    assert root.xpath("//h1/text()") == ["The tide tables are out"]
    assert root.xpath("//p[@class='facts']/time/@datetime") == ["2026-11-24T10:00:00+01:00"]
    assert "November 24, 2026" in root.text_content()
    assert root.xpath("//*[@class='author']")[0].text_content() == "Ada Quay"
    assert root.xpath("//nav[@class='topics']//a/@href") == ["/en/topics/diplomacy/"]
    assert [each.text for each in root.xpath("//div[@class='body']//li")] == ["March", "April"]


def test_language_and_direction_are_the_articles(
    templates: Mapping[str, str], masthead: Masthead, tree: Tree, family: list[Article]
) -> None:
    arabic = next(each for each in family if each.language == "ar")

    root = tree(article_page(templates, arabic, frame=make_frame(masthead, "ar")))

    assert (root.get("lang"), root.get("dir")) == ("ar", "rtl")


def test_canonical_translations_and_opengraph_are_absolute(
    page: Callable[[Article], HtmlElement], family: list[Article]
) -> None:
    root = page(replace(family[2], image=PICTURE))

    assert root.xpath("//link[@rel='canonical']/@href") == ["https://news.example.org/en/the-tide-tables/"]
    alternates = root.xpath("//link[@hreflang]")
    assert [(each.get("hreflang"), each.get("href")) for each in alternates] == [
        ("en", "https://news.example.org/en/the-tide-tables/"),
        ("fr", "https://news.example.org/fr/les-marees/"),
        ("ar", "https://news.example.org/ar/%D8%AC%D8%AF%D8%A7%D9%88%D9%84/"),
        ("x-default", "https://news.example.org/en/the-tide-tables/"),
    ]
    assert root.xpath("//meta[@property='og:image']/@content") == [PICTURE.url]
    assert root.xpath("//meta[@property='og:url']/@content") == ["https://news.example.org/en/the-tide-tables/"]


def test_reader_can_switch_to_a_translation_named_in_its_own_language(
    page: Callable[[Article], HtmlElement], family: list[Article]
) -> None:
    links = page(family[2]).xpath("//p[@class='translations']/a")

    assert [(each.get("href"), each.get("lang"), each.text) for each in links] == [
        ("/fr/les-marees/", "fr", "français"),
        ("/ar/%D8%AC%D8%AF%D8%A7%D9%88%D9%84/", "ar", "العربية"),
    ]


def test_picture_is_shown_with_its_alt_text_and_size(page: Callable[[Article], HtmlElement], article: Article) -> None:
    (image,) = page(replace(article, image=PICTURE)).xpath("//figure[@class='lead']/img")

    assert dict(image.attrib) == {"src": "/media/abc.png", "alt": "Boats", "width": "1200", "height": "675"}


def test_picture_already_in_the_body_is_not_shown_twice(
    page: Callable[[Article], HtmlElement], article: Article
) -> None:
    body = f'<p><img src="{PICTURE.url}" alt="Boats at dusk"></p>'

    root = page(replace(article, image=PICTURE, body_html=body))

    assert root.xpath("//img/@alt") == ["Boats at dusk"]


@pytest.mark.parametrize(("after", "shown"), [(timedelta(hours=5), False), (timedelta(days=2), True)])
def test_update_is_told_from_the_next_day_on(
    page: Callable[[Article], HtmlElement], article: Article, after: timedelta, shown: bool
) -> None:
    root = page(replace(article, updated_at=article.updated_at + after))

    assert ("Updated November 26, 2026" in root.text_content()) is shown


def test_date_the_author_wrote_is_the_one_shown(page: Callable[[Article], HtmlElement], article: Article) -> None:
    root = page(replace(article, date=article.published_at.replace(year=2019)))

    assert root.xpath("//p[@class='facts']/time/text()") == ["November 24, 2019"]
    assert root.xpath("//meta[@property='article:published_time']/@content") == ["2026-11-24T10:00:00+01:00"]


def test_day_is_that_of_the_newsrooms_clock(page: Callable[[Article], HtmlElement], article: Article) -> None:
    root = page(replace(article, published_at=article.published_at.replace(hour=23, minute=30)))

    assert root.xpath("//p[@class='facts']/time/text()") == ["November 25, 2026"]


def test_neighbours_in_time_are_linked(
    templates: Mapping[str, str], frame: Frame, tree: Tree, family: list[Article]
) -> None:
    lamp, _, tides, _, ferry = family

    root = tree(article_page(templates, lamp, frame=frame, neighbours=Neighbours(newer=tides, older=ferry)))

    assert root.xpath("//a[@rel='next']/@href") == ["/en/the-tide-tables/"]
    assert root.xpath("//a[@rel='prev']/@href") == ["/en/the-ferry/"]


@pytest.mark.parametrize("field", ["title", "summary", "author"])
@pytest.mark.parametrize(
    "payload",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "' onmouseover='alert(1)",
        "</title><svg onload=alert(1)>",
        "{{ 7*7 }}{% include 'x' %}",
        "<!--",
        "javascript:alert(1)",
    ],
)
def test_markup_in_a_value_is_shown_as_text(
    page: Callable[[Article], HtmlElement], article: Article, field: str, payload: str
) -> None:
    root = page(replace(article, **{field: payload}))

    assert root.xpath("//script | //svg | //img | //*[@onerror or @onload or @onmouseover]") == []
    seen = root.text_content() + " ".join(root.xpath("//meta/@content"))
    assert payload in seen


def test_markup_in_a_topic_is_shown_as_text(page: Callable[[Article], HtmlElement], article: Article) -> None:
    payload = '"><script>alert(1)</script>'

    root = page(replace(article, topics=(Topic(slug=payload, names={"en": payload}),)))

    assert root.xpath("//script") == []
    assert root.xpath("//nav[@class='topics']//a/bdi/text()") == [payload]
    assert root.xpath("//nav[@class='topics']//a/@href") == [
        "/en/topics/%22%3E%3Cscript%3Ealert%281%29%3C%2Fscript%3E/"
    ]


def test_same_article_gives_the_same_bytes(templates: Mapping[str, str], frame: Frame, article: Article) -> None:
    assert article_page(templates, article, frame=frame) == article_page(templates, article, frame=frame)


@pytest.fixture
def corrected(article: Article) -> Article:
    changes = (
        Change(at=article.published_at + timedelta(days=1), note="The tide of 3 March is at 04:10."),
        Change(at=article.published_at + timedelta(days=2), note="<b>مرحبا</b> {date} & {{ 7*7 }}"),
    )
    return replace(article, changes=changes, updated_at=changes[-1].at)


@pytest.mark.parametrize(
    ("language", "beginning"),
    [
        ("en", "Changed on November 25, 2026: "),
        ("fr", "Modifié le 25 novembre 2026 : "),
        ("ar", "عُدِّل في 25 نوفمبر 2026: "),
    ],
)
def test_corrections_are_told_below_the_text_with_their_day(
    templates: Mapping[str, str], masthead: Masthead, tree: Tree, corrected: Article, language: str, beginning: str
) -> None:
    root = tree(article_page(templates, corrected, frame=make_frame(masthead, language)))
    first, second = root.xpath("//div[@class='body']/following-sibling::ul[@class='changes']/li")

    assert first.text_content() == f"{beginning}The tide of 3 March is at 04:10."
    assert first.xpath("time/@datetime") == ["2026-11-25T10:00:00+01:00"]
    assert second.xpath("bdi/text()") == ["<b>مرحبا</b> {date} & {{ 7*7 }}"]


def test_article_never_corrected_has_no_list_of_corrections(
    page: Callable[[Article], HtmlElement], article: Article
) -> None:
    assert page(article).xpath("//*[@class='changes']") == []
