from __future__ import annotations

from collections.abc import Callable

import feedparser
import pytest

from newsletter.articles import visible_text
from newsletter.articles.weight import TOO_DEEP
from newsletter.model import Manuscript

Read = Callable[..., Manuscript]
Refuse = Callable[..., list[str]]

RICH = """# The quay

Before the *first* ferry[^one] there is `ice`, ~~snow~~ and <kbd>tea</kbd>.

| Berth | Length |
|:------|-------:|
| one   |     12 |

Spring tide
: The larger one.

```python
high = low < 3
```

> Quoted.

1. one
   - two

[^one]: It leaves at six.
"""


def test_the_first_heading_is_the_title_and_leaves_the_body(read: Read) -> None:
    manuscript = read("Before.\n\n# The *tide*  tables\n\nAfter.")

    assert manuscript.title == "The tide tables"
    assert manuscript.body_html == "<p>Before.</p>\n\n<p>After.</p>"
    assert manuscript.source_text == "Before. After."


def test_a_heading_that_repeats_the_title_is_not_shown_twice(read: Read) -> None:
    text = "---\ntitle: The tide\n---\n# The  Tide\n\nText."

    assert read(text).body_html == "<p>Text.</p>"
    assert read(text, title="Another").body_html == "<h2>The  Tide</h2>\n<p>Text.</p>"


def test_a_text_without_any_title_asks_for_one(refuse: Refuse) -> None:
    assert refuse("## A second level\n\nText.") == [
        'quay.md: title: there is none. Pass --title "…", or begin the text with "# …".'
    ]


def test_a_title_and_nothing_else_is_no_article(refuse: Refuse) -> None:
    assert refuse("# Quay\n\n&nbsp;") == ["quay.md: the article has no text. Write it below the title."]


def test_a_picture_is_enough(read: Read) -> None:
    assert read("# Quay\n\n![A quay](quay.jpg)").body_html == '<p><img src="quay.jpg" alt="A quay"></p>'


def test_what_looks_like_a_template_arrives_as_written(read: Read) -> None:
    manuscript = read("# {{ 7*7 }}\n\n{{ 7*7 }} {% raw %} ${x} <%= y %>")

    assert manuscript.title == "{{ 7*7 }}"
    assert manuscript.body_html == "<p>{{ 7*7 }} {% raw %} ${x} &lt;%= y %&gt;</p>"


def test_tables_lists_code_notes_and_definitions_become_html(read: Read) -> None:
    body = read(RICH).body_html

    for piece in (
        '<th scope="col" align="left">',
        '<td align="right">12</td>',
        '<code class="language-python">high = low &lt; 3\n</code>',
        "<dt>Spring tide</dt>",
        "<s>snow</s> and <kbd>tea</kbd>",
        "<li>one\n<ul>\n<li>two</li>",
        "<blockquote>\n<p>Quoted.</p>",
    ):
        assert piece in body.replace('align="left" scope="col"', 'scope="col" align="left"')


def test_the_body_survives_a_feed_readers_sanitiser(read: Read) -> None:
    body = read(RICH).body_html
    feed = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><content type="html">'
        + body.replace("&", "&amp;").replace("<", "&lt;")
        + "</content></entry></feed>"
    )

    shown = feedparser.parse(feed).entries[0].content[0].value

    assert visible_text(shown) == visible_text(body)
    for piece in ('class="language-python"', 'align="right"', "<dl>", "<s>snow</s>", "<thead>", "<sup>"):
        assert piece in shown


def test_footnotes_of_two_articles_can_share_a_page(read: Read) -> None:
    one, two = read(RICH, "one.md").body_html, read(RICH, "two.md").body_html
    ids = [piece.split('"')[0] for body in (one, two) for piece in body.split(' id="')[1:]]

    assert len(set(ids)) == 4
    assert all(f'href="#{each}"' in one + two for each in ids)


def test_footnotes_keep_their_ids_when_the_article_is_edited(read: Read) -> None:
    before = read(RICH).body_html
    after = read(RICH.replace("# The quay", "# The pier").replace("snow", "rain")).body_html

    assert after.replace("rain", "snow") == before


def test_html_inside_is_cleaned_not_escaped(read: Read) -> None:
    manuscript = read("# Quay\n\nA <mark>bright</mark> <script>alert(1)</script>day.\n\n<div onclick='x()'>Block</div>")

    assert manuscript.body_html == "<p>A <mark>bright</mark> day.</p>\n<div>Block</div>"


def test_an_unsafe_link_is_dropped_and_told_not_shown_as_text(read: Read) -> None:
    manuscript = read("# Quay\n\n[here](javascript:alert(1)) and [there](data:text/html,x)")

    assert manuscript.body_html == "<p>here and there</p>"
    assert "javascript:" in next(each.message for each in manuscript.findings if each.code == "unsafe-link")


def test_quotes_to_the_limit_are_read_whole_and_deeper_ones_refused(read: Read, refuse: Refuse) -> None:
    assert read("# Quay\n\n" + "> " * 63 + "deep").source_text == "deep"
    assert refuse("# Quay\n\n" + "> " * 64 + "deep") == [f"quay.md: the text cannot be read: {TOO_DEEP}"]


@pytest.mark.parametrize("marker", ["- ", "1. "])
def test_nested_lists_lose_no_word_before_they_are_refused(read: Read, refuse: Refuse, marker: str) -> None:
    def nested(levels: int) -> str:
        return "# Quay\n\n" + "\n".join(" " * len(marker) * level + f"{marker}word{level}" for level in range(levels))

    assert read(nested(32)).source_text.split() == [f"word{level}" for level in range(32)]
    (fault,) = refuse(nested(33))
    assert "nested deeper than 64" in fault
