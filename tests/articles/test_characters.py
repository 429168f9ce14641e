from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from newsletter.articles.characters import line_breaking, one_line, tidy
from newsletter.articles.limits import MAX_SOURCE_BYTES
from newsletter.model import Manuscript

Read = Callable[..., Manuscript]
Refuse = Callable[..., list[str]]


@pytest.mark.parametrize(
    "source",
    [
        "# Été\n\nLe quai.".encode(),
        b"\xef\xbb\xbf" + "# Été\n\nLe quai.".encode(),
        "# Été\n\nLe quai.".encode("utf-16"),
        b"\xfe\xff" + "# Été\n\nLe quai.".encode("utf-16-be"),
        "# Été\r\n\r\nLe quai.\r\n".encode(),
        "# Été\r\rLe quai.".encode(),
        "# E\u0301te\u0301\n\nLe quai.".encode(),
    ],
)
def test_each_way_of_saving_gives_the_same_article(read: Read, source: bytes) -> None:
    manuscript = read(source)

    assert (manuscript.title, manuscript.body_html) == ("Été", "<p>Le quai.</p>")


def test_latin_1_is_refused_with_its_line_and_octet(refuse: Refuse) -> None:
    assert refuse("# Quay\n\nUn café".encode("latin-1")) == [
        "quay.md:3: the octet 0xE9 is not UTF-8. Save it as UTF-8."
    ]


def test_a_binary_file_is_refused(refuse: Refuse) -> None:
    assert refuse(b"# Quay\n\x00\x01\x02") == [
        "quay.md:2: the file holds a NUL, so it is not plain text. Save it as UTF-8."
    ]


def test_half_a_letter_of_utf_16_is_refused(refuse: Refuse) -> None:
    assert refuse(b"\xff\xfeq\x00u") == ["quay.md: the octet 0x75 is not UTF-16. Save it as UTF-8."]


@pytest.mark.parametrize("source", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(refuse: Refuse, source: bytes) -> None:
    assert refuse(source) == ["quay.md: the file is empty. Write the article into it."]


def test_a_file_at_the_limit_is_read_and_one_octet_more_is_not(read: Read, refuse: Refuse) -> None:
    text = b"# Quay\n\n" + b"tide " * 250_000

    assert read(text[:MAX_SOURCE_BYTES]).title == "Quay"
    (fault,) = refuse(text[: MAX_SOURCE_BYTES + 1])
    assert "1,000,001 octets large; an article holds at most 1,000,000" in fault


def test_control_characters_are_removed_and_reported(read: Read) -> None:
    manuscript = read("# Quay\n\nThe t\x08ide\x0b is\x7f out\ufffe.")

    assert manuscript.body_html == "<p>The tide is out.</p>"
    (finding,) = [each for each in manuscript.findings if each.code == "control-characters"]
    assert (finding.place, finding.severity) == ("quay.md:3", "warning")
    assert finding.message.startswith("4 invisible characters were removed")


def test_control_characters_written_as_references_are_removed(read: Read) -> None:
    """`&#8;` is plain text until the HTML is parsed; left in, lxml would refuse the whole feed."""
    manuscript = read("<h1>Quay</h1><p title='a&#8;b'>ti&#8;de &#xFFFE;out</p>", "quay.html")

    assert manuscript.body_html == '<p title="ab">tide out</p>'


@given(st.text(alphabet=st.characters()))
def test_tidied_text_is_accepted_by_xml(text: str) -> None:
    element = etree.Element("p")

    element.text = tidy(text)[0]

    again = etree.fromstring(etree.tostring(element)).text or ""
    assert again == tidy(text)[0]


@given(st.text(alphabet=st.characters()))
def test_tidying_twice_changes_nothing(text: str) -> None:
    once, _ = tidy(text)

    assert tidy(once) == (once, 0)


@pytest.mark.parametrize("character", ["\r", "\n", "\x00", "\x85", "\u2028", "\u2029", "\x1b", "\ud800"])
def test_a_character_that_could_begin_a_header_line_is_named(character: str) -> None:
    assert line_breaking(f"Tides{character}Bcc: ben@example.org") == f"U+{ord(character):04X}"


def test_one_line_keeps_no_break_spaces() -> None:
    assert one_line("  Que\u202f?\n\t Rien\u00a0: non ") == "Que\u202f? Rien\u00a0: non"
