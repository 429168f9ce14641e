"""The sections `[schedules.NAME]`: when digests come, what they gather, how they are called.

Comes in: plain values. Goes out: `WrittenSchedule`, what the file says of one, and `ScheduleSettings`,
what the program uses: nothing left open. `completion` makes the second of the first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, ClassVar

from newsletter.config.values import (
    Reads,
    list_of,
    one_of,
    quoted,
    read_duration,
    read_language,
    read_slug,
    read_text,
    read_time_zone,
    whole_number,
)
from newsletter.timetable import Rule, read_at, read_cron

# When a schedule of one of these names runs that says nothing of it.
USUAL_TIMES: Mapping[str, str] = {"daily": "08:00", "weekly": "mon 08:00", "monthly": "1 08:00"}
DEFAULT_MIN, DEFAULT_MAX = 1, 10
SUBJECT_FIELDS = ("newsroom", "date", "lead", "number", "schedule")

# These rhythms are no schedule: each article at once, and no mail at all.
_TAKEN = {"each": "each article at once", "feed": "no mail, only the feed"}
_KNOWN_FIELD = re.compile(r"\{(?:" + "|".join(SUBJECT_FIELDS) + r")\}")
# Not over the mark that stands for a known field.
_ANY_FIELD = re.compile(r"\{[^{}\0]*\}")
_DEFAULT_SUBJECT = "{newsroom}, {date}: {lead}"


class HourOf(StrEnum):
    """Whose clock shows the hour at which a digest comes."""

    READER = "reader"
    NEWSROOM = "newsroom"


class Empty(StrEnum):
    """What becomes of a digest without articles."""

    SKIP = "skip"


def read_schedule_name(value: object) -> str:
    """A slug that is no other rhythm's name."""
    name = read_slug(value)
    if name in _TAKEN:
        raise ValueError(f"{quoted(name)} already means {_TAKEN[name]}. Choose another name, such as weekly.")
    return name


def read_at_line(value: object) -> str:
    """The days and the time of a schedule as they are written, already known to be a rule."""
    text = read_text(value)
    read_at(text)
    return text


def read_cron_line(value: object) -> str:
    """A cron line as it is written, already known to be a rule."""
    text = read_text(value)
    read_cron(text)
    return text


def read_subject(value: object) -> str:
    """A pattern whose only braces are those of SUBJECT_FIELDS."""
    text = read_text(value)
    rest = _KNOWN_FIELD.sub("\0", text)
    known = ", ".join(f"{{{name}}}" for name in SUBJECT_FIELDS)
    unknown = _ANY_FIELD.search(rest)
    if unknown is not None:
        raise ValueError(f"there is no field {quoted(unknown[0])}. Known are {known}.")
    if "{" in rest or "}" in rest:
        raise ValueError(f"{quoted(text)} has a brace that belongs to no field. Braces stand in {known} alone.")
    return text


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenSchedule:
    """What the file says of a schedule; None where something else decides."""

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid"}
    at: Annotated[str | None, Reads(read_at_line)] = None
    cron: Annotated[str | None, Reads(read_cron_line)] = None
    hour_of: Annotated[HourOf, Reads(one_of(HourOf))] = HourOf.READER
    zone: Annotated[str | None, Reads(read_time_zone)] = None
    topics: Annotated[tuple[str, ...], Reads(list_of(read_slug))] = ()
    language: Annotated[str | None, Reads(read_language)] = None
    template: Annotated[str, Reads(read_slug)] = "digest"
    min: Annotated[int, Reads(whole_number(1, 100))] = DEFAULT_MIN
    max: Annotated[int, Reads(whole_number(1, 100))] = DEFAULT_MAX
    empty: Annotated[Empty, Reads(one_of(Empty))] = Empty.SKIP
    subject: Annotated[str, Reads(read_subject)] = _DEFAULT_SUBJECT
    grace: Annotated[timedelta | None, Reads(read_duration)] = None
    hold: Annotated[timedelta | None, Reads(read_duration)] = None
    newcomers: Annotated[int, Reads(whole_number(0, 20))] = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleSettings:
    """One schedule: a digest of `min` to `max` articles on the dates of `rule`, at its clock time.

    `name` is that of its section, and the rhythm readers choose. `hour_of` says on whose clock; `zone` is the
    newsroom's. Empty `topics` and no `language`: articles of all of them. `template` names
    `email/TEMPLATE.html` and `.txt` of the theme. `subject` is a pattern for `str.format` with SUBJECT_FIELDS.
    A digest later than `grace` is held, and `hold` before its hour it can be seen. `newcomers` counts the latest
    articles that a new reader's first digest brings. `at` and `cron` are how the rule was written, for people.
    """

    name: str
    rule: Rule
    at: str | None = None
    cron: str | None = None
    hour_of: HourOf = HourOf.READER
    zone: str = "UTC"
    topics: tuple[str, ...] = ()
    language: str | None = None
    template: str = "digest"
    min: int = DEFAULT_MIN
    max: int = DEFAULT_MAX
    empty: Empty = Empty.SKIP
    subject: str = _DEFAULT_SUBJECT
    grace: timedelta = timedelta(hours=6)
    hold: timedelta = timedelta()
    newcomers: int = 0


def fill_schedule(
    name: str, written: WrittenSchedule, *, zone: str, grace: timedelta, hold: timedelta
) -> ScheduleSettings:
    """The schedule of that `name`; `zone`, `grace` and `hold` are used where the file says none.

    The file is known to say when it runs, but for the names in USUAL_TIMES.
    """
    at = written.at if written.at or written.cron else USUAL_TIMES[name]
    return ScheduleSettings(
        name=name,
        rule=read_cron(written.cron) if written.cron else read_at(at or ""),
        at=at,
        cron=written.cron,
        hour_of=written.hour_of,
        zone=written.zone or zone,
        topics=written.topics,
        language=written.language,
        template=written.template,
        min=written.min,
        max=written.max,
        empty=written.empty,
        subject=written.subject,
        grace=grace if written.grace is None else written.grace,
        hold=hold if written.hold is None else written.hold,
        newcomers=written.newcomers,
    )
