"""When a schedule runs: on which local dates, and which instant a local clock time is in a zone.

Comes in: a line of the configuration, dates, clock times, names of zones. Goes out: rules, dates and
instants in aware UTC. Pure: no clock is read here, and a rule never sees a zone. A rule says on which
dates, `instant_of` says when that is on a given clock. The configuration reads rules with it, the rooms
make slots with it, and the doors read moments with it.
"""

from newsletter.timetable.cron import read_cron
from newsletter.timetable.instants import in_zone, instant_of
from newsletter.timetable.lines import in_words, read_at
from newsletter.timetable.moments import read_moment
from newsletter.timetable.rule import LAST_DAY, Rule, days, latest_day, next_day

__all__ = [
    "LAST_DAY",
    "Rule",
    "days",
    "in_words",
    "in_zone",
    "instant_of",
    "latest_day",
    "next_day",
    "read_at",
    "read_cron",
    "read_moment",
]
