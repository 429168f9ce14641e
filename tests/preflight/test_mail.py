"""What is found in a finished mail before it is frozen."""

from __future__ import annotations

import pytest

from newsletter.model import Output, Severity
from newsletter.preflight.size import filled_octets

UNSUBSCRIBE = "https://news.example.org/u/"
IMAGE = '<img src="https://news.example.org/media/a.png" alt="The quay" width="600" height="400">'


def test_nothing_is_found_in_a_sound_mail(check_spoilt):
    assert check_spoilt().codes == []


def test_every_finding_concerns_mail_only(check_spoilt):
    found = check_spoilt("<h1>", "<h3>{{ x }}", text="", subject="")

    assert {finding.output for finding in found.findings} == {Output.MAIL}
    assert len(found.codes) > 5


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        (" ", "subject-empty"),
        ("Tides\r\nBcc: ada@example.org", "subject-controls"),
        ("Tides\u2029", "subject-controls"),
        ("x" * 256, "subject-too-long"),
        ("Tides for PAAAABBBBCCCCDDDD002", "placeholder-in-subject"),
        ("Tides {{ title }}", "template-mark"),
    ],
)
def test_a_subject_that_cannot_be_sent_is_an_error(check_spoilt, subject, code):
    assert check_spoilt(subject=subject).errors == [code]


def test_a_subject_with_the_signs_of_an_encoded_word_is_only_text(check_spoilt):
    assert check_spoilt(subject="=?utf-8?q?hi=0ABcc=3A_v=40x?=").codes == []


def test_words_lost_in_the_html_are_an_error_that_names_them(check_spoilt):
    found = check_spoilt("earlier<br>than", "than")

    assert found.errors == ["words-lost"]
    assert "“earlier than last year”" in found.the("words-lost").message
    assert found.the("words-lost").place == "HTML"


def test_words_lost_in_the_text_part_are_an_error(check_spoilt, mail_text):
    found = check_spoilt(text=mail_text.replace("come earlier", ""))

    assert found.errors == ["words-lost"]
    assert found.the("words-lost").place == "text"


def test_words_that_are_hidden_count_as_lost(check_spoilt):
    assert check_spoilt("<p>Spring", '<p style="display:none">Spring').errors == ["words-lost"]


def test_an_empty_text_part_is_an_error(check_spoilt):
    assert "text-empty" in check_spoilt(text=" \n").errors


@pytest.mark.parametrize("part", ["HTML", "text"])
def test_each_part_names_the_publisher(check_spoilt, mail_text, part):
    if part == "HTML":
        found = check_spoilt("Harbour Press, 1 Quay Street", "Harbour")
    else:
        found = check_spoilt(text=mail_text.replace("Exampletown", ""))

    assert found.errors == ["publisher-missing"]
    assert found.the("publisher-missing").place == part


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("PAAAABBBBCCCCDDDD001", "ANOTHERPLACEHOLDER01"),
        ('<a href="https://news.example.org/u/PAAAABBBBCCCCDDDD001">', "<a>"),
        ("https://news.example.org/u/P", "https://elsewhere.example.org/u/P"),
    ],
)
def test_html_without_its_unsubscribe_link_is_an_error(check_spoilt, old, new):
    found = check_spoilt(old, new)

    assert found.errors == ["unsubscribe-missing"]
    assert found.the("unsubscribe-missing").place == "HTML"


def test_text_without_its_unsubscribe_link_is_an_error(check_spoilt, mail_text):
    assert check_spoilt(text=mail_text.replace(UNSUBSCRIBE, "")).the("unsubscribe-missing").place == "text"


def test_without_a_placeholder_for_the_token_no_link_is_believed(check_spoilt):
    assert check_spoilt(placeholders={}).errors == ["unsubscribe-missing", "unsubscribe-missing"]


@pytest.mark.parametrize("mark", ["{{ reader.name }}", "{% if x %}", "*|FNAME|*"])
def test_a_mark_of_a_template_is_an_error(check_spoilt, mark):
    found = check_spoilt("On the web", f"On {mark}")

    assert found.errors == ["template-mark"]
    assert mark in found.the("template-mark").message


def test_a_mark_that_the_author_wrote_is_not(check_spoilt, mail_text):
    words = "The tide tables are out {{ 7*7 }}"
    found = check_spoilt("out</h1>", "out {{ 7*7 }}</h1>", text=f"{words}\n{mail_text}", article_words=words)

    assert found.codes == []


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\r", "\x85", "\ufffe", "\ud800"])
def test_characters_that_no_mail_may_carry_are_errors(check_spoilt, mail_text, character):
    assert check_spoilt("Spring", f"Spring{character}").errors == ["control-characters"]
    assert check_spoilt(text=f"{mail_text}{character}").errors == ["control-characters"]


@pytest.mark.parametrize(("octets", "codes"), [(80_000, []), (80_001, ["mail-large"]), (100_001, ["mail-too-large"])])
def test_size_is_counted_in_octets_with_the_longest_values(check_spoilt, mail_html, octets, codes):
    placeholders = {"TOKEN": "PAAAABBBBCCCCDDDD001", "ADDRESS": "PAAAABBBBCCCCDDDD002"}
    missing = octets - filled_octets(mail_html, placeholders)
    comment = f"<!--{'é' * ((missing - 7) // 2)}{'x' * ((missing - 7) % 2)}-->"

    assert check_spoilt("</body>", f"{comment}</body>").codes == codes


def test_longest_values_are_those_of_the_longest_token_and_address():
    assert filled_octets("AAAA BBBB BBBB", {"TOKEN": "AAAA", "ADDRESS": "BBBB"}) == 26 + 1 + 254 + 1 + 254


def test_styles_beyond_what_gmail_reads_are_a_warning(check_spoilt):
    found = check_spoilt("p { margin: 0 }", "p { margin: 0 }" * 1_200)

    assert found.codes == ["style-too-large"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('<html lang="en" dir="ltr">', '<html lang="en">', "lang-missing"),
        ('<html lang="en" dir="ltr">', "<html>", "lang-missing"),
        ('<div lang="en" dir="ltr">', '<div lang="en">', "wrapper-missing"),
        ('<div lang="en" dir="ltr">', '<div lang="ar" dir="ltr">', "direction-wrong"),
        ('<html lang="en" dir="ltr">', '<html lang="en" dir="rtl">', "direction-wrong"),
        ("<h1>The tide tables are out</h1>", "<p>The tide tables are out</p>", "heading-count"),
        ("<p>Spring", "<h1>x</h1><p>Spring", "heading-count"),
        ("<p>Spring", "<h3>x</h3><p>Spring", "heading-skipped"),
        ('<table role="presentation">', "<table>", "table-without-role"),
        (
            '<table role="presentation">',
            '<table role="presentation"><tr><td><table></table></td></tr>',
            "table-without-role",
        ),
        (' alt="The quay"', "", "image-alt-missing"),
        (' width="600"', "", "image-size-missing"),
        (' height="400"', ' height=""', "image-size-missing"),
        ("https://news.example.org/media/a.png", "http://example.com/a.png", "image-http"),
        ("https://news.example.org/en/tides/", "http://example.com/", "link-http"),
        ("p { margin: 0 }", "@font-face{src:url(x)}", "remote-font"),
        ("p { margin: 0 }", "@import url(x)", "remote-font"),
        ("p { margin: 0 }", ".a:before{ content: 'Hello' }", "css-content"),
    ],
)
def test_what_hinders_some_readers_is_a_warning(check_spoilt, old, new, code):
    finding = check_spoilt(old, new).the(code)

    assert finding.severity is Severity.WARNING
    assert finding.message.endswith(".")
    assert finding.advice.endswith(".")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<p>Spring", "<table><tr><th>a</th></tr></table><p>Spring"),
        ("<p>Spring", '<div dir="auto" lang="ar">x</div><p>Spring'),
        ("p { margin: 0 }", ".a:before{ content: '' } .b:after{content:'\\00a0'}"),
        (' alt="The quay"', ' alt=""'),
        ("https://news.example.org/en/tides/", "mailto:news@example.org"),
        ("https://news.example.org/en/tides/", "tel:+33123"),
    ],
)
def test_what_is_right_is_left_alone(check_spoilt, old, new):
    assert check_spoilt(old, new).codes == []


def test_a_data_table_does_not_excuse_the_layout_table_around_it(check_spoilt):
    old = '<table role="presentation"><tr><td>'
    assert check_spoilt(old, "<table><tr><td><table><tr><th>a</th></tr></table>").codes == ["table-without-role"]


@pytest.mark.parametrize(
    "active",
    [
        "<script>x</script>",
        "<iframe></iframe>",
        "<form></form>",
        "<p onclick='x'></p>",
        '<a href=" JavaScript:x">tides</a>',
        '<img src="data:image/png;base64,x" alt="" width="1" height="1">',
    ],
)
def test_active_content_is_an_error(check_spoilt, active):
    assert "active-content" in check_spoilt("<p>Spring", f"{active}<p>Spring").errors


@pytest.mark.parametrize(
    "url", ["tides.html", "/en/tides/", "#note", "", "//example.com/", "https:///x", "ftp://example.com"]
)
def test_a_link_that_is_not_absolute_is_an_error(check_spoilt, url):
    assert check_spoilt("https://news.example.org/en/tides/", url).errors == ["link-not-absolute"]


@pytest.mark.parametrize("url", ["a.png", "cid:a", "//news.example.org/a.png"])
def test_an_image_that_is_not_absolute_is_an_error(check_spoilt, url):
    assert check_spoilt("https://news.example.org/media/a.png", url).errors == ["image-not-absolute"]


@pytest.mark.parametrize("url", ["https://example.com/a.png", "https://news.example.org.example.com/a.png"])
def test_an_image_of_another_site_is_a_note(check_spoilt, url):
    assert check_spoilt("https://news.example.org/media/a.png", url).the("image-foreign").severity is Severity.NOTE


def test_the_same_fault_is_told_once_for_each_address(check_spoilt):
    found = check_spoilt("<p>Spring", '<a href="x">tides</a><a href="x">tides</a><a href="y">tides</a><p>Spring')

    assert found.errors == ["link-not-absolute", "link-not-absolute"]


@pytest.mark.parametrize("html", ["", "<", "\x00", "plain", "<!-- -->", "<table>" * 3_000, "</p></div>"])
def test_rubbish_is_judged_and_raises_nothing(check_spoilt, html):
    assert "words-lost" in check_spoilt(html=html).errors
