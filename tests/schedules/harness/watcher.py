"""What must hold after each step: the books against the model, and the books against themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from model import MUST, Model, Reader
from stage import Made, Row, Stage

from newsletter.model import DeliveryState

USUAL_HOUR = 8


@cache
def first_instant(day: date, hour: int, zone: str) -> datetime:
    """When the clocks of `zone` first stand at `hour` or past it on that date, by looking at them all day."""
    moment = datetime.combine(day, time(), UTC) - timedelta(hours=15)
    while True:
        local = moment.astimezone(ZoneInfo(zone))
        if local.date() == day and local.hour >= hour:
            return moment
        moment += timedelta(minutes=15)


@dataclass(kw_only=True)
class Watcher:
    """Looks at what happened, tells the model of it, and complains of what no promise allows.

    `seq_of` is the sequence number of each article; `on_the_way` are deliveries, as (edition, reader), that
    waited for their hour when their reader chose the feed.
    """

    stage: Stage
    model: Model
    schedules: tuple[str, ...]
    seq_of: dict[str, int] = field(default_factory=dict)
    on_the_way: set[tuple[int, int]] = field(default_factory=set)
    seen: set[Made] = field(default_factory=set)
    edition_of: dict[tuple[str, date], int] = field(default_factory=dict)
    hour_of: dict[tuple[int, int], datetime] = field(default_factory=dict)
    sent: set[tuple[int, int]] = field(default_factory=set)
    cursors: dict[int, int] = field(default_factory=dict)

    def look_at_runs(self, *, at_once: bool = False) -> None:
        """Runs made since the last look: one edition for each date, with everything that was due."""
        rows = self.stage.rows()
        for made in self.stage.runs():
            if made in self.seen:
                continue
            self.seen.add(made)
            if made.edition is not None:
                first = self.edition_of.setdefault((made.schedule, made.day), made.edition)
                assert first == made.edition, "a schedule has one edition for each date"
            for number, reader in self.model.readers.items():
                if reader.active and reader.rhythm == (made.schedule if made.schedule in self.schedules else "each"):
                    self._look_at_reader(number, reader, made, rows, at_once=at_once)

    def _look_at_reader(self, number: int, reader: Reader, made: Made, rows: list[Row], *, at_once: bool) -> None:
        hour = first_instant(made.day, USUAL_HOUR if reader.hour is None else reader.hour, reader.zone)
        hour = min(hour, self.stage.now) if at_once else hour
        if made.edition is not None:
            self.hour_of[made.edition, number] = hour
        if reader.is_paused(self.stage.now) or reader.joined_at > hour:
            return
        mine = [row for row in rows if row.reader == number and row.state != DeliveryState.CANCELLED]
        has = {self.model.group_of[row.article] for row in mine}
        covered = [article for article, seq in self.seq_of.items() if seq <= made.cut]
        due = {self.model.group_of[article] for article in covered if reader.claims.get(article) == MUST}
        assert due <= has, f"a run brings everything that was due before its cut, but reader {number} lacks {due - has}"
        self.model.cover(reader, covered)

    def look_at_mail(self) -> None:
        """Mail that left since the last look: to readers who want it, not before their hour, never twice."""
        rows = [row for row in self.stage.rows() if row.state == DeliveryState.SENT]
        for row in rows:
            delivery, reader = (row.edition_id, row.reader), self.model.readers[row.reader]
            if delivery in self.sent:
                continue
            assert reader.active, "nothing reaches who left"
            assert reader.rhythm != "feed" or delivery in self.on_the_way, "nothing reaches readers of feeds"
            assert not reader.is_paused(self.stage.now), "nothing reaches who rests"
            assert self.hour_of.get(delivery, self.stage.now) <= self.stage.now, "nothing comes before its hour"
            self.model.send(reader, row.article)
        self.sent = {(row.edition_id, row.reader) for row in rows}

    def look_at_books(self) -> None:
        """Editions balance, and cursors go one way."""
        assert not self.stage.unbalanced(), "considered is audience and excluded, and audience is the sum of states"
        cursors = self.stage.cursors()
        assert all(cursors[reader] >= seq for reader, seq in self.cursors.items()), "a cursor never goes back"
        self.cursors = cursors

    def look_at_claims(self) -> None:
        """At the end: nobody waits for anything any more."""
        for number, reader in self.model.readers.items():
            due = self.model.due(reader)
            assert not due, f"every claim is met in the end, but reader {number} of {reader.rhythm} waits for {due}"
