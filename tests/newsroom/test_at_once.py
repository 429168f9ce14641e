"""Two people, two windows, a double click: one edition, one email each. On SQLite and on PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import PIPE
from threading import Barrier

from real_newsroom import QUAY, TIDES, Desk, picture
from sqlalchemy import event

from newsletter.editions import PublishWishes, Wishes, release
from newsletter.newsroom import Newsroom
from newsletter.store.tables import articles, deliveries, editions, publications

ROUNDS = 20
HARNESS = Path(__file__).parent / "harness"


def at_once(*verbs: Callable[[], object]) -> list[object]:
    """What each gives, all begun at the same moment in a thread of its own."""
    begin = Barrier(len(verbs))

    def do(verb: Callable[[], object]) -> object:
        begin.wait()
        return verb()

    with ThreadPoolExecutor(len(verbs)) as pool:
        return list(pool.map(do, verbs))


def publish(newsroom: Newsroom, *files: Path) -> object:
    return newsroom.publish(newsroom.plan(files, wishes=Wishes(), publish=PublishWishes(each=True)))


def close(*newsrooms: Newsroom) -> None:
    for newsroom in newsrooms:
        newsroom.store.close()


def test_one_plan_released_by_two_at_once_makes_one_edition_each_time(either_desk: Desk) -> None:
    readers = [either_desk.add(f"{name}@example.org").id for name in ("ada", "farid", "amal")]
    plans = []
    for number in range(ROUNDS):
        file = either_desk.write(f"articles/{number}.md", TIDES.replace("The tide", f"{number} tide"))
        plans.append([either_desk.plan(file) for _ in range(2)])
    stores = [either_desk.store, either_desk.another().store]

    for pair in plans:
        turns = zip(stores, pair, strict=True)
        results = at_once(*(lambda s=s, p=p: release(s, p, now=either_desk.now) for s, p in turns))

        assert results[0].editions == results[1].editions
        assert sorted(len(result.published) for result in results) == [0, 1]
    stores[1].close()

    assert [either_desk.count(table) for table in (articles, publications, editions)] == [ROUNDS] * 3
    rows = [(row["edition_id"], row["subscriber_id"]) for row in either_desk.rows(deliveries)]
    assert rows == [(row["id"], reader) for row in either_desk.rows(editions) for reader in readers]


def test_different_articles_published_at_once_all_stand_in_the_feed(either_desk: Desk) -> None:
    either_desk.add()
    picture(either_desk.folder / "articles/quay.png")
    files = [
        either_desk.write(f"articles/{n}.md", f"{QUAY.replace('The quay', f'Quay {n}')}\n![Quay](quay.png)\n")
        for n in range(4)
    ]
    newsrooms = [either_desk.another() for _ in files]

    at_once(*(lambda n=n, f=f: publish(n, f) for n, f in zip(newsrooms, files, strict=True)))
    close(*newsrooms)

    assert [row["seq"] for row in either_desk.rows(publications)] == [1, 2, 3, 4]
    assert [either_desk.read("feeds/rss.xml").count(f"<title>Quay {n} is mended</title>") for n in range(4)] == [1] * 4
    assert [either_desk.read("articles/.uids.toml").count(f'"articles/{n}.md"') for n in range(4)] == [1] * 4
    assert either_desk.newsroom.renew_outputs(everything=True).changed == ()


def test_article_published_while_pages_are_written_is_for_the_next_run(either_desk: Desk) -> None:
    """PostgreSQL shows it to whoever asks late: remembered as written, it would be missing for ever."""
    either_desk.publish(either_desk.write("articles/tides.md"))
    plan = either_desk.plan(either_desk.write("articles/quay.md", QUAY))
    other = either_desk.another()
    interrupted = []

    def interrupt(_connection, _cursor, statement, *_rest) -> None:
        if "FROM slugs" in statement and not interrupted:
            interrupted.append(release(other.store, plan, now=either_desk.now))

    engine = either_desk.store.engine
    event.listen(engine, "before_cursor_execute", interrupt)
    either_desk.newsroom.renew_outputs()
    event.remove(engine, "before_cursor_execute", interrupt)
    close(other)
    assert either_desk.newsroom.outputs_are_stale()

    either_desk.newsroom.renew_outputs()

    assert "The quay is mended" in either_desk.read("feeds/rss.xml")
    assert (either_desk.folder / "site/en/the-quay-is-mended/index.html").is_file()


def test_one_file_from_outside_published_by_two_at_once_is_copied_whole(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    for number in range(5):
        file = tmp_path / "outside" / f"{number}.md"
        file.write_text(TIDES.replace("The tide", f"{number} tide"), "utf-8")
        newsrooms = [desk.another() for _ in range(2)]

        at_once(*(lambda n=n, f=file: publish(n, f) for n in newsrooms))
        close(*newsrooms)

    there = sorted(path.name for path in (desk.folder / "articles").iterdir())
    assert there == [".uids.toml", *(f"{number}.md" for number in range(5))]
    assert desk.count(editions) == 5


def test_two_commands_in_two_processes_mail_each_reader_once(desk: Desk) -> None:
    for name in ("ada", "farid", "amal"):
        desk.add(f"{name}@example.org")
    file = desk.write("articles/tides.md")
    command = [sys.executable, str(HARNESS / "publishing_process.py"), str(desk.folder), str(file)]
    processes = [subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"

    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0] for process in processes]

    assert [process.returncode for process in processes] == [0, 0]
    assert said == [f"{row['uid']}\n" for row in desk.rows(editions)] * 2
    assert sorted(str(message["To"]) for message in desk.outbox()) == [
        "ada@example.org",
        "amal@example.org",
        "farid@example.org",
    ]
