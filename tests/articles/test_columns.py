from __future__ import annotations

from newsletter.articles.columns import Row, lay_out, width_of


def row(*texts: str) -> Row:
    return [(text, 1, 1) for text in texts]


def test_wide_letters_and_marks_are_measured_as_a_terminal_shows_them() -> None:
    assert (width_of("quay"), width_of("港"), width_of("e\u0301"), width_of("")) == (4, 2, 1, 0)


def test_cells_stand_below_each_other() -> None:
    assert lay_out([row("a", "bbb"), row("cc", "d")], heads=1) == "a   bbb\n--  ---\ncc  d"


def test_a_cell_over_columns_and_rows_keeps_the_others_in_place() -> None:
    rows = [[("a", 2, 1), ("b", 1, 2)], row("c", "d"), row("e", "f", "g")]

    assert lay_out(rows, heads=0) == "a     b\nc  d\ne  f  g"


def test_long_cells_are_wrapped_inside_their_column() -> None:
    lines = lay_out([row("Berth", "tide " * 30), row("Two", "lamp " * 20)], heads=1).split("\n")

    assert max(map(len, lines)) <= 78
    assert all(line.startswith(("Berth  ", "Two    ", "       ", "-----  ")) for line in lines)
    assert " ".join(lines).count("tide") == 30


def test_a_word_longer_than_a_line_is_not_broken() -> None:
    url = "https://example.org/" + "a" * 100

    assert url in lay_out([row("x", url), row("y", "z")], heads=0)


def test_a_table_of_a_thousand_columns_is_written_without_alignment() -> None:
    many = [str(number) for number in range(1_000)]

    assert lay_out([row(*many), row("a", "b")], heads=1) == "  ".join(many) + "\na  b"


def test_spans_made_to_fill_the_memory_fill_nothing() -> None:
    rows: list[Row] = [[("x", 999, 999)] * 3_000, *([[("y", 1, 1)]] * 3_000)]

    assert len(lay_out(rows, heads=0)) < 100_000


def test_rows_and_columns_without_words_are_left_out() -> None:
    assert lay_out([row("", "a", ""), row("", "", ""), row("", "b", "")], heads=0) == "a\nb"
    assert lay_out([], heads=0) == ""
