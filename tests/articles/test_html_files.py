from __future__ import annotations

from collections.abc import Callable

from newsletter.model import Manuscript

Read = Callable[..., Manuscript]
Refuse = Callable[..., list[str]]


PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>The quay
 in winter — The Post</title><style>p { color: red }</style><meta charset="utf-8"></head>
<body><header>Menu</header><main><p>The lamps are <b>lit</b>.</p></main>
<form action="/x"><label>Name <input name="n"></label><button>Send</button></form></body></html>"""


def test_the_title_of_a_page_is_used_when_it_has_no_heading(read: Read) -> None:
    manuscript = read(PAGE, "quay.html")

    assert manuscript.title == "The quay in winter — The Post"
    assert manuscript.source_text == "Menu The lamps are lit. Name Send"
    assert "color" not in manuscript.body_html


def test_a_heading_wins_over_the_title_of_the_page(read: Read) -> None:
    assert read(PAGE.replace("<p>The", "<h1>The <i>quay</i></h1><p>The"), "quay.htm").title == "The quay"


def test_what_no_mail_shows_is_told(read: Read) -> None:
    findings = read(PAGE, "quay.html").findings

    (message,) = [each.message for each in findings if each.code == "removed-markup"]
    assert message == "Left out, since no mail shows it: <button>, <input>."


def test_a_page_without_title_asks_for_one(refuse: Refuse) -> None:
    assert refuse("<p>Text</p>", "quay.html") == [
        'quay.html: title: there is none. Pass --title "…", or begin the text with <h1>…</h1>.'
    ]


def test_a_picture_in_the_heading_stays(read: Read) -> None:
    manuscript = read('<h1><img src="quay.jpg" alt="A quay"> The quay</h1><p>Text.</p>', "quay.html")

    assert manuscript.title == "The quay"
    assert manuscript.body_html == '<p><img src="quay.jpg" alt="A quay"></p><p>Text.</p>'


def test_a_heading_that_was_never_closed_does_not_swallow_the_article(read: Read) -> None:
    manuscript = read("<h1>The quay<ul><li>one</li></ul>", "quay.html", title="Tides")

    assert manuscript.source_text == "The quay one"
    assert "one" in manuscript.body_html


def test_other_kinds_of_file_are_refused(refuse: Refuse) -> None:
    assert refuse(b"PK", "quay.docx") == [
        "quay.docx: this kind of file is no article. Its name must end in .md (Markdown), .html or .txt."
    ]


def test_the_same_octets_give_the_same_manuscript(read: Read) -> None:
    assert read(PAGE, "quay.html") == read(PAGE, "quay.html")
