"""Everything that can happen to digests, in any order: the state machine beside the model.

After each step what left is held against the model's claims, and the books against themselves. At the end
time passes until everything has had its chance; then every claim must be met.
"""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from events import (
    DIGESTS,
    MOST_READERS,
    STARTS,
    Letters,
    News,
    articles,
    changes,
    choices,
    letters,
    news,
    pick,
    seldom,
    who,
)
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from model import MAY, Model, Reader
from stage import Row, Stage
from watcher import Watcher

from newsletter.editions import cancel_edition, resume_edition
from newsletter.errors import UsageError
from newsletter.model import EditionKind, EditionState, SubscriberId
from newsletter.store.editions import StoredEdition
from newsletter.subscribers import Choices, unsubscribe
from newsletter.subscribers.pauses import pause
from newsletter.subscribers.preferences import save

# No longer than any grace, so that nothing is held while somebody looks this often.
LOOK = timedelta(hours=12)


class Digests(RuleBasedStateMachine):
    """Readers, articles, clocks, and an owner with second thoughts."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage, self.model = stage, Model()
        self.watcher = Watcher(stage=stage, model=self.model, schedules=DIGESTS)
        self.numbers = itertools.count(1)
        self.files: dict[str, tuple[str, str]] = {}
        self.public: list[str] = []
        self.resting: set[str] = set()
        self.has_begun = False

    @initialize(start=st.sampled_from(STARTS), readers=st.lists(choices, min_size=4, max_size=4))
    def begin(self, start: datetime, readers: list[dict[str, Any]]) -> None:
        self.has_begun = True
        self.stage.begin(start)
        self.stage.tick()
        for reader in readers:
            self.join(reader)

    def teardown(self) -> None:
        if self.has_begun:
            self.settle()

    @invariant()
    def books_add_up(self) -> None:
        if self.has_begun:
            self.watcher.look_at_books()

    # Articles.

    @rule(article=articles)
    def publish(self, article: News) -> None:
        number = next(self.numbers)
        self._publish(f"a{number}", f"a{number}.md", article)

    @precondition(lambda self: self.public)
    @rule(pick=pick, article=articles)
    def translate(self, pick: int, article: News) -> None:
        original = self.public[pick % len(self.public)]
        group, (_, text) = self.model.group_of[original], self.files[original]
        language = "en" if "language: fr" in text else "fr"
        name = f"{group}.{language}.md"
        if all(known != name for known, _ in self.files.values()):
            self._publish(group, name, replace(article, language=language))

    def _publish(self, group: str, name: str, article: News) -> None:
        dated = f"date: {self.stage.now - timedelta(days=40):%Y-%m-%d}\n" if article.back_dated else ""
        front = f"title: News {name}\nlanguage: {article.language}\ntopics: {sorted(article.topics)}\n{dated}"
        text = f"---\n{front}---\nNews of {name}.\n"
        uid = self.stage.publish(name, text, feed_only=article.feed_only, everyone=article.everyone)
        self.files[uid] = (name, text)
        self.public.append(uid)
        self.watcher.seq_of[uid] = self.stage.sequence()
        self.model.publish(uid, group, article.topics, mail=not article.feed_only, now=self.stage.now)

    @precondition(lambda self: self.public)
    @rule(pick=pick, verb=st.sampled_from(("withdraw", "correct", "correct significantly")))
    def take_up_again(self, pick: int, verb: str) -> None:
        uid = self.public[pick % len(self.public)]
        if verb != "withdraw":
            name, text = self.files[uid]
            self.files[uid] = (name, f"{text}And so on.\n")
            self.stage.publish(*self.files[uid], significant=verb != "correct")
            return
        self.public.remove(uid)
        queued = self.stage.queued()
        for edition in self.stage.withdraw(uid):
            # Who follows a digest may find what `everyone` was sent in there, after all.
            self._give_up(edition, queued, to=MAY)
        self.model.withdraw(uid)

    # Readers.

    @precondition(lambda self: len(self.model.readers) < MOST_READERS)
    @rule(chosen=choices)
    def join(self, chosen: dict[str, Any]) -> None:
        reader = Reader(**chosen, joined_at=self.stage.now)
        address = f"reader{len(self.model.readers)}@example.org"
        self.model.readers[self.stage.join(address, self._choices(reader))] = reader

    @rule(who=who, change=changes)
    def choose(self, who: int, change: dict[str, Any]) -> None:
        number, reader = self._reader(who)
        if "pause" in change:
            weeks, catch_up = change["pause"]
            self._rest(number, reader, weeks=weeks, catch_up=catch_up)
            return
        queued = self.stage.queued(number)
        if change.get("rhythm") == "feed":
            # Nobody takes back what waits for its hour in a row of its own.
            self.watcher.on_the_way |= {(row.edition_id, number) for row in queued}
        for name, value in change.items():
            setattr(reader, name, value)
        save(self.stage.store, SubscriberId(number), self._choices(reader), intake=self.stage.intake)
        self.model.choose(reader, {row.article for row in queued})

    @precondition(lambda self: sum(reader.active for reader in self.model.readers.values()) > 2)
    @rule(who=who)
    def leave(self, who: int) -> None:
        number, reader = self._reader(who)
        unsubscribe(self.stage.store, SubscriberId(number), source="link", now=self.stage.now)
        reader.active = False
        reader.claims.clear()

    def _reader(self, who: int) -> tuple[int, Reader]:
        active = [(number, reader) for number, reader in self.model.readers.items() if reader.active]
        return active[who % len(active)]

    def _rest(self, number: int, reader: Reader, *, weeks: int, catch_up: bool) -> None:
        if weeks and not catch_up:
            self.model.lose(reader, {row.article for row in self.stage.queued(number)}, to=MAY)
        pause(self.stage.store, SubscriberId(number), weeks=weeks, catch_up=catch_up, intake=self.stage.intake)
        reader.paused_until = self.stage.now + timedelta(weeks=weeks) if weeks else None
        reader.catch_up = bool(weeks) and catch_up

    def _choices(self, reader: Reader) -> Choices:
        return Choices(
            rhythm=reader.rhythm,
            language=reader.language,
            topics=tuple(sorted(reader.topics)),
            time_zone=reader.zone,
            hour="" if reader.hour is None else str(reader.hour),
        )

    # Time.

    @rule(news=news, letters=letters, minutes=st.integers(1, 600), twice=st.booleans())
    def wait_a_little(self, news: list[News], letters: Letters, minutes: int, twice: bool) -> None:
        self._begin_with(news, letters)
        self._pass(timedelta(minutes=minutes), every=timedelta(hours=5), twice=twice)

    @rule(news=news, letters=letters, hours=st.integers(10, 96), every=st.sampled_from((6, 9, 12)), twice=seldom)
    def wait(self, news: list[News], letters: Letters, hours: int, every: int, twice: bool) -> None:
        self._begin_with(news, letters)
        self._pass(timedelta(hours=hours), every=timedelta(hours=every), twice=twice)

    @rule(news=news, letters=letters, hours=st.integers(1, 30 * 24), twice=st.booleans())
    def be_off(self, news: list[News], letters: Letters, hours: int, twice: bool) -> None:
        self._begin_with(news, letters)
        self._pass(timedelta(hours=hours), every=timedelta(hours=hours), twice=twice)

    @rule(hours=st.sampled_from((1, -1, 24, -24)))
    def jump(self, hours: int) -> None:
        before, self.stage.now = self.stage.now, self.stage.now + timedelta(hours=hours)
        for reader in self.model.readers.values():
            # What came between the end of a pause and its second end belongs to neither.
            if reader.paused_until is not None and self.stage.now < reader.paused_until <= before:
                self.model.lose(reader, list(reader.claims), to=MAY)
        self._ring(twice=False)

    def _begin_with(self, news: list[News], letters: Letters) -> None:
        for article in news:
            self.publish(article)
        for number, change in letters:
            self.choose(number, change)

    def _pass(self, how_long: timedelta, *, every: timedelta, twice: bool = False) -> None:
        """Let time pass, with a look at the clock `every` so often."""
        until = self.stage.now + how_long
        while self.stage.now < until:
            self.stage.now = min(self.stage.now + every, until)
            self._ring(twice=twice)

    def _ring(self, *, twice: bool) -> None:
        if self.stage.tick(twice=twice):
            self.watcher.look_at_runs()
        if self.stage.send():
            self.watcher.look_at_mail()

    # The owner's second thoughts.

    @precondition(lambda self: self._on_the_way())
    @rule()
    def cancel(self) -> None:
        edition = self._on_the_way()[0]
        self._give_up(edition.id, self.stage.queued(), to=None)
        cancel_edition(self.stage.store, edition.uid, reason="a second thought", now=self.stage.now)

    def _on_the_way(self) -> list[StoredEdition]:
        going = (EditionState.SCHEDULED, EditionState.SENDING)
        return [each for each in self.stage.editions() if each.kind is EditionKind.DIGEST and each.state in going]

    def _give_up(self, edition: int, queued: list[Row], *, to: str | None) -> None:
        """Nothing of a cancelled edition is given back."""
        for row in queued:
            if row.edition_id == edition:
                self.model.lose(self.model.readers[row.reader], {row.article}, to=to)

    @precondition(lambda self: any(each.state is EditionState.HELD for each in self.stage.editions()))
    @rule()
    def resume_held(self) -> None:
        self._resume_held()

    def _resume_held(self) -> None:
        for edition in self.stage.editions():
            if edition.state is EditionState.HELD:
                resume_edition(self.stage.store, edition.uid, now=self.stage.now)
        self._ring(twice=False)

    @rule(name=st.sampled_from(DIGESTS), verb=st.sampled_from(("rest", "skip", "undo skip", "run", "run")))
    def direct(self, name: str, verb: str) -> None:
        desk, schedule = self.stage.desk, self.stage.config.schedules[name]
        if verb == "rest":
            self.resting.add(name)
            desk.pause(name)
        elif verb == "run":
            with suppress(UsageError):
                desk.run(name)
            self.watcher.look_at_runs(at_once=True)
        else:
            day = self.stage.now.date() + timedelta(days=1)
            while not schedule.rule.falls_on(day):
                day += timedelta(days=1)
            with suppress(UsageError):
                desk.skip(name, day, undo=verb != "skip")

    @precondition(lambda self: self.resting)
    @rule()
    def resume_schedules(self) -> None:
        for name in sorted(self.resting):
            self.stage.desk.resume(name)
        self.resting.clear()

    def settle(self) -> None:
        """Let everything go on, and time pass until every claim had its chance."""
        self.resume_schedules()
        for number, reader in self.model.readers.items():
            if reader.active:
                self._rest(number, reader, weeks=0, catch_up=False)
        self._resume_held()
        for _ in range(2 * 40):
            if not any(self.model.due(reader) for reader in self.model.readers.values()):
                break
            self._pass(LOOK, every=LOOK)
            self._resume_held()
        self._pass(2 * LOOK, every=LOOK)
        self.watcher.look_at_books()
        self.watcher.look_at_claims()
