from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import UsageError
from newsletter.subscribers import BadRow, Row, open_spreadsheet
from newsletter.subscribers.spreadsheets import MAX_LINE_OCTETS, plain_cell, read_cell


def read(octets: bytes | str) -> list[Row | BadRow]:
    stream = io.BytesIO(octets.encode() if isinstance(octets, str) else octets)
    return list(open_spreadsheet(stream, name="readers.csv").rows)


def addresses(rows: list[Row | BadRow]) -> list[tuple[int, str]]:
    return [(row.line, row.cells["address"] if isinstance(row, Row) else "bad") for row in rows]


@pytest.mark.parametrize(
    "octets",
    [
        b"address,name\nada@example.org,Ada\n",
        b"address,name\r\nada@example.org,Ada\r\n",
        b"address,name\nada@example.org,Ada",
        b"\xef\xbb\xbfEmail,Name\nada@example.org,Ada\n",
        b"E-Mail Address;Full Name\nada@example.org;Ada\n",
        b"email\tname\nada@example.org\tAda\n",
        b"sep=;\nemail;name\nada@example.org;Ada\n",
        b'"email","name"\n"ada@example.org","Ada"\n',
        b"email, name\nada@example.org, Ada \n",
        b"email,name\n\n , \nada@example.org,Ada,,\n",
        b"email,name\rada@example.org,Ada\r",
        "email,name\nada@example.org,Ada\n".encode("utf-16"),
        "\ufeffemail;name\r\nada@example.org;Ada\r\n".encode("utf-16-be"),
        "email\tname\rada@example.org\tAda\r".encode("utf-16"),
    ],
)
def test_the_same_reader_is_found_however_a_spreadsheet_saves_it(octets: bytes) -> None:
    (row,) = read(octets)

    assert isinstance(row, Row)
    assert row.cells == {"address": "ada@example.org", "name": "Ada"}


def test_unknown_columns_are_named_and_left_out() -> None:
    spreadsheet = open_spreadsheet(io.BytesIO(b"email,Shoe size,Topics\nada@example.org,38,a;b\n"), name="readers.csv")

    assert spreadsheet.ignored == ("Shoe size",)
    assert list(spreadsheet.rows) == [Row(line=2, cells={"address": "ada@example.org", "topics": "a;b"})]


def test_cells_left_out_at_the_end_of_a_row_are_absent() -> None:
    assert read("email,name\nada@example.org\n") == [Row(line=2, cells={"address": "ada@example.org"})]


@pytest.mark.parametrize(
    ("octets", "sentence"),
    [
        (b"", "readers.csv:1: the file is empty. Its first line names the columns: address, name,"),
        (b"\n", "readers.csv:1: the file is empty."),
        (b"ada@example.org,Ada\n", "readers.csv:1: the first line names no column “address”."),
        (b"email,mail,name,name\n", "readers.csv:1: the first line names these columns twice: address, name."),
        ("name\nAda\n".encode("utf-16"), "readers.csv:1: the file is in UTF-16. So read, the first line names no"),
        ("email\n".encode("utf-16-le"), "readers.csv:1: the file is in UTF-16, or not text at all."),
        ("email,prénom\n".encode("latin-1"), "readers.csv:1: the octet 0xe9 is not UTF-8. Save it as “CSV UTF-8”"),
        (b"x" * (MAX_LINE_OCTETS + 9), "readers.csv:1: the line is longer than 65536 octets."),
    ],
)
def test_a_header_that_cannot_be_used_gets_a_sentence(octets: bytes, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(octets)

    assert str(caught.value).startswith(sentence)
    assert "ada@" not in str(caught.value)


def test_a_row_in_another_encoding_costs_itself_alone() -> None:
    rows = read(b"email,name\nada@example.org,Ada\nben@example.org,Ren\xe9\ncleo@example.org,Cleo\n")

    assert addresses(rows) == [(2, "ada@example.org"), (3, "bad"), (4, "cleo@example.org")]
    advice = "Save it as “CSV UTF-8” and import it again, or name its encoding: --encoding cp1252."
    assert rows[1] == BadRow(line=3, message=f"the octet 0xe9 is not UTF-8. {advice}")


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("cp1252", "René"), ("latin-1", "René"), ("cp1256", "أمل"), ("utf-16-le", "أمل"), ("mac-roman", "René")],
)
def test_a_file_is_read_in_the_encoding_that_is_named(encoding: str, name: str) -> None:
    octets = f"email,name\nada@example.org,{name}\n".encode(encoding)

    (row,) = open_spreadsheet(io.BytesIO(octets), name="readers.csv", encoding=encoding).rows

    assert isinstance(row, Row)
    assert row.cells["name"] == name


def test_an_encoding_nobody_knows_is_refused() -> None:
    with pytest.raises(UsageError, match=r"--encoding morse: there is no such encoding\. Name one like cp1252"):
        open_spreadsheet(io.BytesIO(b"email\n"), name="readers.csv", encoding="morse")


def test_utf_16_is_read_across_the_borders_of_the_pieces_it_comes_in() -> None:
    text = "email,name\n" + "".join(f"reader{n}@example.org,😀 {n}\n" for n in range(30_000))

    rows = read(text.encode("utf-16"))

    assert len(rows) == 30_000
    assert rows[-1] == Row(line=30_001, cells={"address": "reader29999@example.org", "name": "😀 29999"})


def test_half_a_character_in_utf_16_costs_nobody_the_subscription() -> None:
    octets = "email,name\nada@example.org,A".encode("utf-16") + b"\x00\xd8\n\x00"

    (row,) = read(octets)

    assert isinstance(row, Row)
    assert row.cells == {"address": "ada@example.org", "name": "A\ufffd"}


OPEN_QUOTE = 'email,name\nada@example.org,Ada\n"ben@example.org,Ben\n' + "".join(
    f"reader{n}@example.org,Reader\n" for n in range(100)
)


def test_a_quotation_mark_never_closed_costs_its_row_alone() -> None:
    rows = read(OPEN_QUOTE)

    assert len(rows) == 102
    assert addresses(rows)[:3] == [(2, "ada@example.org"), (3, "bad"), (4, "reader0@example.org")]
    assert addresses(rows)[-1] == (103, "reader99@example.org")


def test_control_the_csv_module_alone_loses_every_row_after_an_open_quotation_mark() -> None:
    assert len(list(csv.reader(io.StringIO(OPEN_QUOTE)))) == 3


@pytest.mark.parametrize(
    "row",
    [
        '"ben@example.org"Ben,Ben',
        "ben@example.org,Ben,Quay",
        '"ben@example.org,"Ben"',
        '"ben@example.org',
        "ben@example.org," + "B" * (MAX_LINE_OCTETS + 3),
        "ben@example.org," + "B" * (MAX_LINE_OCTETS - len("ben@example.org,")),
        "ben@example.org,Ben\rdan@example.org,Dan",
    ],
)
def test_a_row_that_cannot_be_read_costs_itself_alone(row: str) -> None:
    rows = read(f"email,name\nada@example.org,Ada\n{row}\ncleo@example.org,Cleo\nwim@example.org,Wim\n")

    assert addresses(rows) == [(2, "ada@example.org"), (3, "bad"), (4, "cleo@example.org"), (5, "wim@example.org")]


def test_lines_are_counted_across_cells_of_several_lines() -> None:
    rows = read('email,consent\nada@example.org,"Yes,\nI agree"\nben@example.org,"Yes"\n')

    assert addresses(rows) == [(2, "ada@example.org"), (4, "ben@example.org")]


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_octets_are_rows_or_a_sentence(octets: bytes) -> None:
    rows = read(b"email,name\n" + octets)

    assert [row.line for row in rows] == sorted({row.line for row in rows})
    assert all(2 <= row.line <= octets.count(b"\n") + 2 for row in rows)


@settings(deadline=None)
@given((st.text(alphabet="'=+-@\t\ra1") | st.text()).map(str.strip))
def test_a_cell_made_plain_reads_back_exactly(cell: str) -> None:
    plain = plain_cell(cell)

    assert not plain.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert read_cell(f" {plain} ") == cell


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", '=HYPERLINK("x")'])
def test_s21_a_formula_gets_an_apostrophe(cell: str) -> None:
    assert plain_cell(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["", "Ada", "'Ada", "o'neil@example.org", "1-1"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert plain_cell(cell) == cell
    assert read_cell(cell) == cell
