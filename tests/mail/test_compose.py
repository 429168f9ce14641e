"""An edition is dressed once: the structure every client, reader and screen reader relies on."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lxml import etree

from newsletter.mail import MessageError, articles_key
from newsletter.model import Article, EmailMode, Image, Masthead, Topic, Variant

Compose = Callable[..., Variant]

QUAY = Image(
    url="https://news.example.org/media/quay.png",
    alt="The quay",
    width=1200,
    height=800,
    media_type="image/png",
    size=1,
)


def tree_of(variant: Variant) -> etree._Element:
    return etree.fromstring(variant.html, etree.HTMLParser(huge_tree=True))


def words_of(variant: Variant) -> str:
    return " ".join("".join(map(str, tree_of(variant).itertext())).split())


def arabic(article: Article) -> Article:
    return replace(
        article,
        language="ar",
        title="ضوء الشتاء",
        summary="كيف يتغير الضوء",
        body_html="<p>النص</p><ul><li>بند</li></ul><blockquote>اقتباس</blockquote>",
    )


def test_h1_the_page_begins_in_standards_mode_and_names_itself(compose: Compose) -> None:
    variant = compose()
    root = tree_of(variant)

    assert variant.html.startswith('<!DOCTYPE html>\n<html lang="en" dir="ltr"')
    assert root.findtext("head/title") == variant.subject == "The tide tables are out"
    assert root.find('head/meta[@charset="utf-8"]') is not None
    named = {meta.get("name") for meta in root.iterfind("head/meta")}
    assert {"viewport", "format-detection", "color-scheme", "supported-color-schemes"} <= named


def test_a1_a2_the_wrapper_says_what_html_says(compose: Compose, article: Article) -> None:
    variant = compose(arabic(article), furniture="en")
    root = tree_of(variant)
    wrapper = root.find("body/div")

    assert wrapper is not None
    assert (root.get("lang"), root.get("dir")) == (wrapper.get("lang"), wrapper.get("dir")) == ("ar", "rtl")
    assert wrapper.get("role") == "article"
    assert wrapper.get("aria-roledescription") == "email"
    assert wrapper.get("aria-label") == variant.subject


def test_a3_every_layout_table_says_so_and_no_data_table_does(compose: Compose) -> None:
    html = compose(body_html="<table><tr><th>a</th></tr></table>").html

    for table in re.findall(r"<table[^>]*>", html):
        assert ('role="presentation"' in table) != ('class="data"' in table)


def test_a5_there_is_one_h1_and_no_level_is_skipped(compose: Compose, article: Article) -> None:
    one = compose(body_html="<h2>a</h2><h3>b</h3>")
    both = compose(article, replace(article, uid="x", body_html="<h2>a</h2><h3>b</h3>"), subject="Two of them")

    assert re.findall(r"<h(\d)", one.html) == ["1", "2", "3"]
    assert re.findall(r"<h(\d)", both.html) == ["1", "2", "3", "2", "3", "4"]


def test_h8_the_preheader_is_the_first_text_and_hidden(compose: Compose) -> None:
    root = tree_of(compose())
    first = root.find("body/div/div")

    assert first is not None
    assert (first.text or "").startswith("Next year's tide tables hang")
    assert "display:none" in first.get("style", "")
    assert "mso-hide:all" in first.get("style", "")
    filler = first.find("span")
    assert filler is not None
    assert filler.get("aria-hidden") == "true"


def test_l12_both_parts_say_who_sends_and_how_to_leave(compose: Compose, masthead: Masthead) -> None:
    variant = compose()
    link = f"https://news.example.org/u/{variant.placeholders['TOKEN']}"

    assert f'href="{link}"' in variant.html
    assert f"\n{link}\n" in variant.text
    for words in (words_of(variant), variant.text):
        assert masthead.publisher in words
        assert f"You receive this because {variant.placeholders['ADDRESS']} is subscribed to" in words
    assert "\n-- \n" in variant.text


@pytest.mark.parametrize(
    ("language", "leave", "date"),
    [
        ("en", "Unsubscribe", "2026"),
        ("fr", "Se désabonner", "24 novembre 2026"),
        ("ar", "إلغاء الاشتراك", "24 نوفمبر 2026"),
    ],
)
def test_furniture_speaks_the_readers_language(compose: Compose, language: str, leave: str, date: str) -> None:
    variant = compose(furniture=language)
    footer = tree_of(variant).xpath('//td[contains(@class, "footer")]')[0]

    assert (variant.language, variant.furniture) == ("en", language)
    assert (footer.get("lang"), footer.get("dir")) == (language, "rtl" if language == "ar" else "ltr")
    assert leave in words_of(variant)
    assert date in words_of(variant)
    assert leave in variant.text


def test_h13_sides_are_mirrored_for_arabic(compose: Compose, article: Article) -> None:
    root = tree_of(compose(arabic(article), furniture="ar"))

    (quote,) = root.iter("blockquote")
    (listing,) = root.iter("ul")
    assert "border-right:3px" in quote.get("style", "")
    assert "border-left:0" in quote.get("style", "").replace(" ", "")
    assert "padding:0 26px 0 0" in listing.get("style", "")
    assert "text-align:right" in root.xpath('//td[contains(@class, "copy")]')[0].get("style", "")


def test_the_foreign_article_is_announced_and_its_translations_offered(compose: Compose, article: Article) -> None:
    translations = {"en": article.url, "fr": "https://news.example.org/fr/marees/", "ar": "javascript:alert(1)"}
    variant = compose(replace(article, translations=translations), furniture="fr")

    assert "Cet article est en anglais." in words_of(variant)
    assert '<a href="https://news.example.org/fr/marees/" lang="fr" dir="ltr" hreflang="fr"' in variant.html
    assert "javascript" not in variant.html
    assert "This article is in" not in compose(article).html


def test_an_excerpt_shows_the_summary_and_a_button(compose: Compose) -> None:
    variant = compose(email=EmailMode.EXCERPT, body_html="<p>The whole text.</p>")

    assert "The whole text." not in variant.html
    assert "Next year's tide tables hang at the harbour office." in words_of(variant)
    button = tree_of(variant).xpath('//a[contains(@class, "button-link")]')[0]
    assert button.get("href") == "https://news.example.org/en/the-tide-tables/"
    assert "Read on:\nhttps://news.example.org/en/the-tide-tables/" in variant.text


@pytest.mark.parametrize(("written", "shown"), [("Next year’s tables, and what they mean.", 2), ("", 1)])
def test_only_a_summary_the_author_wrote_stands_above_the_text(compose: Compose, written: str, shown: int) -> None:
    # Once in the preheader, and once more as the standfirst only where it adds something.
    summary = "Next year’s tables, and what they mean."

    assert words_of(compose(summary=summary, standfirst=written)).count(summary) == shown


@pytest.mark.parametrize(
    ("width", "height", "written"),
    [(1200, 800, ("600", "400")), (560, 280, ("600", "300")), (300, 200, ("300", "200")), (0, 0, ("600", None))],
)
def test_h10_the_picture_has_the_size_it_is_shown_at(
    compose: Compose, width: int, height: int, written: tuple[str, str | None]
) -> None:
    (image,) = tree_of(compose(image=replace(QUAY, width=width, height=height))).iter("img")

    assert (image.get("width"), image.get("height")) == written
    assert image.get("alt") == "The quay"
    assert "max-width:100%" in image.get("style", "")


def test_french_titles_subjects_and_summaries_are_set(compose: Compose) -> None:
    variant = compose(language="fr", title="L'hiver !", summary="Quoi ?", body_html="<p>Oui !</p>")

    assert variant.subject == "L’hiver\u202f!"
    assert "Oui\u202f!" in variant.html
    assert "L’hiver\u202f!\n" in variant.text


def test_topics_are_named_in_the_readers_language(compose: Compose, article: Article) -> None:
    topics = (*article.topics, Topic(slug="harbour"))

    assert "<bdi>Diplomatie</bdi> · <bdi>harbour</bdi>" in compose(topics=topics, furniture="fr").html


def test_the_text_part_holds_the_bodies_as_they_came(compose: Compose, article: Article) -> None:
    text = compose(article, replace(article, uid="x", title="Second"), subject="Both").text

    assert text.index("Both\n====") < text.index("The tide tables are out\n====") < text.index("Second\n======")
    assert "Plain text of the article called Second." in text
    assert text.endswith("\n")
    assert not re.search(r"[ \t]\n", text.replace("\n-- \n", "\n"))


def test_the_same_edition_gives_the_same_bytes_and_another_seed_other_placeholders(compose: Compose) -> None:
    assert compose() == compose()
    assert set(compose(seed=b"a").placeholders.values()).isdisjoint(compose(seed=b"b").placeholders.values())


def test_articles_keys_tell_lists_and_orders_apart(article: Article) -> None:
    other = replace(article, uid="tag:other")

    lists = ([article.uid], [article.uid, other.uid], [other.uid, article.uid])
    assert len({articles_key(uids) for uids in lists}) == 3
    assert re.fullmatch(r"[0-9a-f]{64}", articles_key([article.uid]))


def test_an_edition_that_says_nothing_is_refused(compose: Compose, article: Article) -> None:
    with pytest.raises(MessageError, match="several articles needs a subject"):
        compose(article, article)
    with pytest.raises(MessageError, match="subject is empty"):
        compose(article, subject=" \t ")
    with pytest.raises(MessageError, match="subject is empty"):
        compose(title="")
    with pytest.raises(MessageError, match=r"Subject: .* U\+000D"):
        compose(article, subject="Tides\r\nBcc: v@example.com")


@pytest.mark.parametrize(
    ("name", "old", "sentence"),
    [
        ("edition.html", "{{ unsubscribe_url }}", r"edition\.html: the unsubscribe link is not in"),
        ("edition.txt", "{{ unsubscribe_url }}", r"edition\.txt: the unsubscribe link is not in"),
        ("edition.html", "{{ publisher | bdi }}", r"edition\.html: the publisher is not in"),
        ("edition.txt", "{{ publisher }}", r"edition\.txt: the publisher is not in"),
        ("shell.html", "<!DOCTYPE html>", r"shell\.html: it must begin with <!DOCTYPE html>"),
    ],
)
def test_a_theme_that_loses_its_footer_is_refused(
    compose: Compose, templates: Mapping[str, str], name: str, old: str, sentence: str
) -> None:
    broken = {**templates, f"email/{name}": templates[f"email/{name}"].replace(old, "")}

    with pytest.raises(MessageError, match=sentence):
        compose(templates=broken)


def test_a_deep_article_does_not_lose_the_footer(compose: Compose) -> None:
    # libxml2 drops what follows 254 levels of elements; the unsubscribe link would go first.
    variant = compose(body_html="<blockquote>" * 250 + "deep" + "</blockquote>" * 250)

    assert "deep" in words_of(variant)
    assert "Unsubscribe" in words_of(variant)


def test_the_date_shown_is_the_authors_where_there_is_one(compose: Compose) -> None:
    assert "March 1, 2026" in words_of(compose(date=datetime(2026, 3, 1, 9, tzinfo=UTC)))
    assert "November 24, 2026" in words_of(compose())
