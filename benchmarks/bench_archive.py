"""A newsroom with a long past: python benchmarks/bench_archive.py [--articles 10000] [--octets 5000]

Fills a database, writes everything once, publishes one article more, then walks the feed back to its oldest
page, each in a process of its own; prints a Markdown table with seconds and peak memory.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench_feeds import PARAGRAPH

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
ROOT = Path(__file__).parents[1]
SITE = "https://news.example.org"


def press():
    from newsletter.model import Mailbox, Masthead
    from newsletter.site import Press

    folder = ROOT / "templates" / "pages"
    masthead = Masthead(
        title="The Harbour Post",
        slug="harbour-post",
        description="News from the quay.",
        base_url=SITE,
        language="en",
        languages=("en",),
        fallback={},
        reply_to=None,
        time_zone="Europe/Paris",
        publisher="Harbour Press, 1 Quay Street, Exampletown",
        list_id="harbour-post.news.example.org",
        sender=Mailbox(name="The Harbour Post", address="news@example.org"),
        owner="owner@example.org",
        bounce_domain="news.example.org",
    )
    templates = {f"pages/{file.name}": file.read_text("utf-8") for file in folder.iterdir()}
    return Press(
        masthead=masthead, tag="news.example.org,2026-11-24", templates=templates, max_entries=50, max_bytes=512_000
    )


def add(connection, number: int, octets: int) -> None:
    from newsletter.store.articles import RevisionContent, add_publication, add_revision, insert_article

    at = NOW - timedelta(hours=20_000) + timedelta(hours=number)
    uid = f"tag:news.example.org,2026-11-24:{number:06}"
    article_id = insert_article(
        connection, uid=uid, group_uid=uid, source_path=f"articles/{number}.md", source_hash=str(number),
        slug=f"tide-{number}", language="en", first_published_at=at, updated_at=at,
    )  # fmt: skip
    content = RevisionContent(
        title=f"The tide tables of week {number} are out", summary="They hang at the harbour office.", author="Ada",
        body_html=PARAGRAPH * (octets // len(PARAGRAPH.encode())), meta={}, source_hash=str(number),
        topics=("harbour",), significant=False,
    )  # fmt: skip
    revision_id = add_revision(connection, article_id, content, now=at)
    add_publication(connection, (article_id, revision_id), kind="adopt", mail=False, now=at)


def fill(folder: Path, count: int, octets: int) -> None:
    from newsletter.store import Store
    from newsletter.store.schema import upgrade

    store = Store(f"sqlite:///{folder / 'newsletter.db'}")
    upgrade(store)
    with store.writing() as connection:
        for number in range(count):
            add(connection, number, octets)
    store.close()


def renew(folder: Path) -> int:
    from newsletter.site import renew_public
    from newsletter.store import Store

    store = Store(f"sqlite:///{folder / 'newsletter.db'}")
    return len(renew_public(store, press(), folder, now=datetime.now(UTC)).changed)


def one_more(folder: Path, count: int, octets: int) -> int:
    from newsletter.store import Store

    store = Store(f"sqlite:///{folder / 'newsletter.db'}")
    with store.writing() as connection:
        add(connection, count, octets)
    store.close()
    return renew(folder)


def walk(folder: Path) -> int:
    """The number of different entries met from the main JSON feed back."""
    ids: set[str] = set()
    following: str | None = f"{SITE}/feeds/feed.json"
    while following:
        feed = json.loads((folder / following.removeprefix(f"{SITE}/")).read_bytes())
        ids |= {item["id"] for item in feed["items"]}
        following = feed.get("next_url")
    return len(ids)


def peak_kb() -> int:
    # Not ru_maxrss, which begins with what the process that started this one held.
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


def apart(step: str, folder: Path, options: argparse.Namespace) -> tuple[float, float, int]:
    """Seconds, peak MB and result of a step in a process of its own."""
    command = [sys.executable, __file__, "--step", step, "--folder", str(folder)]
    command += ["--articles", str(options.articles), "--octets", str(options.octets)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return tuple(json.loads(done.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--octets", type=int, default=5_000)
    parser.add_argument("--step")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    steps = {
        "everything written": lambda: renew(options.folder),
        "one article more": lambda: one_more(options.folder, options.articles, options.octets),
        "walk of the JSON feed": lambda: walk(options.folder),
    }
    if options.step:
        started = time.perf_counter()
        result = steps[options.step]()
        seconds = time.perf_counter() - started
        print(json.dumps([seconds, peak_kb() / 1000, result]))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder, options.articles, options.octets)
        print(f"{options.articles:,} articles of {options.octets:,} octets.\n")
        print("| step | seconds | peak MB | files or entries |\n|---|---:|---:|---:|")
        for step in steps:
            seconds, peak, result = apart(step, folder, options)
            print(f"| {step} | {seconds:.1f} | {peak:.0f} | {result:,} |", flush=True)


if __name__ == "__main__":
    main()
