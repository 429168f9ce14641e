"""What readers have a claim to, as the promises have it: sets, and no idea of cursors, cohorts or rows.

For each reader and article: `MUST` get it, unless they get another translation of it; `MAY`, where the
promises leave it open; `OFF`, which is not on their topics but would be due; nothing, which is must not.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

MUST, MAY, OFF = "must", "may", "off"


@dataclass(kw_only=True)
class Reader:
    rhythm: str
    language: str
    topics: frozenset[str]
    zone: str
    hour: int | None
    joined_at: datetime
    active: bool = True
    paused_until: datetime | None = None
    catch_up: bool = False
    claims: dict[str, str] = field(default_factory=dict)
    got: set[str] = field(default_factory=set)

    def is_paused(self, now: datetime) -> bool:
        return self.paused_until is not None and self.paused_until > now


@dataclass(kw_only=True)
class Model:
    readers: dict[int, Reader] = field(default_factory=dict)
    group_of: dict[str, str] = field(default_factory=dict)
    topics_of: dict[str, frozenset[str]] = field(default_factory=dict)

    def suits(self, reader: Reader, article: str) -> bool:
        return not reader.topics or bool(reader.topics & self.topics_of[article])

    def publish(self, article: str, group: str, topics: frozenset[str], *, mail: bool, now: datetime) -> None:
        is_first = group not in self.group_of.values()
        self.group_of[article], self.topics_of[article] = group, topics
        for reader in self.readers.values() if mail else ():
            if not reader.active or reader.rhythm == "feed" or (reader.is_paused(now) and not reader.catch_up):
                continue
            if self.suits(reader, article):
                reader.claims[article] = MUST if is_first else MAY
            elif reader.rhythm != "each":
                reader.claims[article] = OFF

    def withdraw(self, article: str) -> None:
        for reader in self.readers.values():
            reader.claims.pop(article, None)

    def choose(self, reader: Reader, queued: Collection[str]) -> None:
        """After a choice: a topic dropped leaves at once what is not `queued`, and one that is added may bring more."""
        if reader.rhythm in ("each", "feed"):
            self.cover(reader, list(reader.claims))
        for article, claim in reader.claims.items():
            if reader.rhythm == "feed" and claim == MUST:
                reader.claims[article] = MAY
            elif not self.suits(reader, article):
                reader.claims[article] = MAY if article in queued else OFF
            elif claim == OFF:
                reader.claims[article] = MAY

    def cover(self, reader: Reader, articles: Collection[str]) -> None:
        """A topic added after the run that passed `articles` over brings none of them."""
        reader.claims = {uid: claim for uid, claim in reader.claims.items() if claim != OFF or uid not in articles}

    def lose(self, reader: Reader, queued: Collection[str], *, to: str | None) -> None:
        """What was `queued` does not leave any more: a pause caught it, or the edition was cancelled."""
        for article in queued:
            if to is None:
                reader.claims.pop(article, None)
            elif article in reader.claims:
                reader.claims[article] = to

    def send(self, reader: Reader, article: str) -> None:
        assert reader.claims.get(article) in (MUST, MAY), "nobody gets what they have no claim to"
        assert self.group_of[article] not in reader.got, "nobody gets two of one translation group"
        reader.got.add(self.group_of[article])

    def due(self, reader: Reader) -> set[str]:
        """The groups this reader must still get."""
        return {self.group_of[uid] for uid, claim in reader.claims.items() if claim == MUST} - reader.got
