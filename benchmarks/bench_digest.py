"""What a tick costs with many readers in many zones: nothing due, a run that makes a digest, and its memory.

The same newsroom in one run with 10,000, 100,000 and 1,000,000 readers of a weekly digest in 40 zones, three
languages and four choices of topics; ratios are per reader against the smallest.
"""

from __future__ import annotations

import itertools
import os
import resource
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import available_timezones

from sqlalchemy import func, insert, select

from newsletter.answers import World
from newsletter.editions import PublishWishes, Wishes
from newsletter.newsroom import Newsroom
from newsletter.store.tables import deliveries, editions, subscriber_topics, subscribers, variants

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))[::12][:40]
CONFIG = """\
[newsroom]
title = "The Harbour Post"
slug = "harbour-post"
tag = "news.example.org,2026-11-24"
base_url = "https://news.example.org"
language = "en"
languages = ["en", "fr", "ar"]
fallback = { ar = ["fr", "en"] }
time_zone = "Europe/Paris"
publisher = "Harbour Press, 1 Quay Street, Exampletown"
[email]
from = "The Harbour Post <news@example.org>"
owner = "owner@example.org"
[delivery]
transport = "outbox"
[transports.outbox]
kind = "maildir"
path = "outbox"
[topics.harbour]
[topics.culture]
[topics.diplomacy]
[schedules.weekly]
"""
TOPICS = ((), ("harbour",), ("culture",), ("harbour", "diplomacy"))


class Clock:
    """A clock that stands where it is put."""

    now = NOW


def newsroom(folder: Path, clock: Clock, readers: int) -> Newsroom:
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(CONFIG, "utf-8")
    ids = itertools.count(1)
    world = World(
        clock=lambda: clock.now,
        new_id=lambda: f"{next(ids):08x}-0000-4000-8000-000000000000",
        random=os.urandom,
        environ={},
    )
    made = Newsroom(folder, world)
    made.tick()
    people = (
        {
            "uid": f"r{n}",
            "address": f"r{n}@example.org",
            "address_key": f"r{n}@example.org",
            "suppression_key": f"{n:064x}",
            "name": "",
            "state": "active",
            "language": ("en", "fr", "ar")[n % 3],
            "time_zone": ZONES[n % len(ZONES)],
            "hour": None if n % 5 else n % 24,
            "rhythm": "weekly",
            "covered_through": 0,
            "token_version": 1,
            "joined_at": NOW,
        }
        for n in range(readers)
    )
    with made.store.writing() as connection:
        while chunk := list(itertools.islice(people, 20_000)):
            connection.execute(insert(subscribers), chunk)
        first = connection.execute(select(func.min(subscribers.c.id))).scalar_one()
        chosen = ({"subscriber_id": first + n, "topic": topic} for n in range(readers) for topic in TOPICS[n % 4])
        while chunk := list(itertools.islice(chosen, 50_000)):
            connection.execute(insert(subscriber_topics), chunk)
    made.store.checkpoint()
    return made


def publish(made: Newsroom) -> None:
    for number, topic in enumerate(("harbour", "culture", "diplomacy", "harbour", "culture")):
        file = made.folder / "articles" / f"a{number}.md"
        file.parent.mkdir(exist_ok=True)
        words = "Spring tides come earlier this year, and higher. " * 40
        file.write_text(f"---\ntitle: Article {number}\nlanguage: en\ntopics: [{topic}]\n---\n{words}\n", "utf-8")
        made.publish(made.plan([file], wishes=Wishes(), publish=PublishWishes()))


def timed(do, *, times: int = 1) -> float:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        do()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def measure(readers: int) -> dict[str, float]:
    """Seconds of each kind of tick, in a process of its own so that memory is its own."""
    with tempfile.TemporaryDirectory() as folder:
        clock = Clock()
        made = newsroom(Path(folder) / "newsroom", clock, readers)
        publish(made)
        desk = made.schedules()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        clock.now = NOW + timedelta(hours=1)
        quiet = timed(desk.tick, times=7)
        # Monday has begun in the first zones of the world: from here on the readers' zones are asked each time.
        clock.now = datetime(2026, 11, 29, 9, 50, tzinfo=UTC)
        desk.tick()
        asking = timed(desk.tick, times=7)
        rehearsed = timed(lambda: made.schedule_board().preview("weekly"))
        clock.now = datetime(2026, 11, 29, 20, 0, tzinfo=UTC)
        run = timed(desk.tick)
        after = timed(desk.tick, times=7)
        with made.store.reading() as connection:
            rows = connection.execute(select(func.count()).select_from(deliveries)).scalar_one()
            digests = select(editions.c.id).where(editions.c.kind == "digest")
            wanted = select(func.count()).select_from(variants).where(variants.c.edition_id.in_(digests))
            looks = connection.execute(wanted).scalar_one()
        made.close()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {
            "quiet": quiet,
            "asking": asking,
            "preview": rehearsed,
            "run": run,
            "after": after,
            "rows": rows,
            "variants": looks,
            "grew": memory - before,
            "memory": memory,
        }


COLUMNS = ("readers", "nothing due", "zones asked", "preview", "the run", "a reader", "after it", "variants", "memory")


def main() -> None:
    sizes = [int(word.replace("_", "")) for word in sys.argv[1:]] or [10_000, 100_000, 1_000_000]
    print(f"| {' | '.join(COLUMNS)} |")
    print("|---:" * len(COLUMNS) + "|")
    base = None
    for readers in sizes:
        found = measure(readers)
        each = found["run"] / readers
        base = base or each
        cells = (
            f"{readers:,}",
            f"{found['quiet'] * 1e3:.1f} ms",
            f"{found['asking'] * 1e3:.1f} ms",
            f"{found['preview']:.2f} s",
            f"{found['run']:.2f} s",
            f"{each * 1e3:.4f} ms ({each / base:.2f})",
            f"{found['after'] * 1e3:.1f} ms",
            f"{found['variants']:.0f}",
            f"{found['memory']:.0f} MB",
        )
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
