from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.articles.entries import Kind
from newsletter.articles.frontmatter import read_front_matter
from newsletter.articles.limits import MAX_FRONT_MATTER_CHARS
from newsletter.model import Manuscript

Read = Callable[..., Manuscript]
Refuse = Callable[..., list[str]]

YAML = '---\ntitle: "The tide"\ntopics: [Harbour, Culture]\ndraft: true\n---\nText.\n'
TOML = '+++\ntitle = "The tide"\ntopics = ["Harbour", "Culture"]\ndraft = true\n+++\nText.\n'


@pytest.mark.parametrize("text", [YAML, TOML])
def test_yaml_and_toml_say_the_same(text: str) -> None:
    front, below = read_front_matter(text, path="quay.md")

    title, topics, draft = front.entries.values()
    assert (title.text, title.kind, title.line) == ("The tide", Kind.TEXT, 2)
    assert ([item.text for item in topics.items], topics.line) == (["Harbour", "Culture"], 3)
    assert (draft.text, draft.kind, draft.line) == ("true", Kind.TRUTH, 4)
    assert below == "\n" * 5 + "Text.\n"


@pytest.mark.parametrize("path", ["quay.md", "quay.html", "quay.txt"])
@pytest.mark.parametrize("front", ["---\ntitle: Tides\n---\n", "+++\ntitle = 'Tides'\n+++\n"])
def test_front_matter_stands_above_every_format(read: Read, path: str, front: str) -> None:
    manuscript = read(front + "Hello there.", path)

    assert (manuscript.title, manuscript.source_text) == ("Tides", "Hello there.")


def test_a_first_line_of_dashes_may_be_a_rule(read: Read) -> None:
    manuscript = read("---\n\nNothing but prose.\n\n---\n\nMore of it.", title="Rules")

    assert manuscript.body_html == "<hr>\n<p>Nothing but prose.</p>\n<hr>\n<p>More of it.</p>"


def test_numbers_and_words_of_truth_are_texts_where_text_belongs(read: Read) -> None:
    manuscript = read("---\ntitle: 1984\nauthor: Yes\n---\nText.")

    assert (manuscript.title, manuscript.author) == ("1984", "Yes")


def test_an_empty_field_says_nothing(read: Read) -> None:
    manuscript = read("---\nauthor:\nsummary: ~\n---\n# Quay\n\nText.")

    assert (manuscript.author, manuscript.summary) == ("", "Text.")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("---\ntitle: A\n\nText", '1: the front matter is never closed. Put "---" on a line of its own'),
        ("---\ntitle: A: B\n---\nText", "2: the front matter cannot be read: a value holds a second colon."),
        (
            "---\ntitle: 'A\n---\nText",
            "2: the front matter cannot be read: a quotation mark is never closed. Close it.",
        ),
        ("---\ntitle: A\ntitle: B\n---\nText", "3: title: the field stands here again, first on line 2."),
        ("---\na: &x [1]\nb: [*x, *x]\n---\nText", "2: an anchor or alias (& or *) has no place"),
        ("---\nb: *x\n---\nText", "2: an anchor or alias (& or *) has no place"),
        ("---\ntitle: !!python/object:os.system x\n---\nText", '2: title: the YAML tag "tag:yaml.org,2002:python/'),
        ("---\na: " + "[" * 9 + "]" * 9 + "\n---\nText", "2: the front matter is nested deeper than 8."),
        ("+++\ntitle = A\n+++\nText", "2: the front matter cannot be read: invalid value. Put text in quotes."),
        ("+++\ntitle = 'A'\ntitle = 'B'\n+++\nText", "3: a field stands here for the second time."),
        ("+++\na = " + "[" * 3000 + "\n+++\nText", "2: the front matter is nested too deep."),
        ("+++\na = " + "9" * 5000 + "\n+++\nText", "2: the front matter cannot be read: exceeds the limit"),
        ("+++\ntitle = 'A'\ndate = 2026-02-30\n+++\nText", "3: date: there is no day 30 in February 2026."),
    ],
)
def test_unreadable_front_matter_is_told_with_its_line(refuse: Refuse, text: str, sentence: str) -> None:
    (fault,) = refuse(text)

    assert fault.startswith(f"quay.md:{sentence}")


def test_a_list_as_a_field_name_is_a_fault(refuse: Refuse) -> None:
    (fault,) = refuse("---\ntitle: x\n? [a]\n: b\n---\nText")

    assert fault == "quay.md:3: the name of a field is a list or a table. Write it as `title: …`."


def test_front_matter_at_the_limit_is_read_and_beyond_it_is_not(read: Read, refuse: Refuse) -> None:
    room = MAX_FRONT_MATTER_CHARS - len("title: Quay\n# ")

    assert read(f"---\ntitle: Quay\n# {'x' * room}\n---\nText").title == "Quay"
    (fault,) = refuse(f"---\ntitle: Quay\n# {'x' * room}x\n---\nText")
    assert "the front matter is longer than 16,000 characters" in fault


@given(
    st.text(alphabet=st.sampled_from("ab:-[]{}\"'&*!|>#?, \n\t=+.0129"), max_size=80), st.sampled_from(["---", "+++"])
)
def test_no_front_matter_makes_the_reader_fall_over(inner: str, fence: str) -> None:
    front, below = read_front_matter(f"{fence}\n{inner}\n{fence}\nText", path="quay.md")

    assert below.endswith("Text")
    assert all(fault.path == "quay.md" for fault in front.faults)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,12}", fullmatch=True), st.text(min_size=1, max_size=30), max_size=5))
def test_quoted_values_come_back_as_written(fields: dict[str, str]) -> None:
    quoted = {name: "".join(f"\\U{ord(letter):08x}" for letter in value) for name, value in fields.items()}
    text = "".join(f'{name}: "{value}"\n' for name, value in quoted.items())

    front, _ = read_front_matter(f"---\n{text}---\n", path="quay.md")

    assert {name: entry.text for name, entry in front.entries.items()} == fields
