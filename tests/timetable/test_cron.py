"""Cron lines, against a slow matcher that knows nothing of the library."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, time, timedelta
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.timetable import LAST_DAY, Rule, days, in_words, next_day, read_at, read_cron

ORDER = "minute, hour, day of the month, month, weekday, as in 0 8 * * mon"
WEEKDAYS = "*, or numbers from 0 for Sunday to 7, or sun to sat; a range goes up, as in 5-7"
MONTH_DAYS = "*, or numbers from 1 to 31, or L for the last"
MONTHS = "*, or numbers from 1 to 12, or jan to dec"
TWICE = "comes more than once a day. Write one minute and one hour, and a second schedule for a second time."


@pytest.mark.parametrize(
    ("cron", "at"),
    [
        ("0 8 * * *", "08:00"),
        ("00 08 * * *", "08:00"),
        ("  0\t8 *  * * ", "08:00"),
        ("0 8 * * mon", "mon 08:00"),
        ("0 8 * * MON", "mon 08:00"),
        ("0 8 * * 1", "mon 08:00"),
        ("0 8 * * 0", "sun 08:00"),
        ("0 8 * * 7", "sun 08:00"),
        ("0 8 * * 5-7", "fri,sat,sun 08:00"),
        ("0 8 * * 1-5", "weekdays 08:00"),
        ("0 8 * * mon-fri", "weekdays 08:00"),
        ("0 8 * * 0-6", "08:00"),
        ("0 8 * * 1-7", "08:00"),
        ("30 6 1 * *", "1 06:30"),
        ("30 6 1,15 * *", "1,15 06:30"),
        ("30 6 1 1-12 *", "1 06:30"),
        ("0 8 L * *", "last 08:00"),
        ("0 8 15,L * *", "15,last 08:00"),
        ("@daily", "00:00"),
        ("@midnight", "00:00"),
        ("@weekly", "sun 00:00"),
        ("@monthly", "1 00:00"),
        ("@Monthly", "1 00:00"),
    ],
)
def test_a_cron_line_that_a_short_line_can_say_is_the_same_rule(cron: str, at: str) -> None:
    assert read_cron(cron) == read_at(at)


@pytest.mark.parametrize(
    ("cron", "found"),
    [
        # Both fields narrow: one of them suffices. One begins with a star: both count. So does Debian's cron.
        ("0 8 1-7 * mon", [1, 2, 3, 4, 5, 6, 7, 9, 16, 23, 30]),
        ("0 8 */10 * mon", []),
        ("0 8 */15 * mon", [16]),
        ("0 8 1-31 * mon", list(range(1, 31))),
        ("0 8 * 11 mon#2", [9]),
        ("0 8 * 11 5L", [27]),
        ("0 8 LW 11 *", [30]),
        ("0 8 * 10 *", []),
        ("0 8 24 nov *", [24]),
    ],
)
def test_a_line_that_no_short_line_can_say_keeps_its_dates(cron: str, found: list[int]) -> None:
    rule = read_cron(cron)

    assert rule == Rule(at=time(8, 0), cron=cron)
    assert [day.day for day in days(rule, date(2026, 11, 1), date(2026, 11, 30))] == found
    assert in_words(rule) == f'at 08:00 on the days of "{cron}"'


def test_yearly_comes_on_new_years_day() -> None:
    assert next_day(read_cron("@yearly"), date(2026, 1, 1)) == date(2027, 1, 1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "0 8 30 2 *",
            "“0 8 30 2 *” never comes: no month in it has such a day. Write a day that it has, or L for the last.",
        ),
        (
            "0 8 31 4,6,9,11 *",
            "“0 8 31 4,6,9,11 *” never comes: no month in it has such a day. "
            "Write a day that it has, or L for the last.",
        ),
        ("0 8 * 2 mon#5", "“0 8 * 2 mon#5” comes never, or hardly ever. Write days that every year has."),
        ("0,30 8 * * *", f"“0,30 8 * * *” {TWICE}"),
        ("0 8,20 * * *", f"“0 8,20 * * *” {TWICE}"),
        ("0 */6 * * *", f"“0 */6 * * *” {TWICE}"),
        ("* * * * *", f"“* * * * *” {TWICE}"),
        ("60 8 * * *", "“60” is not a minute in “60 8 * * *”. Write a number from 0 to 59."),
        ("0 24 * * *", "“24” is not an hour in “0 24 * * *”. Write a number from 0 to 23."),
        ("0 -1 * * *", "“-1” is not an hour in “0 -1 * * *”. Write a number from 0 to 23."),
        ("0 8 0 * *", f"“0” is not a day of the month in “0 8 0 * *”. Write {MONTH_DAYS}."),
        ("0 8 32 * *", f"“32” is not a day of the month in “0 8 32 * *”. Write {MONTH_DAYS}."),
        ("0 8 ? * *", f"“?” is not a day of the month in “0 8 ? * *”. Write {MONTH_DAYS}."),
        ("0 8 * 13 *", f"“13” is not a month in “0 8 * 13 *”. Write {MONTHS}."),
        ("0 8 * january *", f"“january” is not a month in “0 8 * january *”. Write {MONTHS}."),
        ("0 8 * * 8", f"“8” is not a weekday in “0 8 * * 8”. Write {WEEKDAYS}."),
        ("0 8 * * monday", f"“monday” is not a weekday in “0 8 * * monday”. Write {WEEKDAYS}."),
        ("0 8 * * fri-sun", f"“fri-sun” is not a weekday in “0 8 * * fri-sun”. Write {WEEKDAYS}."),
        ("0 8 * * mon#6", f"“mon#6” is not a weekday in “0 8 * * mon#6”. Write {WEEKDAYS}."),
        ("0 8 * * */0", f"“*/0” is not a weekday in “0 8 * * */0”. Write {WEEKDAYS}."),
        ("0 8 * *", f"“0 8 * *” is not a cron line of five fields. Write {ORDER}."),
        ("0 0 8 * * mon", f"“0 0 8 * * mon” is not a cron line of five fields. Write {ORDER}."),
        ("", f"“” is not a cron line of five fields. Write {ORDER}."),
        ("mon 08:00", f"“mon 08:00” is not a cron line of five fields. Write {ORDER}."),
        ("@reboot", f"“@reboot” names no days. Write @daily, @weekly or @monthly, or five fields: {ORDER}."),
        ("@hourly", f"“@hourly” names no days. Write @daily, @weekly or @monthly, or five fields: {ORDER}."),
        (f"{'0,' * 150}0 8 * * *", f"“{'0,' * 29}0…” is not a cron line of five fields. Write {ORDER}."),
        ("0 ٨ * * *", "“٨” is not an hour in “0 ٨ * * *”. Write a number from 0 to 23."),
    ],
)
def test_a_line_that_is_no_cron_line_for_a_digest_gets_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        read_cron(text)

    assert str(caught.value) == sentence


def read_or_hear(text: str) -> Rule | str:
    try:
        return read_cron(text)
    except ValueError as error:
        return str(error)


@given(st.text(max_size=60) | st.text("0123456789*/-,#LWlw@ ", max_size=40))
def test_any_line_is_a_rule_or_a_sentence_of_ours(text: str) -> None:
    said = read_or_hear(text)

    assert isinstance(said, Rule) or (said.startswith("“") and said.endswith("."))


class Field(NamedTuple):
    """A field as it is written, and the numbers it means."""

    text: str
    numbers: frozenset[int]


@st.composite
def fields(draw: st.DrawFn, low: int, high: int, names: tuple[str, ...] = ()) -> Field:
    terms = draw(st.lists(st.sampled_from("*ns-/"), min_size=1, max_size=3))
    texts, numbers = [], set[int]()
    for term in terms:
        first, second = sorted((draw(st.integers(low, high)), draw(st.integers(low, high))))
        step = draw(st.integers(1, 9))
        if term == "*":
            texts.append("*")
            numbers.update(range(low, high + 1))
        elif term == "s":
            texts.append(f"*/{step}")
            numbers.update(range(low, high + 1, step))
        elif term == "n":
            texts.append(names[first - low] if names and first - low < len(names) else str(first))
            numbers.add(first)
        elif term == "-":
            texts.append(f"{first}-{second}")
            numbers.update(range(first, second + 1))
        else:
            # A range of one number with a step means "from there to the end" to some crons: not compared.
            last = max(second, min(first + 1, high))
            first = min(first, last - 1)
            texts.append(f"{first}-{last}/{step}")
            numbers.update(range(first, last + 1, step))
    return Field(text=",".join(texts), numbers=frozenset(numbers))


MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAY_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def slow_match(day: date, month_days: Field, months: Field, weekdays: Field) -> bool:
    """What crontab(5) of Debian says, word by word."""
    in_month = day.day in month_days.numbers
    in_week = day.isoweekday() in weekdays.numbers or day.isoweekday() % 7 in weekdays.numbers
    is_both = month_days.text.startswith("*") or weekdays.text.startswith("*")
    return day.month in months.numbers and (in_month and in_week if is_both else in_month or in_week)


NINE_YEARS = timedelta(days=9 * 366)
STARTS = [date(year, 1, 1) for year in range(2001, 2030)]
LONG = [date(2001, 1, 1) + timedelta(days=number) for number in range(38 * 366)]


@settings(max_examples=300, deadline=None)
@example(Field("1", frozenset({1})), Field("jan", frozenset({1})), Field("*/7", frozenset({0, 7})), date(2003, 1, 1))
@given(fields(1, 31), fields(1, 12, MONTH_NAMES), fields(0, 7, DAY_NAMES), st.dates(date(2000, 1, 1), date(2037, 1, 1)))
def test_the_dates_of_a_cron_line_are_those_of_the_manual(
    month_days: Field, months: Field, weekdays: Field, first: date
) -> None:
    span = [first + timedelta(days=number) for number in range(1200)]
    expected = [day for day in span if slow_match(day, month_days, months, weekdays)]

    said = read_or_hear(f"5 7 {month_days.text} {months.text} {weekdays.text}")

    if isinstance(said, str):
        assert "never" in said
        # The first of January on a Sunday stays away from 2023 to 2034: that is hardly ever, too.
        falling = [day for day in LONG if slow_match(day, month_days, months, weekdays)]
        assert any(not any(start < day <= start + NINE_YEARS for day in falling) for start in STARTS)
    else:
        assert said.at == time(7, 5)
        assert list(days(said, span[0], span[-1])) == expected


@given(st.sets(st.integers(1, 28) | st.just(LAST_DAY), min_size=1), st.integers(2000, 2037), st.integers(1, 12))
def test_last_days_are_the_last_whatever_the_month(numbers: set[int], year: int, month: int) -> None:
    length = monthrange(year, month)[1]
    line = f"0 8 {','.join('L' if each == LAST_DAY else str(each) for each in numbers)} * *"

    found = days(read_cron(line), date(year, month, 1), date(year, month, length))

    assert {day.day for day in found} == {length if each == LAST_DAY else each for each in numbers}
