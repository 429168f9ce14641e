"""Moments as people write them on a command line."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.timetable import read_moment

PARIS = "Europe/Paris"
WRITE = "Write a date and a time, as in 2026-12-01 08:00."
WRITE_A_CLOCK = "Write hours from 00 to 23 and minutes, as in 08:00."
WRITE_A_ZONE = "Write Region/City, such as Europe/Paris, or UTC."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-01 08:00", datetime(2026, 12, 1, 7, 0, tzinfo=UTC)),
        ("2026-12-01T08:00", datetime(2026, 12, 1, 7, 0, tzinfo=UTC)),
        ("2026-12-01t08:00", datetime(2026, 12, 1, 7, 0, tzinfo=UTC)),
        ("  2026-12-01   8:00  ", datetime(2026, 12, 1, 7, 0, tzinfo=UTC)),
        ("2026-07-01 08:00:30", datetime(2026, 7, 1, 6, 0, 30, tzinfo=UTC)),
        ("2026-12-01 08:00Z", datetime(2026, 12, 1, 8, 0, tzinfo=UTC)),
        ("2026-12-01 08:00 z", datetime(2026, 12, 1, 8, 0, tzinfo=UTC)),
        ("2026-12-01T08:00:30+01:00", datetime(2026, 12, 1, 7, 0, 30, tzinfo=UTC)),
        ("2026-12-01 08:00 -0530", datetime(2026, 12, 1, 13, 30, tzinfo=UTC)),
        ("2026-12-01 08:00+14", datetime(2026, 11, 30, 18, 0, tzinfo=UTC)),
        ("2026-12-01 08:00 America/New_York", datetime(2026, 12, 1, 13, 0, tzinfo=UTC)),
        ("2026-12-01 08:00 UTC", datetime(2026, 12, 1, 8, 0, tzinfo=UTC)),
        ("2026-10-25 02:30+02:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-10-25 02:30+01:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("2026-03-29 01:59:59", datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)),
        ("2026-03-29 03:00", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        ("2028-02-29 00:00", datetime(2028, 2, 28, 23, 0, tzinfo=UTC)),
    ],
)
def test_a_date_and_a_time_are_an_instant_in_utc(text: str, expected: datetime) -> None:
    found = read_moment(text, zone=PARIS)

    assert found == expected
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "2026-03-29 02:30",
            "there is no 02:30 on 2026-03-29 in Europe/Paris: the clocks go from 02:00 to 03:00. Write 03:00.",
        ),
        (
            "2026-03-29 02:00:01",
            "there is no 02:00:01 on 2026-03-29 in Europe/Paris: the clocks go from 02:00 to 03:00. Write 03:00.",
        ),
        (
            "2026-10-04 02:10 Australia/Lord_Howe",
            "there is no 02:10 on 2026-10-04 in Australia/Lord_Howe: the clocks go from 02:00 to 02:30. Write 02:30.",
        ),
        (
            "2024-03-30 23:30 America/Nuuk",
            "there is no 23:30 on 2024-03-30 in America/Nuuk: "
            "the clocks go from 2024-03-30 23:00 to 2024-03-31 00:00. Write 2024-03-31 00:00.",
        ),
        (
            "2011-12-30 12:00 Pacific/Apia",
            "there is no 12:00 on 2011-12-30 in Pacific/Apia: "
            "the clocks go from 2011-12-30 00:00 to 2011-12-31 00:00. Write 2011-12-31 00:00.",
        ),
        (
            "2026-10-25 02:30",
            "02:30 comes twice on 2026-10-25 in Europe/Paris. Write 2026-10-25 02:30+02:00 or 2026-10-25 02:30+01:00.",
        ),
        (
            "2026-04-05 01:45:10 Australia/Lord_Howe",
            "01:45:10 comes twice on 2026-04-05 in Australia/Lord_Howe. "
            "Write 2026-04-05 01:45:10+11:00 or 2026-04-05 01:45:10+10:30.",
        ),
        ("2026-02-30 08:00", "there is no day 2026-02-30. Write year, month and day, as in 2026-12-01."),
        ("2027-02-29 08:00", "there is no day 2027-02-29. Write year, month and day, as in 2026-12-01."),
        ("2026-13-01 08:00", "there is no day 2026-13-01. Write year, month and day, as in 2026-12-01."),
        ("0000-01-01 08:00", "there is no day 0000-01-01. Write year, month and day, as in 2026-12-01."),
        ("2026-12-01 24:00", f"there is no time 24:00. {WRITE_A_CLOCK}"),
        ("2026-12-01 08:60", f"there is no time 08:60. {WRITE_A_CLOCK}"),
        ("2026-12-01 23:59:60", f"there is no time 23:59:60. {WRITE_A_CLOCK}"),
        ("2026-12-01 08:00+24:00", "there is no offset +24:00. Write hours and minutes, as in +01:00."),
        ("2026-12-01 08:00+01:60", "there is no offset +01:60. Write hours and minutes, as in +01:00."),
        ("2026-12-01", "“2026-12-01” has no time. Write it as well: 2026-12-01 08:00."),
        (
            "2026-12-01 08:00+01:00 Europe/Paris",
            "“2026-12-01 08:00+01:00 Europe/Paris” has both an offset and a time zone. Write one of them.",
        ),
        ("2026-12-01 08:00 Mars/Olympus", f"there is no time zone “Mars/Olympus”. {WRITE_A_ZONE}"),
        ("2026-12-01 08:00 CET", f"there is no time zone “CET”. {WRITE_A_ZONE}"),
        ("2026-12-01 08:00 America", f"there is no time zone “America”. {WRITE_A_ZONE}"),
        ("2026-12-01 08:00 ../../etc/passwd", f"there is no time zone “../../etc/passwd”. {WRITE_A_ZONE}"),
        ("2026-12-01 08:00 localtime", f"there is no time zone “localtime”. {WRITE_A_ZONE}"),
        ("tomorrow 08:00", f"“tomorrow 08:00” is no moment. {WRITE}"),
        ("1.12.2026 08:00", f"“1.12.2026 08:00” is no moment. {WRITE}"),
        ("2026-12-01 8am", f"“2026-12-01 8am” is no moment. {WRITE}"),
        ("2026-12-01 08:00 Europe/Paris now", f"“2026-12-01 08:00 Europe/Paris now” is no moment. {WRITE}"),
        ("", f"“” is no moment. {WRITE}"),
        ("9" * 1000, f"“{'9' * 59}…” is no moment. {WRITE}"),
        ("２０２６-12-01 08:00", f"“２０２６-12-01 08:00” is no moment. {WRITE}"),
        ("2026-12-01\n08:00", f"“2026-12-01\\u000a08:00” is no moment. {WRITE}"),
        ("0001-01-01 00:00", f"“0001-01-01 00:00” is too far away. {WRITE}"),
        ("9999-12-31 23:00 America/New_York", f"“9999-12-31 23:00 America/New_York” is too far away. {WRITE}"),
        ("9999-12-31 23:00-05:00", f"“9999-12-31 23:00-05:00” is too far away. {WRITE}"),
    ],
)
def test_what_is_no_one_moment_gets_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        read_moment(text, zone=PARIS)

    assert str(caught.value) == sentence


def read_or_hear(text: str, zone: str) -> datetime | str:
    try:
        return read_moment(text, zone=zone)
    except ValueError as error:
        return str(error)


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from([PARIS, "Pacific/Apia", "UTC"]))
def test_a_moment_that_is_taken_shows_what_was_written(wanted: datetime, zone: str) -> None:
    written = wanted.isoformat(" ")[:19]

    said = read_or_hear(written, zone)

    if isinstance(said, str):
        assert said.startswith("there is no ") or "comes twice" in said or "too far away" in said
    else:
        assert said.astimezone(ZoneInfo(zone)).isoformat(" ")[:19] == written


@given(st.text(max_size=60) | st.text("0123456789-: TZ+/UC", max_size=40))
def test_any_text_is_a_moment_or_a_sentence(text: str) -> None:
    said = read_or_hear(text, PARIS)

    assert isinstance(said, datetime) or said.endswith(".")
