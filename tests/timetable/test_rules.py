"""Rules as they are written in a line, on which dates they fall, and how people say them."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.timetable import LAST_DAY, Rule, days, in_words, latest_day, next_day, read_at

EIGHT = time(8, 0)
WRITE_A_WEEKDAY = "Write mon, tue, wed, thu, fri, sat, sun or weekdays; or a day of the month from 1 to 31, or last."
WRITE_A_NUMBER = "Write numbers from 1 to 31 with commas between, or last."
WRITE_A_CLOCK = "Write hours from 00 to 23 and minutes, as in 08:00."

dates = st.dates(date(2000, 1, 1), date(2100, 12, 31))
rules = st.builds(
    Rule,
    at=st.just(EIGHT),
    weekdays=st.sets(st.integers(1, 7)).map(lambda found: tuple(sorted(found))),
) | st.builds(
    Rule,
    at=st.just(EIGHT),
    month_days=st.sets(st.integers(1, 31) | st.just(LAST_DAY), min_size=1).map(lambda found: tuple(sorted(found))),
)


@pytest.mark.parametrize(
    ("text", "rule", "words"),
    [
        ("08:00", Rule(at=EIGHT), "every day at 08:00"),
        ("8:05", Rule(at=time(8, 5)), "every day at 08:05"),
        ("00:00", Rule(at=time(0, 0)), "every day at 00:00"),
        ("mon 08:00", Rule(at=EIGHT, weekdays=(1,)), "every Monday at 08:00"),
        ("Sunday 23:59", Rule(at=time(23, 59), weekdays=(7,)), "every Sunday at 23:59"),
        ("mon,thu 08:00", Rule(at=EIGHT, weekdays=(1, 4)), "every Monday and Thursday at 08:00"),
        ("THU, mon 08:00", Rule(at=EIGHT, weekdays=(1, 4)), "every Monday and Thursday at 08:00"),
        ("mon wed fri 08:00", Rule(at=EIGHT, weekdays=(1, 3, 5)), "every Monday, Wednesday and Friday at 08:00"),
        ("mon-fri 08:00", Rule(at=EIGHT, weekdays=(1, 2, 3, 4, 5)), "Monday to Friday at 08:00"),
        ("Monday - Friday 08:00", Rule(at=EIGHT, weekdays=(1, 2, 3, 4, 5)), "Monday to Friday at 08:00"),
        ("weekdays 08:00", Rule(at=EIGHT, weekdays=(1, 2, 3, 4, 5)), "Monday to Friday at 08:00"),
        ("weekdays,sat 08:00", Rule(at=EIGHT, weekdays=(1, 2, 3, 4, 5, 6)), "Monday to Saturday at 08:00"),
        ("sat-mon 08:00", Rule(at=EIGHT, weekdays=(1, 6, 7)), "every Monday, Saturday and Sunday at 08:00"),
        ("mon-sun 08:00", Rule(at=EIGHT), "every day at 08:00"),
        ("mon,monday 08:00", Rule(at=EIGHT, weekdays=(1,)), "every Monday at 08:00"),
        ("1 08:00", Rule(at=EIGHT, month_days=(1,)), "on the 1st of each month at 08:00"),
        ("15,1 08:00", Rule(at=EIGHT, month_days=(1, 15)), "on the 1st and 15th of each month at 08:00"),
        (
            "2,3,11,22 08:00",
            Rule(at=EIGHT, month_days=(2, 3, 11, 22)),
            "on the 2nd, 3rd, 11th and 22nd of each month at 08:00",
        ),
        ("last 08:00", Rule(at=EIGHT, month_days=(LAST_DAY,)), "on the last day of each month at 08:00"),
        ("last,15 08:00", Rule(at=EIGHT, month_days=(15, LAST_DAY)), "on the 15th and last day of each month at 08:00"),
    ],
)
def test_a_line_of_days_and_a_time_is_a_rule_that_people_can_read(text: str, rule: Rule, words: str) -> None:
    assert read_at(text) == rule
    assert in_words(rule) == words


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("mo 08:00", f"there is no weekday “mo”. {WRITE_A_WEEKDAY}"),
        ("mon-fry 08:00", f"there is no weekday “fry”. {WRITE_A_WEEKDAY}"),
        ("mon- 08:00", f"there is no weekday “”. {WRITE_A_WEEKDAY}"),
        ("daily 08:00", f"there is no weekday “daily”. {WRITE_A_WEEKDAY}"),
        ("lundi 08:00", f"there is no weekday “lundi”. {WRITE_A_WEEKDAY}"),
        ("0 08:00", f"no month has a day “0”. {WRITE_A_NUMBER}"),
        ("32 08:00", f"no month has a day “32”. {WRITE_A_NUMBER}"),
        ("1-7 08:00", f"no month has a day “1-7”. {WRITE_A_NUMBER}"),
        ("1st 08:00", f"no month has a day “1st”. {WRITE_A_NUMBER}"),
        ("٣ 08:00", f"no month has a day “٣”. {WRITE_A_NUMBER}"),
        ("mon,1 08:00", "“mon,1 08:00” mixes weekdays with days of the month. Write two schedules, or a cron line."),
        ("mon", "“mon” does not end with a time. Write hours and minutes, as in mon 08:00."),
        ("08:00 mon", "“08:00 mon” does not end with a time. Write hours and minutes, as in mon 08:00."),
        ("mon 8", "“mon 8” does not end with a time. Write hours and minutes, as in mon 08:00."),
        ("mon 24:00", f"there is no time “24:00”. {WRITE_A_CLOCK}"),
        ("mon 08:60", f"there is no time “08:60”. {WRITE_A_CLOCK}"),
        ("mon 08:00:30", f"there is no time “08:00:30”. {WRITE_A_CLOCK}"),
        ("mon 08:00pm", f"there is no time “08:00pm”. {WRITE_A_CLOCK}"),
        ("", "“” is no time. Write a day and a time, as in mon 08:00."),
        ("  ", "“  ” is no time. Write a day and a time, as in mon 08:00."),
        ("mon," * 100 + " 08:00", f"“{('mon,' * 15)[:59]}…” is no time. Write a day and a time, as in mon 08:00."),
        ("mon\x1b[2J 08:00", f"there is no weekday “mon\\u001b[2j”. {WRITE_A_WEEKDAY}"),
    ],
)
def test_a_line_that_names_no_days_gets_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        read_at(text)

    assert str(caught.value) == sentence


@given(st.text(max_size=300))
def test_any_line_is_a_rule_or_a_sentence(text: str) -> None:
    try:
        said = in_words(read_at(text))
    except ValueError as error:
        said = str(error)

    assert said[-1] == "." or said.endswith(("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("31 08:00", [date(2028, 1, 31), date(2028, 3, 31)]),
        ("29 08:00", [date(2028, 1, 29), date(2028, 2, 29), date(2028, 3, 29)]),
        ("last 08:00", [date(2028, 1, 31), date(2028, 2, 29), date(2028, 3, 31)]),
        (
            "29,last 08:00",
            [date(2028, 1, 29), date(2028, 1, 31), date(2028, 2, 29), date(2028, 3, 29), date(2028, 3, 31)],
        ),
    ],
)
def test_a_day_that_a_month_lacks_is_left_out_and_the_last_is_always_there(text: str, found: list[date]) -> None:
    assert list(days(read_at(text), date(2028, 1, 1), date(2028, 3, 31))) == found


@given(rules, dates, st.integers(-3, 400))
def test_the_days_of_a_span_are_those_it_falls_on_in_order(rule: Rule, first: date, length: int) -> None:
    last = first + timedelta(days=length)

    found = list(days(rule, first, last))

    assert found == [day for day in map(first.__add__, map(timedelta, range(length + 1))) if rule.falls_on(day)]


@given(rules, dates, st.integers(0, 100))
def test_the_latest_day_is_the_last_of_the_span_or_none(rule: Rule, since: date, length: int) -> None:
    until = since + timedelta(days=length)

    assert latest_day(rule, until, since=since) == next(iter(sorted(days(rule, since, until), reverse=True)), None)


@given(rules, dates)
def test_the_next_day_is_later_and_no_day_lies_between(rule: Rule, after: date) -> None:
    found = next_day(rule, after)

    assert found is not None
    assert found > after
    assert list(days(rule, after + timedelta(days=1), found)) == [found]


def test_the_next_29th_of_february_is_found_across_a_century_without_one() -> None:
    rule = Rule(at=EIGHT, cron="0 8 29 2 *")

    assert next_day(rule, date(2096, 2, 29)) == date(2104, 2, 29)


def test_at_the_end_of_the_calendar_there_is_no_next_day() -> None:
    assert next_day(Rule(at=EIGHT), date.max) is None
    assert list(days(Rule(at=EIGHT), date.max, date.max)) == [date.max]
