"""Every key is found at the line where it stands, whatever stands around it."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.config.lines import find_lines, line_of

# Values that look like keys, headers and comments to a careless reader.
VALUES = [
    "1",
    "true",
    "2026-11-24T08:00:00Z",
    "2026-11-24 08:00:00",
    '"a = 1 # [x]"',
    r'"\"] = \\"',
    "'[[y]]'",
    "'\\'",
    '"""\n[no]\nb = 1\n"""',
    '"""a"""""',
    r'"""\""""',
    "'''\n'no' = ''1\n'''",
    "'''it's''''",
    "[\n  1, # ]\n  2,\n]",
    "[ \"]\", [ '[' ], ]",
    '{ x = "}", y = [1, 2] }',
    "[ { a = 1 },\n { a = 2 } ]",
]
NAMES = st.one_of(st.text("abXY019_-", min_size=1, max_size=4), st.text(max_size=4).filter(str.isprintable))
# A busy machine draws slowly; that is no fault of the code.
calmly = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
QUOTES = st.sampled_from(["", '"', "'"])


def written_key(name: str, quote: str) -> str:
    """`name` bare, literal or basic, as far as TOML allows the wish."""
    if not quote and name.isascii() and name.replace("_", "a").replace("-", "a").isalnum():
        return name
    if quote == "'" and "'" not in name:
        return f"'{name}'"
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


@st.composite
def documents(draw):
    """A TOML text, and the line on which each of its keys and headers was written."""
    lines: list[str] = []
    expected: dict[tuple[str | int, ...], int] = {}

    def write(text: str, *paths: tuple[str | int, ...]) -> None:
        lines.extend(draw(st.lists(st.sampled_from(["", "# [no] = 1", "\t"]), max_size=2)))
        for path in paths:
            expected.setdefault(path, len(lines) + 1)
        lines.extend(f"{draw(st.sampled_from(['', '  ']))}{text}".split("\n"))

    def write_pairs(table: tuple[str | int, ...], names: list[str]) -> None:
        for name in names:
            value, below = draw(st.sampled_from(VALUES)), draw(st.one_of(st.none(), NAMES))
            key, path = written_key(name, draw(QUOTES)), (*table, name)
            if below is None:
                write(f"{key} = {value} # c", path)
            else:
                write(f"{key} . {written_key(below, draw(QUOTES))}={value}", path, (*path, below))

    names = draw(st.lists(NAMES, unique=True, max_size=6))
    tables = draw(st.integers(0, len(names)))
    write_pairs((), names[tables:])
    for name in names[:tables]:
        entries = draw(st.integers(0, 2))
        for number in range(entries):
            write(f"[[{written_key(name, draw(QUOTES))}]]", (name,), (name, number))
            write_pairs((name, number), draw(st.lists(NAMES, unique=True, max_size=3)))
        if not entries:
            write(f"[ {written_key(name, draw(QUOTES))} . deep ] # ]", (name,), (name, "deep"))
            write_pairs((name, "deep"), draw(st.lists(NAMES, unique=True, max_size=3)))
    return "\n".join(lines), expected


@calmly
@given(documents())
def test_each_key_and_header_is_found_where_it_stands_and_nothing_else(document):
    text, expected = document
    tomllib.loads(text)

    assert find_lines(text) == expected


@calmly
@given(documents())
def test_every_value_that_tomllib_reads_has_a_line(document):
    text, _expected = document
    lines = find_lines(text)

    def check(value: object, path: tuple[str | int, ...]) -> None:
        assert path == () or line_of(lines, path) is not None
        if isinstance(value, dict):
            for name, below in value.items():
                check(below, (*path, name))

    check(tomllib.loads(text), ())


@calmly
@given(documents())
def test_line_ends_of_windows_change_nothing(document):
    text, expected = document

    assert find_lines(text.replace("\n", "\r\n")) == expected


def test_an_inline_table_answers_for_what_is_in_it():
    lines = find_lines("[a]\n\nb = { c = 1 }\n")

    assert line_of(lines, ("a", "b", "c")) == 3
    assert line_of(lines, ("a", "x")) == 1
    assert line_of(lines, ("x",)) is None


def test_a_table_below_an_entry_belongs_to_the_last_one():
    lines = find_lines("[[a]]\n[[a]]\n[a.b]\nc = 1\n[[a.d]]\n[[a.d]]\ne = 1\n")

    assert lines[("a", 1, "b", "c")] == 4
    assert lines[("a", 1, "d", 1, "e")] == 7


@pytest.mark.parametrize(
    "value", ['"""' + '"" ' * 100_000 + '"""', '"' + "\\\\" * 100_000 + '"', "[" + "[]," * 100_000 + "]"]
)
def test_a_hostile_value_is_passed_in_one_walk(value):
    assert find_lines(f"a = {value}\nb = 1\n") == {("a",): 1, ("b",): 2}
