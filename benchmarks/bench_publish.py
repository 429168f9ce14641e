"""A whole `newsletter publish` over SMTP on loopback, as a person runs it, by number of readers.

Usage: python benchmarks/bench_publish.py [--readers 1000 10000] [--rounds 3]

Each round is a fresh newsroom with its readers imported beforehand, a sink in a process of its own,
and the command as a process of its own: start, render, release, feeds, sending, balance. Medians.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NEWSLETTER = str(Path(sys.executable).parent / "newsletter")
TRANSPORT = '\n[transports.sink]\nkind = "smtp"\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\n'


@contextmanager
def sink() -> Iterator[int]:
    """A sink in a process of its own; gives its port."""
    command = [sys.executable, str(Path(__file__).with_name("smtp_sink.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdin
        yield int(process.stdout.readline())
        process.stdin.close()


def newsroom(folder: Path, readers: int, port: int) -> dict[str, str]:
    """A newsroom in `folder` that mails to the sink; gives the environment its commands run in."""
    config = (ROOT / "config.toml").read_text(encoding="utf-8")
    config = config.replace('transport = "outbox"', 'transport = "sink"') + TRANSPORT.format(port=port)
    (folder / "config.toml").write_text(config, encoding="utf-8")
    shutil.copytree(ROOT / "articles", folder / "articles", ignore=shutil.ignore_patterns(".uids.toml"))
    shutil.copytree(ROOT / "templates", folder / "templates")
    rows = [f"reader{n}@example.org,{('en', 'fr', 'ar')[n % 3]}" for n in range(readers)]
    (folder / "readers.csv").write_text("\n".join(["address,language", *rows]) + "\n", encoding="utf-8")
    # A relay is refused with example.org as the site; names below .alt are nobody's in DNS (RFC 9476).
    environment = {**os.environ, "NEWSLETTER_NEWSROOM__BASE_URL": "https://news.harbour.alt"}
    run(folder, environment, "subscribers", "import", "readers.csv", "--consent", "benchmark")
    return environment


def run(folder: Path, environment: dict[str, str], *arguments: str) -> None:
    """One command; its output is shown only when it fails."""
    done = subprocess.run(
        [NEWSLETTER, *arguments], cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"newsletter {arguments[0]} exited {done.returncode}:\n{done.stderr[-2000:]}")


def publish_s(readers: int) -> float:
    """Seconds of one whole publish to `readers`."""
    with tempfile.TemporaryDirectory() as place, sink() as port:
        environment = newsroom(Path(place), readers, port)
        start = time.perf_counter()
        run(Path(place), environment, "--quiet", "publish", "articles/2026-11-harbour-winter.md", "--yes")
        return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print("| readers | whole command, s | messages/s of the whole | ms a message beyond the smallest |")
    print("|---:|---:|---:|---:|")
    first: tuple[int, float] | None = None
    for readers in options.readers:
        seconds = statistics.median(publish_s(readers) for _ in range(options.rounds))
        first = first or (readers, seconds)
        more = "–" if readers == first[0] else f"{(seconds - first[1]) / (readers - first[0]) * 1000:.2f}"
        print(f"| {readers:,} | {seconds:.2f} | {readers / seconds:,.0f} | {more} |", flush=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"\nLargest process: {peak:.0f} MB.")


if __name__ == "__main__":
    main()
