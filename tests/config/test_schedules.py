"""The sections of schedules: what they mean, what is wrong with them, what a person should look at."""

from __future__ import annotations

import json
import tomllib
from datetime import date, time, timedelta

import pytest

from newsletter.config.settings import HourOf, ScheduleSettings
from newsletter.config.show import show
from newsletter.model import RHYTHMS
from newsletter.timetable import Rule, days, read_at

MONDAY = Rule(at=time(8, 0), weekdays=(1,))
A_SLUG = "is not a slug. Use at most 63 letters a-z, digits and single hyphens, as in harbour-post."
A_WEEKDAY = "Write mon, tue, wed, thu, fri, sat, sun or weekdays; or a day of the month from 1 to 31, or last."
A_CRON = "Write minute, hour, day of the month, month, weekday, as in 0 8 * * mon."
FIELDS = "{newsroom}, {date}, {lead}, {number}, {schedule}"
SETTINGS = "at, cron, hour_of, zone, topics, language, template, min, max, empty, subject, grace, hold, newcomers"

WHOLE = """\
[topics.harbour]
[topics.culture]
[schedules.evening]
cron = "30 18 * * 1-5"
hour_of = "newsroom"
zone = "America/New_York"
topics = ["harbour", "culture"]
language = "EN"
template = "evening-paper"
min = 2
max = 5
empty = "skip"
subject = "{schedule}: {number} of {newsroom}"
grace = "2h"
hold = "30m"
newcomers = 3
"""


def test_every_setting_of_a_schedule_is_read(load, minimal):
    evening = load(minimal + WHOLE).schedules["evening"]

    assert evening == ScheduleSettings(
        name="evening",
        rule=Rule(at=time(18, 30), weekdays=(1, 2, 3, 4, 5)),
        cron="30 18 * * 1-5",
        hour_of=HourOf.NEWSROOM,
        zone="America/New_York",
        topics=("harbour", "culture"),
        language="en",
        template="evening-paper",
        min=2,
        max=5,
        subject="{schedule}: {number} of {newsroom}",
        grace=timedelta(hours=2),
        hold=timedelta(minutes=30),
        newcomers=3,
    )


@pytest.mark.parametrize(("name", "at"), [("daily", "08:00"), ("weekly", "mon 08:00"), ("monthly", "1 08:00")])
def test_a_section_alone_switches_a_usual_schedule_on(load, minimal, name, at):
    config = load(f"{minimal}[schedules.{name}]\n")

    assert config.schedules == {name: ScheduleSettings(name=name, rule=read_at(at), at=at)}
    assert config.warnings == ()


def test_zone_grace_and_hold_are_those_of_the_newsroom_unless_written(load, minimal):
    text = minimal.replace("[email]", 'time_zone = "Asia/Tokyo"\n[email]\ngrace = "3h"\nhold = "10m"')
    written = '[schedules.daily]\n[schedules.weekly]\nzone = "UTC"\ngrace = "1h"\nhold = "0s"\n'

    found = load(text + written).schedules

    assert [(each.zone, each.grace, each.hold) for each in found.values()] == [
        ("Asia/Tokyo", timedelta(hours=3), timedelta(minutes=10)),
        ("UTC", timedelta(hours=1), timedelta()),
    ]


def test_readers_may_choose_the_schedules_in_the_order_of_the_file(load, minimal):
    text = '[schedules.monthly]\n[schedules.friday-letter]\nat = "fri 17:00"\n[schedules.daily]\n'

    assert load(minimal + text).masthead().rhythms == ("each", "monthly", "friday-letter", "daily", "feed")
    assert load().masthead().rhythms == ("each", "feed")


def test_the_three_usual_schedules_give_the_usual_rhythms(load, minimal):
    text = "[schedules.daily]\n[schedules.weekly]\n[schedules.monthly]\n"

    assert load(minimal + text).masthead().rhythms == RHYTHMS


def test_a_newsroom_without_schedules_has_none(load):
    assert load().schedules == {}


# What stands below the smallest configuration from line 19 on, and what is said of it.
WRONG = [
    ('[schedules.weekly]\nat = "mo 08:00"', f"20: schedules.weekly.at: there is no weekday “mo”. {A_WEEKDAY}"),
    (
        '[schedules.weekly]\nat = "mon"',
        "20: schedules.weekly.at: “mon” does not end with a time. Write hours and minutes, as in mon 08:00.",
    ),
    (
        '[schedules.weekly]\nat = "mon 25:00"',
        "20: schedules.weekly.at: there is no time “25:00”. Write hours from 00 to 23 and minutes, as in 08:00.",
    ),
    ('[schedules.weekly]\nat = ""', "20: schedules.weekly.at: is empty. Write something, or remove the line."),
    ("[schedules.weekly]\nat = 8", "20: schedules.weekly.at: is a whole number, not text. Put it in double quotes."),
    ("[schedules.weekly]\nat = 08:00:00", "20: schedules.weekly.at: is a date, not text. Put it in double quotes."),
    (
        '[schedules.weekly]\nat = ["mon 08:00"]',
        "20: schedules.weekly.at: is a list, not text. Put it in double quotes.",
    ),
    (
        '[schedules.weekly]\ncron = "0 8 * *"',
        f"20: schedules.weekly.cron: “0 8 * *” is not a cron line of five fields. {A_CRON}",
    ),
    (
        '[schedules.weekly]\ncron = "0 8 30 2 *"',
        "20: schedules.weekly.cron: “0 8 30 2 *” never comes: no month in it has such a day. "
        "Write a day that it has, or L for the last.",
    ),
    (
        '[schedules.weekly]\ncron = "0 8,20 * * mon"',
        "20: schedules.weekly.cron: “0 8,20 * * mon” comes more than once a day. Write one minute and one hour, "
        "and a second schedule for a second time.",
    ),
    (
        '[schedules.weekly]\ncron = "@reboot"',
        "20: schedules.weekly.cron: “@reboot” names no days. Write @daily, @weekly or @monthly, or five fields: "
        "minute, hour, day of the month, month, weekday, as in 0 8 * * mon.",
    ),
    (
        '[schedules.weekly]\nat = "mon 08:00"\ncron = "0 8 * * mon"',
        "21: schedules.weekly.cron: is set, and at too. Keep one of them.",
    ),
    (
        "[schedules.evening]",
        '19: schedules.evening.at: is missing. Write under [schedules.evening]: at = "mon 08:00"',
    ),
    (
        '[schedules.weekly]\nhour_of = "me"',
        '20: schedules.weekly.hour_of: cannot be "me". Write "reader" or "newsroom".',
    ),
    (
        '[schedules.weekly]\nzone = "Mars/Olympus"',
        '20: schedules.weekly.zone: there is no time zone "Mars/Olympus". '
        "Write Region/City, such as Europe/Paris, or UTC.",
    ),
    (
        '[schedules.weekly]\ntopics = ["sea"]',
        '20: schedules.weekly.topics: names "sea", which is no topic. Write a section [topics.sea].',
    ),
    (
        '[topics.harbour]\n[schedules.weekly]\ntopics = ["harbor"]',
        '21: schedules.weekly.topics: names "harbor", which is no topic. Did you mean harbour?',
    ),
    (
        '[topics.harbour]\n[schedules.weekly]\ntopics = "harbour"',
        "21: schedules.weekly.topics: is text, not a list. Put it in square brackets.",
    ),
    (
        '[topics.harbour]\n[schedules.weekly]\ntopics = ["harbour", "harbour"]',
        '21: schedules.weekly.topics: names "harbour" twice. Remove one.',
    ),
    (
        "[topics.harbour]\n[schedules.weekly]\ntopics = [5]",
        "21: schedules.weekly.topics: item 1 is a whole number, not text. Put it in double quotes.",
    ),
    (
        '[schedules.weekly]\nlanguage = "de"',
        '20: schedules.weekly.language: names "de", which is not among the languages. Add it to newsroom.languages.',
    ),
    (
        '[schedules.weekly]\nlanguage = "English"',
        '20: schedules.weekly.language: "english" is not a language tag. Write a tag such as en, fr, ar or pt-br.',
    ),
    ('[schedules.weekly]\ntemplate = "../evil"', f'20: schedules.weekly.template: "../evil" {A_SLUG}'),
    ('[schedules.weekly]\ntemplate = "digest.html"', f'20: schedules.weekly.template: "digest.html" {A_SLUG}'),
    ("[schedules.weekly]\nmin = 11", "20: schedules.weekly.min: is more than max, 10. Change one of them."),
    ("[schedules.weekly]\nmax = 2\nmin = 3", "21: schedules.weekly.min: is more than max, 2. Change one of them."),
    ("[schedules.weekly]\nmin = 0", "20: schedules.weekly.min: is out of range. Write a number from 1 to 100."),
    ("[schedules.weekly]\nmax = 101", "20: schedules.weekly.max: is out of range. Write a number from 1 to 100."),
    (
        '[schedules.weekly]\nmax = "10"',
        "20: schedules.weekly.max: is text. Write a whole number from 1 to 100, without quotes.",
    ),
    (
        "[schedules.weekly]\nmax = true",
        "20: schedules.weekly.max: is true or false. Write a whole number from 1 to 100, without quotes.",
    ),
    ('[schedules.weekly]\nempty = "send"', '20: schedules.weekly.empty: cannot be "send". Write "skip".'),
    (
        '[schedules.weekly]\nsubject = "{title}"',
        f'20: schedules.weekly.subject: there is no field "{{title}}". Known are {FIELDS}.',
    ),
    (
        '[schedules.weekly]\nsubject = "{lead.__class__}"',
        f'20: schedules.weekly.subject: there is no field "{{lead.__class__}}". Known are {FIELDS}.',
    ),
    (
        '[schedules.weekly]\nsubject = "{lead!r:>99}"',
        f'20: schedules.weekly.subject: there is no field "{{lead!r:>99}}". Known are {FIELDS}.',
    ),
    (
        '[schedules.weekly]\nsubject = "{}"',
        f'20: schedules.weekly.subject: there is no field "{{}}". Known are {FIELDS}.',
    ),
    (
        '[schedules.weekly]\nsubject = "{{lead}}"',
        f'20: schedules.weekly.subject: "{{{{lead}}}}" has a brace that belongs to no field. '
        f"Braces stand in {FIELDS} alone.",
    ),
    (
        '[schedules.weekly]\nsubject = "{lead} :}"',
        f'20: schedules.weekly.subject: "{{lead}} :}}" has a brace that belongs to no field. '
        f"Braces stand in {FIELDS} alone.",
    ),
    (
        r"""[schedules.weekly]
subject = "News\r\nBcc: ada@example.org" """,
        "20: schedules.weekly.subject: holds a line break or a control character (U+000D). Write it on one line.",
    ),
    (
        '[schedules.weekly]\nsubject = " "',
        "20: schedules.weekly.subject: is empty. Write something, or remove the line.",
    ),
    (
        '[schedules.weekly]\ngrace = "soon"',
        '20: schedules.weekly.grace: "soon" is not a duration. Write numbers and units: "6h", "1h30m", "2d" or "0s".',
    ),
    (
        "[schedules.weekly]\nhold = 30",
        '20: schedules.weekly.hold: is a whole number. Write a number and a unit in quotes: "6h", "30m" or "0s".',
    ),
    (
        "[schedules.weekly]\nnewcomers = 21",
        "20: schedules.weekly.newcomers: is out of range. Write a number from 0 to 20.",
    ),
    (
        "[schedules.weekly]\nnewcomers = -1",
        "20: schedules.weekly.newcomers: is out of range. Write a number from 0 to 20.",
    ),
    (
        '[schedules.weekly]\ntopic = ["sea"]',
        "20: schedules.weekly.topic: there is no such setting. Did you mean topics?",
    ),
    (
        '[schedules.weekly]\ntime = "08:00"',
        f"20: schedules.weekly.time: there is no such setting. Known here: {SETTINGS}.",
    ),
    (
        '[schedules.weekly]\nname = "weekly"',
        f"20: schedules.weekly.name: there is no such setting. Known here: {SETTINGS}.",
    ),
    (
        '[schedules.weekly]\nrule = "mon"',
        f"20: schedules.weekly.rule: there is no such setting. Known here: {SETTINGS}.",
    ),
    ('[schedule.weekly]\nat = "mon 08:00"', "19: schedule: there is no such setting. Did you mean schedules?"),
    (
        "[schedules.each]",
        '19: schedules.each: "each" already means each article at once. Choose another name, such as weekly.',
    ),
    (
        '[schedules.feed]\nat = "08:00"',
        '19: schedules.feed: "feed" already means no mail, only the feed. Choose another name, such as weekly.',
    ),
    ('[schedules.Weekly]\nat = "mon 08:00"', f'19: schedules.Weekly: "Weekly" {A_SLUG}'),
    ('[schedules."two words"]\nat = "mon 08:00"', f'19: schedules."two words": "two words" {A_SLUG}'),
    (f'[schedules.{"a" * 64}]\nat = "mon 08:00"', f'19: schedules.{"a" * 64}: "{"a" * 64}" {A_SLUG}'),
    (
        '[schedules]\nweekly = "mon 08:00"',
        "20: schedules.weekly: must be a section. Write [schedules.weekly] on a line of its own, its keys below.",
    ),
    (
        '[[schedules]]\nat = "mon 08:00"',
        "19: schedules: must be a section. Write [schedules] on a line of its own, its keys below.",
    ),
]


@pytest.mark.parametrize(("more", "expected"), WRONG)
def test_a_wrong_schedule_gets_its_line_and_a_sentence(faults, minimal, more, expected):
    assert faults(f"{minimal}{more}\n") == [f"config.toml:{expected}"]


def test_every_fault_of_every_schedule_is_told_at_once(faults, minimal):
    text = """\
[schedules.weekly]
at = "mo 08:00"
zone = "Paris"
min = 5
max = 4
[schedules.Weekly]
at = "mon 08:00"
[schedules.evening]
[schedules.daily]
subject = "{x}"
language = "de"
"""

    assert [line.split(": ")[0] + " " + line.split(": ")[1] for line in faults(minimal + text)] == [
        "config.toml:20 schedules.weekly.at",
        "config.toml:21 schedules.weekly.zone",
        "config.toml:22 schedules.weekly.min",
        "config.toml:24 schedules.Weekly",
        "config.toml:26 schedules.evening.at",
        "config.toml:28 schedules.daily.subject",
        "config.toml:29 schedules.daily.language",
    ]


def test_two_sections_of_one_name_are_no_toml(faults, minimal):
    text = f"{minimal}[schedules.weekly]\n[schedules.weekly]\n"

    assert [line.split(": ")[0] for line in faults(text)] == ["config.toml:20"]


def test_schedules_are_not_read_from_the_environment(faults, minimal):
    found = faults(f"{minimal}[schedules.weekly]\n", {"NEWSLETTER_SCHEDULES__WEEKLY__AT": "08:00"})

    assert found == [
        "NEWSLETTER_SCHEDULES__WEEKLY__AT: is no setting that the environment may hold. "
        "Remove it, or write the setting into config.toml."
    ]


def test_a_hundred_schedules_keep_their_order_and_their_warnings_are_one(load, minimal):
    names = [f"s{number}" for number in range(100)]
    text = "".join(f'[schedules.{name}]\nat = "mon 08:00"\n' for name in names)

    config = load(minimal + text)

    assert list(config.schedules) == names
    assert all(schedule.rule == MONDAY for schedule in config.schedules.values())
    assert len(config.warnings) == 1


COPIES = "run at the same time with the same articles: is one a copy?"
LATE = "a digest is late and is held for you. Write 1m or more."

# What stands below the smallest configuration, and what a person is warned of.
DOUBTFUL = [
    (
        '[schedules.a]\nat = "mon 08:00"\n[schedules.b]\ncron = "0 8 * * 1"',
        [f"schedules.a and schedules.b {COPIES}"],
    ),
    (
        '[schedules.a]\ncron = "0 8 1-7 * mon"\n[schedules.b]\ncron = "0 8 1,2-7 * 1"',
        [f"schedules.a and schedules.b {COPIES}"],
    ),
    (
        '[topics.x]\n[topics.y]\n[schedules.a]\nat = "08:00"\ntopics = ["x", "y"]\n'
        '[schedules.b]\nat = "08:00"\ntopics = ["y", "x"]\nmax = 3\n[schedules.c]\nat = "8:00"\ntopics = ["x", "y"]',
        [f"schedules.a, schedules.b and schedules.c {COPIES}"],
    ),
    ('[schedules.a]\nat = "mon 08:00"\n[schedules.b]\nat = "mon 08:01"', []),
    ('[schedules.a]\nat = "mon 08:00"\n[schedules.b]\nat = "mon 08:00"\nlanguage = "en"', []),
    ('[schedules.a]\nat = "mon 08:00"\n[schedules.b]\nat = "mon 08:00"\nhour_of = "newsroom"', []),
    (
        '[schedules.a]\nat = "mon 08:00"\nhour_of = "newsroom"\n[schedules.b]\nat = "mon 08:00"\nhour_of = "newsroom"\n'
        'zone = "Asia/Tokyo"',
        [],
    ),
    (
        '[schedules.daily]\nat = "weekdays 08:00"',
        [
            "schedules.daily: it comes Monday to Friday at 08:00, but readers choose it as daily. Change its name.",
        ],
    ),
    (
        '[schedules.weekly]\nat = "08:00"',
        ["schedules.weekly: it comes every day at 08:00, but readers choose it as weekly. Change its name."],
    ),
    (
        '[schedules.weekly]\ncron = "0 8 * * mon#1"',
        [
            'schedules.weekly: it comes at 08:00 on the days of "0 8 * * mon#1", but readers choose it as weekly. '
            "Change its name."
        ],
    ),
    (
        '[schedules.monthly]\nat = "31 08:00"',
        [
            "schedules.monthly: it comes on the 31st of each month at 08:00, but readers choose it as monthly. "
            "Change its name."
        ],
    ),
    (
        '[schedules.monthly]\nat = "1,15 08:00"',
        [
            "schedules.monthly: it comes on the 1st and 15th of each month at 08:00, but readers choose it as monthly. "
            "Change its name."
        ],
    ),
    ('[schedules.monthly]\nat = "last 08:00"', []),
    ('[schedules.monthly]\ncron = "0 8 * * mon#1"', []),
    ('[schedules.weekly]\nat = "sun 23:59"', []),
    ('[schedules.daily]\ncron = "0 8 1-31 * mon"', []),
    ('[schedules.working-days]\nat = "weekdays 08:00"', []),
    ('[schedules.weekly]\ngrace = "30s"', [f"schedules.weekly.grace: after 30s {LATE}"]),
    ('[schedules.weekly]\ngrace = "1m"', []),
]


@pytest.mark.parametrize(("more", "expected"), DOUBTFUL)
def test_a_doubtful_schedule_loads_with_a_warning(load, minimal, more, expected):
    assert list(load(f"{minimal}{more}\n").warnings) == expected


def test_a_short_grace_of_all_is_warned_of_once_and_only_where_there_are_schedules(load, minimal):
    text = minimal.replace("[email]", '[email]\ngrace = "0s"')

    assert load(f"{text}[schedules.daily]\n[schedules.weekly]\n").warnings == (f"email.grace: after 0s {LATE}",)
    assert load(text).warnings == ()


def test_what_is_shown_of_schedules_is_what_is_used_and_where_it_came_from(load, minimal):
    shown = {each.key: (each.value, each.origin) for each in show(load(f"{minimal}[schedules.weekly]\nmin = 2\n"))}

    assert {key.removeprefix("schedules.weekly."): value for key, value in shown.items() if "weekly" in key} == {
        "at": ("mon 08:00", "default"),
        "cron": (None, "default"),
        "hour_of": ("reader", "default"),
        "zone": ("UTC", "default"),
        "topics": ([], "default"),
        "language": (None, "default"),
        "template": ("digest", "default"),
        "min": (2, "config.toml:20"),
        "max": (10, "default"),
        "empty": ("skip", "default"),
        "subject": ("{newsroom}, {date}: {lead}", "default"),
        "grace": ("6h", "default"),
        "hold": ("0s", "default"),
        "newcomers": (0, "default"),
    }
    assert json.dumps(sorted(shown))


def test_schedules_that_are_shown_load_again_as_the_same(load, minimal):
    config = load(minimal + WHOLE + "[schedules.daily]\n")
    text = "\n".join(str(setting) for setting in show(config))

    assert tomllib.loads(text)["schedules"]["evening"]["cron"] == "30 18 * * 1-5"
    assert load(text).schedules == config.schedules


def test_the_dates_of_a_loaded_schedule_are_those_that_are_written(load, minimal):
    weekly = load(f'{minimal}[schedules.weekly]\nat = "thu 17:00"\n').schedules["weekly"]

    assert list(days(weekly.rule, date(2026, 11, 24), date(2026, 12, 4))) == [date(2026, 11, 26), date(2026, 12, 3)]
