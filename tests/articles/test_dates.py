from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.articles.dates import NotADateError, parse_date
from newsletter.model import Manuscript

Read = Callable[..., Manuscript]
Refuse = Callable[..., list[str]]

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24", datetime(2026, 11, 23, 23, 0, tzinfo=UTC)),
        ("2026-07-01", datetime(2026, 6, 30, 22, 0, tzinfo=UTC)),
        ("2026-11-24 08:30", datetime(2026, 11, 24, 7, 30, tzinfo=UTC)),
        ("2026-11-24T08:30:15.250", datetime(2026, 11, 24, 7, 30, 15, tzinfo=UTC)),
        ("2026-11-24T08:30:00Z", datetime(2026, 11, 24, 8, 30, tzinfo=UTC)),
        ("2026-11-24 08:30 +02:00", datetime(2026, 11, 24, 6, 30, tzinfo=UTC)),
        ("2026-11-24T08:30-0530", datetime(2026, 11, 24, 14, 0, tzinfo=UTC)),
        ("2026-1-5", datetime(2026, 1, 4, 23, 0, tzinfo=UTC)),
    ],
)
def test_a_date_is_an_instant_in_utc(text: str, expected: datetime) -> None:
    assert parse_date(text, zone=PARIS) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("2026-13-01", 'there is no month 13 in "2026-13-01". Write it as YYYY-MM-DD.'),
        ("2026-02-29", "there is no day 29 in February 2026. Write it as YYYY-MM-DD."),
        ("2026-11-00", "there is no day 0 in November 2026. Write it as YYYY-MM-DD."),
        ("0026-11-24", 'the year 0026 in "0026-11-24" is not between 1900 and 2199. Write it as YYYY-MM-DD.'),
        ("24/11/2026", '"24/11/2026" is not a date. Write it as YYYY-MM-DD, or YYYY-MM-DD HH:MM.'),
        ("tomorrow", '"tomorrow" is not a date. Write it as YYYY-MM-DD, or YYYY-MM-DD HH:MM.'),
        ("2026-11-24 25:00", 'there is no hour 25:00 in "2026-11-24 25:00".'),
        ("2026-11-24 noon", '"2026-11-24 noon" is not a date with an hour.'),
        ("2026-11-24 08:00+99:00", 'there is no zone +99:00 in "2026-11-24 08:00+99:00". Write it as Z or +02:00.'),
        ("2026-11-2٤", '"2026-11-2٤" is not a date.'),
    ],
)
def test_an_impossible_date_is_told_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(NotADateError) as caught:
        parse_date(text, zone=PARIS)

    assert str(caught.value).startswith(sentence)


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-12 * 4, 14 * 4))
def test_every_iso_date_comes_back(moment: datetime, quarters: int) -> None:
    moment = moment.replace(year=1900 + moment.year % 300, day=min(moment.day, 28), microsecond=0)
    offset = timedelta(minutes=15 * quarters)
    sign, minutes = ("-" if quarters < 0 else "+"), abs(15 * quarters)
    text = f"{moment:%Y-%m-%dT%H:%M:%S}{sign}{minutes // 60:02}:{minutes % 60:02}"

    assert parse_date(text, zone=UTC) == moment - offset


@given(st.text(alphabet="0123456789-:T+Z. ", max_size=30))
def test_any_other_text_is_a_sentence(text: str) -> None:
    try:
        told = str(parse_date(text, zone=UTC))
    except NotADateError as error:
        told = str(error)

    assert told.endswith((".", "+00:00"))


def test_the_fault_names_file_line_and_field(refuse: Refuse) -> None:
    assert refuse("---\ntitle: Spring\nauthor: Ada\ndate: 2026-13-01\n---\nText", "articles/2026-11-spring.md") == [
        'articles/2026-11-spring.md:4: date: there is no month 13 in "2026-13-01". Write it as YYYY-MM-DD.'
    ]


def test_a_naive_date_is_taken_in_the_zone_handed_in(read: Read) -> None:
    text = "---\ntitle: Quay\ndate: 2026-11-24 08:00\nupdated: 2026-11-25T08:00:00Z\n---\nText"

    assert read(text).date == datetime(2026, 11, 24, 8, tzinfo=UTC)
    manuscript = read(text, time_zone="Asia/Tokyo")
    assert manuscript.date == datetime(2026, 11, 23, 23, tzinfo=UTC)
    assert manuscript.updated == datetime(2026, 11, 25, 8, tzinfo=UTC)
