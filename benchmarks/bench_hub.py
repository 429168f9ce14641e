"""How soon subscribers of our own hub have a change: from noting it to the last octet in their hands.

Usage: python benchmarks/bench_hub.py [--subscribers 1000] [--rounds 5] [--kilobytes 5] [--folder DIR]

All subscribers are on loopback, each with a callback and a secret of its own, behind one server in a process
of its own. The clock starts before the change is noted in the database (SQLite on disk, with its fsync) and
stops when the server has read the whole body. A new connection for each push, as to as many hosts. The
limit beside it is what the same threads reach with the same bodies to the same server, without any database.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

from newsletter.store import Store
from newsletter.store.hub import ASKED, Request, activate, subscriptions_by_id, write_request
from newsletter.store.schema import upgrade
from newsletter.websub import GuardedClient, HubTools, note_changes, run_tasks
from newsletter.websub.distributing import THREADS
from newsletter.websub.errands import signature

TOPIC = "https://news.example.org/feeds/atom.xml"
HUB = "https://news.example.org/hub"
TYPE = "application/atom+xml; charset=utf-8"


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """One change: the seconds after which each subscriber had it, in order, and until all was settled."""

    heard_s: list[float]
    settled_s: float

    def share(self, part: float) -> float:
        """After how many seconds this part of the subscribers had it."""
        return self.heard_s[min(len(self.heard_s) - 1, int(part * len(self.heard_s)))]


def subscribers(pipe: Connection) -> None:
    """Serve all callbacks; for each round, send back when each was told (seconds of the shared clock)."""
    heard: list[float] = []

    class Callback(StreamRequestHandler):
        def handle(self) -> None:
            self.rfile.readline()
            length = 0
            while (line := self.rfile.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            assert len(self.rfile.read(length)) == length
            heard.append(time.monotonic())
            self.wfile.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    class Server(ThreadingTCPServer):
        request_queue_size = 1024
        daemon_threads = True

    with Server(("127.0.0.1", 0), Callback) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        pipe.send(server.server_address[1])
        while pipe.recv():
            pipe.send(sorted(heard))
            heard.clear()
        server.shutdown()


def fill(store: Store, port: int, count: int, *, now: datetime) -> None:
    """Write `count` subscriptions that have confirmed their requests."""
    with store.writing() as connection:
        for number in range(count):
            callback = f"http://127.0.0.1:{port}/{number}"
            request = Request(topic=TOPIC, callback=callback, secret=f"s{number}", state=ASKED, lease_s=864_000)
            key = write_request(connection, request, now=now)
            asked = subscriptions_by_id(connection, [key])[key]
            activate(connection, asked, lease_until=now + timedelta(days=10))


def measure(pipe: Connection, tell: Callable[[], None]) -> Round:
    """One round: tell all, then ask the server when they heard it."""
    began = time.monotonic()
    tell()
    settled_s = time.monotonic() - began
    pipe.send(True)
    return Round(heard_s=[at - began for at in pipe.recv()], settled_s=settled_s)


def ours(store: Store, body: bytes) -> Callable[[], None]:
    """Notes a change and tells everybody of it, as `tick` and `serve` do."""
    client = GuardedClient(allow_private=True)
    tools = HubTools(
        hub_url=HUB,
        callbacks=client,
        hubs=client,
        body_of=lambda topic, since, digest: (body, TYPE),
        clock=lambda: datetime.now(UTC),
        jitter=lambda: 0.5,
        new_id=lambda: "challenge",
    )
    versions = iter(range(1, 1_000_000))

    def tell() -> None:
        now = datetime.now(UTC)
        with store.writing() as connection:
            note_changes(connection, {TOPIC: str(next(versions))}, hubs=(), now=now)
        run_tasks(store, tools)

    return tell


def limit(port: int, count: int, body: bytes) -> Callable[[], None]:
    """The same posts by as many threads, of which nothing is written down."""
    client = GuardedClient(allow_private=True)
    links = f'<{HUB}>; rel="hub", <{TOPIC}>; rel="self"'

    def post(number: int) -> None:
        headers = {"Content-Type": TYPE, "Link": links, "X-Hub-Signature": signature(f"s{number}", body)}
        assert client.post(f"http://127.0.0.1:{port}/{number}", body, headers).is_success

    def tell() -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(post, range(count)))

    return tell


def print_table(rows: dict[str, list[Round]], count: int) -> None:
    """Medians of the rounds."""
    print("| who tells | subscribers | p50 ms | p99 ms | last ms | all settled ms |\n|---|---:|---:|---:|---:|---:|")
    for name, rounds in rows.items():
        parts = [statistics.median(each.share(part) for each in rounds) * 1000 for part in (0.5, 0.99, 1)]
        settled = statistics.median(each.settled_s for each in rounds) * 1000
        print(f"| {name} | {count:,} | {parts[0]:,.0f} | {parts[1]:,.0f} | {parts[2]:,.0f} | {settled:,.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kilobytes", type=int, default=5, help="what a push carries: one new entry is about 5")
    parser.add_argument("--folder", type=Path, default=None, help="where the database lies; its disk's fsync counts")
    options = parser.parse_args()
    body, count = b"<entry/>" * (options.kilobytes * 128), options.subscribers
    pipe, far_end = multiprocessing.Pipe()
    server = multiprocessing.Process(target=subscribers, args=(far_end,), daemon=True)
    server.start()
    port = int(pipe.recv())
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        store = Store(f"sqlite:///{folder}/newsletter.db")
        upgrade(store)
        now = datetime.now(UTC)
        fill(store, port, count, now=now)
        with store.writing() as connection:
            note_changes(connection, {TOPIC: "0"}, hubs=(), now=now)
        tellers = {
            "**our hub, whole ledger on SQLite**": ours(store, body),
            "the posts alone": limit(port, count, body),
        }
        rows: dict[str, list[Round]] = {name: [] for name in tellers}
        # They take turns, so that a busy minute of the machine hits both.
        for _ in range(options.rounds):
            for name, tell in tellers.items():
                rows[name].append(measure(pipe, tell))
                assert len(rows[name][-1].heard_s) == count
        store.close()
    pipe.send(False)
    server.join(5)
    print(
        f"{options.kilobytes} KB to each over HTTP on loopback, {THREADS} threads, median of {options.rounds} rounds.\n"
    )
    print_table(rows, count)


if __name__ == "__main__":
    main()
