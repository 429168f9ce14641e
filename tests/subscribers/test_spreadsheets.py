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
        ("email\nada@example.org\n".encode("utf-16"), "readers.csv:1: the file is in UTF-16. Save it as “CSV UTF-8”"),
        ("email\n".encode("utf-16-le"), "readers.csv:1: the file is in UTF-16, or not text at all."),
        ("email,prénom\n".encode("latin-1"), "readers.csv:1: the octet 0xe9 is not UTF-8. Save it as “CSV UTF-8”"),
        (b"email,name\rada@example.org,Ada\r", "readers.csv:1: the lines end as on old Macs (CR)."),
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
    assert rows[1] == BadRow(line=3, message="the octet 0xe9 is not UTF-8. Save it as “CSV UTF-8” and import it again.")


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
