from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.articles import visible_text
from newsletter.articles.plaintext import plain_text_to_html
from newsletter.model import Manuscript

Read = Callable[..., Manuscript]
Refuse = Callable[..., list[str]]

PASTED = """Diplomatie | L’accord a été signé lundi, à l’heure de la marée basse.
Ce que dit l’accord
Le texte tient en deux pages :
- Lire les deux échelles à la même minute
- Publier les relevés le soir même
Et ensuite
Rien d’autre n’a été décidé.
"""


def html(text: str) -> str:
    return plain_text_to_html(text).html


def test_a_pasted_text_gets_its_shape(read: Read) -> None:
    manuscript = read(PASTED, "accord.txt", title="Un accord")

    assert manuscript.topics == ("Diplomatie",)
    assert manuscript.body_html == (
        "<p>L’accord a été signé lundi, à l’heure de la marée basse.</p>\n"
        "<h2>Ce que dit l’accord</h2>\n<p>Le texte tient en deux pages :</p>\n"
        "<ul><li>Lire les deux échelles à la même minute</li><li>Publier les relevés le soir même</li></ul>\n"
        "<h2>Et ensuite</h2>\n<p>Rien d’autre n’a été décidé.</p>"
    )


def test_a_pasted_text_asks_for_its_title(refuse: Refuse) -> None:
    (fault,) = refuse(PASTED, "accord.txt")

    assert fault == (
        'accord.txt: title: there is none. Pass --title "…", or put "title: …" between two lines of --- at the top.'
    )


def test_a_topic_comes_before_those_of_the_front_matter(read: Read) -> None:
    manuscript = read(f"---\ntitle: Un accord\ntopics: [Port, Diplomatie]\n---\n{PASTED}", "accord.txt")

    assert manuscript.topics == ("Diplomatie", "Port")
    assert manuscript.source_text.startswith("L’accord")


@pytest.mark.parametrize(
    "text",
    [
        "A quay.\nA short last line",
        "One street\nTwo towns\nThree rivers",
        "Does it end?\nIt does.",
        "See https://example.org/tides\nAnd read it.",
        "x" * 101 + "\nText.",
        "one two three four five six seven eight nine ten eleven twelve thirteen a b c d e\nText.",
    ],
)
def test_what_is_no_heading_is_a_paragraph(text: str) -> None:
    assert "<h2>" not in html(text)


@pytest.mark.parametrize("heading", ["What changes", "What changes (soon)", "De l’eau", "ماذا يتغير"])
def test_a_short_line_before_a_paragraph_is_a_heading(heading: str) -> None:
    assert html(f"{heading}\nThe ferry leaves later.").startswith(f"<h2>{heading}</h2>")


@pytest.mark.parametrize("mark", ["- ", "• ", "* "])
def test_marked_lines_are_a_list(mark: str) -> None:
    assert html(f"Bring:\n{mark}a cup\n{mark}a lamp") == "<p>Bring:</p>\n<ul><li>a cup</li><li>a lamp</li></ul>"


def test_numbers_that_count_up_are_a_list_and_a_year_is_not() -> None:
    assert html("3. three\n4. four.\n4. again.") == (
        '<ol start="3"><li>three</li><li>four.</li></ol>\n<p>4. again.</p>'
    )
    assert html("999. A good year.") == "<p>999. A good year.</p>"


def test_addresses_become_links_without_the_punctuation_around_them() -> None:
    assert html("See (https://example.org/a_(b)?x=1&y=2), please.") == (
        '<p>See (<a href="https://example.org/a_(b)?x=1&amp;y=2">'
        "https://example.org/a_(b)?x=1&amp;y=2</a>), please.</p>"
    )


def test_markup_is_text() -> None:
    assert html('<script>alert(1)</script> & "so".') == (
        "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;so&quot;.</p>"
    )


def test_lines_wrapped_by_a_mail_program_are_joined() -> None:
    wrapped = (
        "The harbour office opens at nine and the first ferry leaves an hour\n"
        "later, when the fog has lifted and the ramp is free of the ice that\n"
        "the night left on it.\n\nThe last ferry leaves as before."
    )

    assert html(wrapped).count("<p>") == 2
    assert "<h2>" not in html(wrapped)


@given(st.text(max_size=200))
def test_every_word_arrives_and_no_tag_of_the_author_does(text: str) -> None:
    pasted = plain_text_to_html(text)

    assert set(re.findall(r"<(\w+)", pasted.html)) <= {"p", "h2", "ul", "ol", "li", "a"}
    shown = re.sub(r"\W", "", "".join(pasted.topics) + visible_text(pasted.html), flags=re.UNICODE)
    assert len(shown) <= len(re.sub(r"\W", "", text, flags=re.UNICODE))


@given(st.lists(st.from_regex(r"[a-zé]{2,9}( [a-zé]{2,9}){0,12}[.?:]?", fullmatch=True), min_size=1, max_size=8))
@settings(max_examples=40)
def test_words_keep_their_order(lines: list[str]) -> None:
    assert visible_text(html("\n".join(lines))).split() == " ".join(lines).split()
