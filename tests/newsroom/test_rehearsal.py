"""The coming days, rehearsed: nothing real changes, and what then really happens is what was shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from real_newsroom import MAREES, QUAY, Desk

from newsletter.editions import PublishWishes, Wishes
from newsletter.rehearsal import Rehearsal, rehearsal_lines
from newsletter.store.meta import remember
from newsletter.store.tables import metadata

WEEKLY = '[schedules.weekly]\nat = "mon 08:00"\n'
DAILY = '[schedules.daily]\nat = "07:00"\nhour_of = "newsroom"\n'
MONTHLY = '[schedules.monthly]\nat = "1 08:00"\nhour_of = "newsroom"\n'


def set_schedules(desk: Desk, *sections: str) -> None:
    """Have these schedules, and let them begin now."""
    desk.configure("[topics.diplomacy]\n", f"{''.join(sections)}[topics.diplomacy]\n")
    desk.newsroom.tick()


@pytest.fixture
def planned(desk: Desk) -> Desk:
    """A newsroom in which much is to come."""
    return plan_much(desk)


def plan_much(desk: Desk) -> Desk:
    """A weekly and a daily schedule, four readers in three zones, two articles, and one that waits for its hour."""
    set_schedules(desk, WEEKLY, DAILY)
    desk.add()
    desk.add("wim@example.org", rhythm="weekly")
    desk.add("farid@example.org", rhythm="weekly", language="fr", time_zone="America/New_York")
    desk.add("amal@example.org", rhythm="daily", language="ar", time_zone="Asia/Tokyo")
    desk.publish(desk.write("articles/tides.md"))
    desk.publish(desk.write("articles/marees.md", MAREES))
    desk.newsroom.send_due()
    at = desk.now + timedelta(days=2)
    plan = desk.newsroom.plan([desk.write("articles/quay.md", QUAY)], wishes=Wishes(), publish=PublishWishes(), at=at)
    desk.newsroom.publish_at(plan, at)
    return desk


def everything(desk: Desk) -> dict[str, object]:
    """Every row of every table, and every file of the newsroom that is not its database."""
    rows = {table.name: desk.rows(table) for table in metadata.sorted_tables}
    files = [path for path in desk.folder.rglob("*") if path.is_file() and not path.name.startswith("newsletter.db")]
    return {**rows, "files": {path: path.read_bytes() for path in files}}


def live(desk: Desk, until: datetime, step: timedelta = timedelta(hours=1)) -> list[tuple[datetime, str, str]]:
    """Let the time really pass; gives (hour, address, subject) of what left, in order."""
    seen: set[str] = {str(message["Message-ID"]) for message in desk.outbox()}
    found: list[tuple[datetime, str, str]] = []
    while desk.now < until:
        desk.now += step
        assert desk.newsroom.tick().faults == ()
        desk.newsroom.send_due()
        new = [message for message in desk.outbox() if str(message["Message-ID"]) not in seen]
        seen |= {str(message["Message-ID"]) for message in new}
        found += [(desk.now, str(message["To"]), str(message["Subject"])) for message in new]
    return found


def subjects(rehearsal: Rehearsal) -> list[tuple[datetime, str, int]]:
    """(hour, subject, emails) of each edition, in order."""
    return [(edition.at, edition.subject, edition.audience) for edition in rehearsal.editions]


def test_changes_no_row_and_no_file_and_brings_the_same_on_both_databases(either_desk: Desk) -> None:
    before = everything(plan_much(either_desk))

    rehearsal = either_desk.newsroom.rehearse(days=7)

    assert everything(either_desk) == before
    assert [(edition.name, f"{edition.at:%m-%d %H:%M}", edition.audience) for edition in rehearsal.editions] == [
        ("daily", "11-25 06:00", 1),
        ("publication", "11-26 09:00", 1),
        ("daily", "11-27 06:00", 1),
        ("weekly", "11-30 07:00", 2),
    ]


def test_says_who_gets_what_when(planned: Desk) -> None:
    lines = list(rehearsal_lines(planned.newsroom.rehearse(days=7), zone="Europe/Paris"))

    assert lines[0] == "from 2026-11-24 10:00 to 2026-12-01 10:00 Europe/Paris"
    assert [line.partition(": “")[0] for line in lines if "”, " in line] == [
        "2026-11-25 07:00  daily",
        "2026-11-26 10:00  publication",
        "2026-11-27 07:00  daily",
        "2026-11-30 08:00  weekly",
    ]
    assert "2026-11-26 10:00  publication: “The quay is mended”, 1 email" in lines
    assert any(line.startswith("    1 in ar: ") for line in lines)
    assert "    at 2026-11-30 08:00 Europe/Paris (30 07:00 UTC): 1" in lines
    assert "    at 2026-11-30 08:00 America/New_York (30 13:00 UTC): 1" in lines
    assert any("daily 2026-11-26: skipped (nothing new)" in line for line in lines)


def test_counts_the_emails_of_each_hour(planned: Desk) -> None:
    rehearsal = planned.newsroom.rehearse(days=7)

    assert rehearsal.by_hour[datetime(2026, 11, 30, 7, tzinfo=UTC)] == 1
    assert rehearsal.by_hour[datetime(2026, 11, 30, 13, tzinfo=UTC)] == 1
    assert sum(rehearsal.by_hour.values()) == sum(edition.audience for edition in rehearsal.editions)
    lines = list(rehearsal_lines(rehearsal, zone="UTC"))
    assert lines[lines.index("emails an hour") + 1] == "    2026-11-25 06:00  1"


def test_what_then_happens_is_what_was_rehearsed(desk: Desk) -> None:
    desk.now = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
    set_schedules(desk, WEEKLY, DAILY)
    desk.add("wim@example.org", rhythm="weekly")
    desk.add("farid@example.org", rhythm="weekly", language="fr", time_zone="America/New_York")
    desk.add("amal@example.org", rhythm="daily", language="ar")
    desk.publish(desk.write("articles/tides.md"))
    desk.publish(desk.write("articles/marees.md", MAREES))

    rehearsal = desk.newsroom.rehearse(days=2)
    happened = live(desk, rehearsal.end)

    by_hour: dict[datetime, int] = {}
    for at, _, _ in happened:
        by_hour[at] = by_hour.get(at, 0) + 1
    assert rehearsal.by_hour == by_hour
    rehearsed = {
        variant.subject for edition in rehearsal.editions for variant, _, readers in edition.variants if readers
    }
    assert {subject for _, _, subject in happened} == rehearsed
    assert {address for _, address, _ in happened} == {"wim@example.org", "farid@example.org", "amal@example.org"}


def test_second_rehearsal_of_an_unchanged_newsroom_says_the_same(planned: Desk) -> None:
    first, second = (list(rehearsal_lines(planned.newsroom.rehearse(days=9), zone="UTC")) for _ in range(2))

    assert first == second


def test_shows_nobody_who_left_or_pauses(desk: Desk) -> None:
    set_schedules(desk, DAILY)
    for name in ("ada", "ben", "cleo"):
        desk.add(f"{name}@example.org", rhythm="daily")
    desk.publish(desk.write("articles/tides.md"))
    desk.leave("cleo@example.org")

    (edition,) = desk.newsroom.rehearse(days=1).editions

    assert (edition.audience, [readers for _, _, readers in edition.variants]) == (2, [2])


def test_says_what_would_not_work_once_and_shows_the_rest(desk: Desk) -> None:
    desk.write("templates/email/mine.html", "{{ no.such.thing }}")
    desk.write("templates/email/mine.txt", "{{ no.such.thing }}")
    set_schedules(desk, WEEKLY, DAILY + 'template = "mine"\n')
    desk.add("wim@example.org", rhythm="weekly")
    desk.add("ben@example.org", rhythm="daily")
    desk.publish(desk.write("articles/tides.md"))

    rehearsal = desk.newsroom.rehearse(days=7)

    assert [edition.name for edition in rehearsal.editions] == ["weekly"]
    assert len(rehearsal.faults) >= 1
    assert all(fault.startswith("the daily digest: ") for fault in rehearsal.faults)
    assert len(set(rehearsal.faults)) == len(rehearsal.faults)


def test_of_a_paused_newsroom_says_that_nothing_would_happen(desk: Desk) -> None:
    set_schedules(desk, DAILY)
    with desk.store.writing() as connection:
        remember(connection, "paused", "restored from a backup")

    rehearsal = desk.newsroom.rehearse(days=3)

    assert rehearsal.editions == ()
    assert rehearsal.faults == ("the newsroom is paused: restored from a backup",)


def test_without_schedules_shows_what_waits_for_its_hour(desk: Desk) -> None:
    desk.add()
    at = desk.now + timedelta(hours=3)
    file = desk.write("articles/tides.md")
    desk.newsroom.publish_at(desk.newsroom.plan([file], wishes=Wishes(), publish=PublishWishes(), at=at), at)

    assert subjects(desk.newsroom.rehearse(days=1)) == [(at, "The tide tables are out", 1)]
    assert subjects(desk.newsroom.rehearse(days=3)) == [(at, "The tide tables are out", 1)]


def test_paused_edition_keeps_no_rehearsal_from_its_end(desk: Desk) -> None:
    set_schedules(desk, DAILY)
    desk.add("ben@example.org", rhythm="daily")
    at = desk.now + timedelta(hours=3)
    plan = desk.newsroom.plan([desk.write("articles/quay.md", QUAY)], wishes=Wishes(), publish=PublishWishes(), at=at)
    desk.newsroom.publish_at(plan, at)
    desk.newsroom.pause_edition(plan.editions[0].uid)
    desk.publish(desk.write("articles/tides.md"))

    rehearsal = desk.newsroom.rehearse(days=2)

    assert [edition.name for edition in rehearsal.editions] == ["daily"]
    assert rehearsal.end == desk.now + timedelta(days=2)


def test_year_that_ends_within_it_loses_and_repeats_no_run(desk: Desk) -> None:
    desk.now = datetime(2026, 12, 29, 9, 0, tzinfo=UTC)
    set_schedules(desk, DAILY, WEEKLY, MONTHLY)
    for rhythm in ("daily", "weekly", "monthly"):
        desk.add(f"{rhythm}@example.org", rhythm=rhythm)
    desk.publish(desk.write("articles/tides.md"))

    rehearsal = desk.newsroom.rehearse(days=8)

    runs = [(edition.name, f"{edition.at:%m-%d}") for edition in rehearsal.editions]
    assert runs == [("daily", "12-30"), ("monthly", "01-01"), ("weekly", "01-04")]
    quiet = [f"{slot.local_date:%m-%d}" for slot in rehearsal.quiet if slot.schedule == "daily"]
    assert sorted(quiet) == ["01-01", "01-02", "01-03", "01-04", "01-05", "01-06", "12-31"]


def test_leaves_no_copy_of_the_database_behind(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_schedules(desk, DAILY)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))

    desk.newsroom.rehearse(days=1)

    assert list(scratch.iterdir()) == []
