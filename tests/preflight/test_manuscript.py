"""What an author is told before the article is published."""

from __future__ import annotations

from dataclasses import replace

import pytest

from newsletter.model import Output, Severity, Topic
from newsletter.preflight import check_manuscript


def test_nothing_is_found_in_a_sound_manuscript(check_written):
    assert check_written().codes == []


@pytest.mark.parametrize(
    ("title", "codes"),
    [
        (" \t", ["title-empty"]),
        ("x" * 256, ["title-too-long"]),
        ("x" * 255, ["title-long"]),
        ("x" * 71, ["title-long"]),
        ("x" * 70, []),
        ("THE TIDE TABLES", ["title-capitals"]),
        ("NATO", []),
        ("أخبار الميناء اليوم", []),
        ("Tides\r\nBcc: ada@example.org", ["title-controls"]),
        ("Tides\u2028", ["title-controls"]),
        ("Tides\x85", ["title-controls"]),
        ("a\x00b", ["title-controls"]),
    ],
)
def test_titles_are_judged(check_written, title, codes):
    assert check_written(title=title).codes == codes


def test_a_place_names_the_file_and_its_line(check_written):
    assert check_written(title="").the("title-empty").place == "articles/tides.md:2"


def test_the_length_of_a_title_concerns_mail_only(check_written):
    finding = check_written(title="x" * 80).the("title-long")

    assert (finding.severity, finding.output) == (Severity.NOTE, Output.MAIL)


@pytest.mark.parametrize("language", [None, "en", "fr-CA", "AR"])
def test_a_language_of_the_newsroom_is_known(check_written, language):
    assert check_written(language=language).codes == []


def test_another_language_is_an_error(check_written):
    assert check_written(language="de").errors == ["language-unknown"]


@pytest.mark.parametrize("topic", ["diplomacy", "Diplomacy", "DIPLOMATIE "])
def test_a_topic_is_known_by_slug_name_and_alias(check_written, topic):
    assert check_written(topics=(topic,)).codes == []


def test_an_undeclared_topic_is_named_once(check_written):
    found = check_written(topics=("Fish", "Fish", "diplomacy"))

    assert found.codes == ["undeclared"]
    assert "“Fish”" in found.the("undeclared").message
    assert found.the("undeclared").place == "articles/tides.md:5"


def test_a_topic_only_seen_in_other_articles_is_undeclared_too(manuscript, masthead):
    masthead = replace(masthead, topics=(Topic(slug="diplomacy", declared=False),))

    assert [finding.code for finding in check_manuscript(manuscript, masthead=masthead)] == ["undeclared"]


@pytest.mark.parametrize(("length", "codes"), [(280, []), (281, ["summary-too-long"])])
def test_a_summary_has_a_length(check_written, length, codes):
    assert check_written(summary="x" * length).codes == codes


def test_an_empty_body_is_an_error(check_body):
    assert check_body("<p> </p>").errors == ["body-empty"]


def test_a_body_of_one_image_is_not_empty(check_body):
    assert check_body('<p><img src="a.png" alt="The quay"></p>').codes == []


def test_words_that_the_sanitiser_lost_are_an_error_that_names_them(check_written):
    found = check_written(source_text="Spring tides come much earlier than last year.")

    assert found.errors == ["words-lost"]
    assert "“much earlier than last year”" in found.the("words-lost").message


def test_the_sign_for_a_lost_character_is_noticed(check_written):
    assert check_written(title="L\ufffdt\ufffd").codes == ["replacement-character"]


@pytest.mark.parametrize(
    ("html", "codes"),
    [
        ("<h2>a</h2><h3>b</h3><h4>c</h4><h2>d</h2>", []),
        ("<h3>a</h3>", ["heading-skipped"]),
        ("<h2>a</h2><h4>b</h4><h5>c</h5>", ["heading-skipped"]),
    ],
)
def test_headings_skip_no_level_under_the_title(check_body, html, codes):
    assert check_body(html).codes == codes


@pytest.mark.parametrize(
    ("html", "code", "place"),
    [
        ('<img src="quay.png">x', "image-alt-missing", "quay.png"),
        ('<img src="quay.png" alt=" ">x', "image-alt-empty", "quay.png"),
        ("<img>x", "image-alt-missing", "<img>"),
    ],
)
def test_an_image_without_alternative_text_is_named(check_body, html, code, place):
    found = check_body(html)

    assert found.codes == [code]
    assert found.the(code).place == place


def test_the_picture_of_the_article_needs_an_alternative_text(check_written):
    assert check_written(image="quay.png").codes == ["image-alt-missing"]
    assert check_written(image="quay.png", image_alt="The quay").codes == []


@pytest.mark.parametrize(
    "url", ["http:///x", "https://", "//", "///x", "http:x", "https:/example.org", "", " ", "http://?a"]
)
def test_a_link_without_a_host_is_an_error(check_body, url):
    assert check_body(f'<a href="{url}">the tables</a>').errors == ["link-without-host"]


def test_a_link_that_looks_like_another_site_is_a_warning(check_body):
    found = check_body('<a href="www.example.com/tides">the tables</a>')

    assert found.codes == ["link-like-relative"]
    assert found.the("link-like-relative").advice == "Write https://www.example.com/tides."


@pytest.mark.parametrize(
    "url", ["https://example.com", "other.md", "/en/tides/", "#note", "mailto:ada@example.org", "//example.com/"]
)
def test_other_links_are_left_alone(check_body, url):
    assert check_body(f'<a href="{url}">the tables</a>').codes == []


@pytest.mark.parametrize("text", ["click here", "Here!", "« Cliquez ici »", "ici", "اضغط هنا", "<b>read</b> more …"])
def test_a_link_text_that_says_nothing_is_a_warning(check_body, text):
    assert check_body(f'<a href="https://example.com/">{text}</a>').codes == ["link-text-vague"]


@pytest.mark.parametrize("text", ["", " <b></b>", '<img src="a.png" alt="">'])
def test_a_link_without_text_is_a_warning(check_body, text):
    assert "link-text-empty" in check_body(f'x <a href="https://example.com/">{text}</a>').codes


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("https://bank.example.com/login", ["link-text-other-site"]),
        ("bank.example.com", ["link-text-other-site"]),
        ("https://example.org/x", []),
        ("www.example.org", []),
        ("news.example.org/tides", []),
        ("about example.com", []),
    ],
)
def test_a_link_text_that_names_another_site_is_a_warning(check_body, text, codes):
    assert check_body(f'<a href="https://example.org/">{text}</a>').codes == codes


def test_the_text_after_a_link_is_not_its_own(check_body):
    assert check_body('See <a href="https://example.com/">here</a> for more.').codes == ["link-text-vague"]
    assert check_body('<a href="https://example.com/"></a> See there.').codes == ["link-text-empty"]


def test_an_anchor_without_href_is_no_link(check_body):
    assert check_body('<a id="here">here</a>').codes == []
