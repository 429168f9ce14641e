"""What each reader of a schedule is to get: everything their cursor has not covered, up to the cut, once.

Comes in: the schedule, a cut, the readers' hours. Goes out: the cohorts, each with the articles it gets.
The articles are chosen here, once per cohort; the readers are sorted in the store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from newsletter.config.settings import HourOf, ScheduleSettings
from newsletter.editions.dress import furniture_for
from newsletter.model import Masthead
from newsletter.store.candidates import Candidate, candidates, first_edition_with
from newsletter.store.gathering import Cohort, Question, ReadersHour, lowest_cursor, something_is_owed, sort_readers

NOBODY = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """One gathering: publications up to `cut`, the hours of this run, and how far the schedule's own feed has come.

    `rhythm` names the readers; with `owed_only` just those to whom something is owed, and nothing else.
    """

    schedule: ScheduleSettings
    rhythm: str
    cut: int
    hours: tuple[ReadersHour, ...]
    covered_through: int
    now: datetime
    owed_only: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """One variant to be: the furniture's language, and revisions in reading order. The first article leads."""

    furniture: str
    contents: tuple[Candidate, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """What each cohort (by key) gets; None for nothing, and `few` are those who wait for the schedule's minimum.

    `public` is what somebody without wishes would get: the digest as its own feed and page show it.
    """

    cohorts: tuple[Cohort, ...]
    looks: Mapping[str, Look | None]
    few: frozenset[str]
    public: Look | None

    @property
    def wanted(self) -> tuple[Look, ...]:
        """Every look that somebody gets, the public one first."""
        looks = [self.public, *self.looks.values()]
        return tuple(dict.fromkeys(look for look in looks if look is not None))


def gather(connection: Connection, order: Order, masthead: Masthead) -> Gathered:
    """Sort the readers and choose their articles; nothing is written but what sorting keeps for this transaction."""
    lowest = lowest_cursor(connection, order.rhythm, now=order.now)
    after = min(order.covered_through, order.cut if lowest is None else lowest)
    if order.owed_only:
        after = order.cut
    choice = candidates(connection, order.rhythm, after=after, cut=order.cut)
    groups: dict[str, list[Candidate]] = {}
    for one in choice:
        groups.setdefault(one.group_uid, []).append(one)
    question = Question(
        rhythm=order.rhythm,
        now=order.now,
        groups=tuple(groups),
        topics=tuple(dict.fromkeys(topic for one in choice for topic in one.topics)),
        first_edition=first_edition_with(connection, tuple(groups)),
        hours=order.hours,
        is_local=order.schedule.hour_of is HourOf.READER,
        is_owed=something_is_owed(connection, order.rhythm, now=order.now),
        owed_only=order.owed_only,
    )
    cohorts = sort_readers(connection, question)
    somebody = () if order.owed_only else (_somebody_new(order, masthead),)
    found_for = {one.key: pending(one, groups, order, masthead) for one in (*cohorts, *somebody)}
    languages = {one.key: one.language for one in (*cohorts, *somebody)}
    looks = {key: _look(languages[key], found, order, masthead) for key, found in found_for.items()}
    few = frozenset(key for key, found in found_for.items() if found and looks[key] is None)
    return Gathered(cohorts=tuple(cohorts), looks=looks, few=few, public=looks.pop(NOBODY, None))


def pending(
    reader: Cohort, groups: Mapping[str, Sequence[Candidate]], order: Order, masthead: Masthead
) -> list[Candidate]:
    """The articles this cohort has not got yet, the newest first; at most one of each translation group."""
    rank = {language: n for n, language in enumerate(masthead.languages_for(reader.language))}
    found: list[Candidate] = []
    for group, members in groups.items():
        if group in reader.received:
            continue
        wanted = [one for one in members if one.mailed and _suits(one, reader, order.schedule)]
        if not wanted:
            continue
        # A translation in a worse language is no news to who was told in a better one.
        best = min(wanted, key=lambda one: (rank.get(one.language, len(rank)), one.seq))
        is_new = best.seq > reader.after and not order.owed_only
        if is_new or group in reader.owed:
            found.append(best)
    return sorted(found, key=lambda one: one.seq, reverse=True)


def _suits(one: Candidate, reader: Cohort, schedule: ScheduleSettings) -> bool:
    if schedule.topics and not set(schedule.topics) & set(one.topics):
        return False
    if schedule.language and one.language != schedule.language:
        return False
    return reader.topics is None or bool(reader.topics & set(one.topics))


def _look(language: str, found: Sequence[Candidate], order: Order, masthead: Masthead) -> Look | None:
    if len(found) < max(order.schedule.min, 1):
        return None
    lead = next((one for one in found[: order.schedule.max] if one.has_image), found[0])
    contents = (lead, *(one for one in found if one is not lead))
    return Look(furniture=furniture_for(language, masthead), contents=contents)


def _somebody_new(order: Order, masthead: Masthead) -> Cohort:
    """A reader without wishes who follows the schedule's feed."""
    return Cohort(
        key=NOBODY,
        language=order.schedule.language or masthead.language,
        after=order.covered_through,
        topics=None,
        received=frozenset(),
        owed=frozenset(),
        readers=0,
    )
