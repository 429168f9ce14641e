"""Values on screen: no control reaches a terminal, no table is folded in a file, JSON stays JSON."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.cli.screen import Screen
from newsletter.cli.values import as_json, counted, hour, jsonable, plain, shown, size
from newsletter.model import DeliveryState, EditionState

ANYTHING = st.text(st.characters(exclude_categories=()))


@given(ANYTHING)
def test_plain_text_moves_no_cursor_and_can_be_written(text: str) -> None:
    safe = plain(text)

    assert len(safe) == len(text)
    assert not [c for c in safe if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c not in "\t\n"]
    safe.encode()


@pytest.mark.parametrize("word", ["L’Écho du port", "الميناء", "港の便り", "[red]not red[/red]", "a\tb", "👩‍🚒"])
def test_plain_text_keeps_what_people_write(word: str) -> None:
    assert plain(word) == word


@given(ANYTHING)
def test_json_holds_the_text_as_it_is_and_can_be_looked_at(text: str) -> None:
    written = as_json({"title": text})

    assert json.loads(written) == {"title": text}
    assert plain(written) == written


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    state: DeliveryState
    at: datetime
    path: Path
    nothing: None = None


def test_record_as_json_has_enums_by_name_and_times_in_utc() -> None:
    at = datetime(2026, 11, 24, 10, tzinfo=timezone(timedelta(hours=1)))

    assert jsonable(Record(state=DeliveryState.SENT, at=at, path=Path("a/b"))) == {
        "state": "sent",
        "at": "2026-11-24T09:00:00Z",
        "path": "a/b",
        "nothing": None,
    }
    assert jsonable({EditionState.HELD: (1, 2.5, True)}) == {"held": [1, 2.5, True]}


def test_cells_are_one_line() -> None:
    assert shown(None) == ""
    assert shown("a\nb\r\nc\u2028d") == "a b c d"
    assert shown(datetime(2026, 11, 24, 9, tzinfo=UTC)) == hour(datetime(2026, 11, 24, 9, tzinfo=UTC))


def test_numbers_agree_with_their_nouns() -> None:
    assert [counted(n, "reader") for n in (0, 1, 2, 1_201)] == ["0 readers", "1 reader", "2 readers", "1,201 readers"]
    assert [size(n) for n in (1, 6_100, 2_300_000)] == ["1 KB", "6 KB", "2.3 MB"]


def test_table_in_a_file_is_neither_folded_nor_coloured_nor_padded(capsys) -> None:
    Screen().table(None, ("name", "value"), [("x" * 300, "[bold]y[/bold]"), ("z", "")], empty="")

    header, first, second = capsys.readouterr().out.splitlines()
    assert header.split() == ["name", "value"]
    assert first == f"{'x' * 300}  [bold]y[/bold]"
    assert second == "z"


def test_columns_line_up_under_letters_of_double_width(capsys) -> None:
    Screen().table(None, ("title", "n"), [("港の便り", 1), ("quay", 2)], empty="")

    _, wide, narrow = capsys.readouterr().out.splitlines()
    assert (wide, narrow) == ("港の便り  1", "quay      2")


def test_quiet_keeps_talk_back_and_warnings_not(capsys) -> None:
    screen = Screen(quiet=True)
    screen.say("talk")
    screen.warn("warning")
    screen.data(None, ["data"])

    assert capsys.readouterr() == ("data\n", "warning\n")
