"""Messages a second over SMTP on loopback: our engine with its whole ledger, beside the limit and two usual loops.

Usage: python benchmarks/bench_send.py [--messages 50000] [--rounds 3] [--folder DIR]
       python benchmarks/bench_send.py --scale [--million]
       python benchmarks/bench_send.py --far [--delay-ms 20]
       python benchmarks/bench_send.py --profile

One edition of 38 KB, text and HTML, personal for each reader, no DKIM. The limit is Postfix's
smtp-source, which sends fixed octets to Postfix's smtp-sink and knows no readers: 1.00. Each sender is a
process of its own and starts with a fresh receiver and, ours, a fresh ledger. Slow senders send fewer
messages: their rate is what counts. Start of the process and imports are left out, connecting is not.

`--scale` shows what a message costs as readers become more; `--far` what a relay does whose answers take
their time, beside connections ÷ (round trips × delay).
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench_mail import edition, masthead, templates
from senders.ledger import prepare
from senders.letter import wire_octets, write_letter
from senders.receivers import SMTP_SINK, SMTP_SOURCE, own_sink, sink

from newsletter.mail import compose_variant

HERE = Path(__file__).resolve().parent
NODE = shutil.which("node")
NODEMAILER = HERE / "senders" / "node_modules" / "nodemailer"
ARTICLE_OCTETS = 10_700  # of HTML and of text each; filled, encoded and with its header fields 38 KB
CONNECTIONS = 20
POOL = 50  # nodemailer's own default is 5, which is slower


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """One run of one sender."""

    seconds: float
    cpu_s: float
    peak_kb: int
    sent: int

    @property
    def rate(self) -> float:
        return self.sent / self.seconds


@contextmanager
def newsroom(options: argparse.Namespace, readers: int = 0) -> Iterator[Path]:
    """A folder with the letter and, for `readers`, a ledger."""
    variant = compose_variant(templates(), edition("en", ARTICLE_OCTETS), masthead=masthead())
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        write_letter(folder, variant, masthead())
        if readers:
            prepare(folder, readers, variant)
        yield folder


def letter_octets() -> int:
    return wire_octets(compose_variant(templates(), edition("en", ARTICLE_OCTETS), masthead=masthead()), masthead())


def run(command: list[str], expected: int) -> Measured:
    """What a sender said of itself; it must have sent what was expected."""
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} exited {done.returncode}:\n{done.stderr[-2000:]}")
    measured = Measured(**json.loads(done.stdout.splitlines()[-1]))
    if measured.sent != expected:
        raise SystemExit(f"{' '.join(command)} sent {measured.sent} of {expected} messages.")
    return measured


def engine(options: argparse.Namespace, readers: int, *, port: int = 0, connections: int = CONNECTIONS) -> Measured:
    """Our engine over a fresh ledger, to `port` or to a receiver of its own."""
    with newsroom(options, readers) as folder:
        command = [sys.executable, "-m", "senders.engine", str(folder)]
        if port:
            return run([*command, str(port), str(connections)], readers)
        with sink() as own:
            return run([*command, str(own), str(connections)], readers)


def smtplib_loop(options: argparse.Namespace, count: int) -> Measured:
    with newsroom(options) as folder, sink() as port:
        return run([sys.executable, "-m", "senders.smtplib_loop", str(folder), str(port), str(count)], count)


def nodemailer(options: argparse.Namespace, count: int) -> Measured:
    assert NODE is not None
    with newsroom(options) as folder, sink() as port:
        script = str(HERE / "senders" / "nodemailer.mjs")
        return run([NODE, script, str(folder), str(port), str(count), str(POOL)], count)


def smtp_source(count: int, octets: int, *flags: str) -> Measured:
    """Postfix's generator with 20 sessions; it fails when a message is refused."""
    assert SMTP_SOURCE is not None
    with sink() as port:
        command = [SMTP_SOURCE, *flags, "-s", "20", "-l", str(octets), "-m", str(count), f"127.0.0.1:{port}"]
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, check=True)
        seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(seconds=seconds, cpu_s=cpu_s, peak_kb=0, sent=count)


def compare(options: argparse.Namespace) -> None:
    """The first table: everybody against the same receiver."""
    octets, left_out = letter_octets(), []
    limit = "smtp-source, 20 sessions, one message each"
    senders: dict[str, Callable[[], Measured]] = {}
    if SMTP_SOURCE and SMTP_SINK:
        senders[limit] = lambda: smtp_source(options.messages, octets)
        senders["smtp-source -d, 20 sessions kept open"] = lambda: smtp_source(options.messages, octets, "-d")
    else:
        left_out.append(
            "Postfix is not installed: the limit (smtp-source) is left out and smtp_sink.py, "
            "which is slower and offers no pipelining, receives."
        )
    ours = f"**our engine, {CONNECTIONS} connections, whole ledger on SQLite**"
    senders[ours] = lambda: engine(options, options.messages)
    if NODE and NODEMAILER.exists():
        senders[f"nodemailer, pool of {POOL}, builds each"] = lambda: nodemailer(options, options.messages // 20)
    else:
        left_out.append("node or nodemailer is missing (npm ci in benchmarks/senders): its row is left out.")
    senders["smtplib send_message, 1 connection, builds each"] = lambda: smtplib_loop(options, options.messages // 50)
    # Senders take turns within each round, so that a busy minute of the machine hits all of them.
    runs: dict[str, list[Measured]] = {name: [] for name in senders}
    for _ in range(options.rounds):
        for name, sender in senders.items():
            runs[name].append(sender())
    print_rates(runs, base=limit if limit in runs else ours, octets=octets)
    print("\nOurs alone knows afterwards whom it has mailed: its ledger was read, and says sent for everybody.")
    print(
        "The loops that build each message send fewer, as the table says. Only smtp-source's time includes its start."
    )
    for sentence in left_out:
        print(sentence)


def print_rates(runs: dict[str, list[Measured]], *, base: str, octets: int) -> None:
    """Medians by sender, and each rate beside that of `base`."""
    receiver = "smtp-sink" if SMTP_SINK else "smtp_sink.py"
    print(f"Messages of {octets:,} octets to {receiver}, median of {len(runs[base])} rounds.\n")
    rates = {name: statistics.median(one.rate for one in made) for name, made in runs.items()}
    print("| sender | messages | messages/s | ratio | CPU μs a message | peak MB |\n|---|---:|---:|---:|---:|---:|")
    for name, made in runs.items():
        rate, sent = rates[name], made[0].sent
        cpu = statistics.median(one.cpu_s / one.sent for one in made) * 1e6
        peak = f"{max(one.peak_kb for one in made) / 1000:.0f}" if made[0].peak_kb else "–"
        print(f"| {name} | {sent:,} | {rate:,.0f} | {rate / rates[base]:.2f} | {cpu:,.0f} | {peak} |")


def scale(options: argparse.Namespace) -> None:
    """The second table: the engine alone, from a thousand readers on."""
    print("| readers | rounds | messages/s | wall μs a message | CPU μs a message | peak MB |")
    print("|---:|---:|---:|---:|---:|---:|")
    for readers in [1_000, 10_000, 100_000, *([1_000_000] if options.million else [])]:
        rounds = 1 if readers == 1_000_000 else options.rounds
        made = [engine(options, readers) for _ in range(rounds)]
        wall = statistics.median(one.seconds / one.sent for one in made) * 1e6
        cpu = statistics.median(one.cpu_s / one.sent for one in made) * 1e6
        peak = max(one.peak_kb for one in made) / 1000
        print(f"| {readers:,} | {rounds} | {1e6 / wall:,.0f} | {wall:,.0f} | {cpu:,.0f} | {peak:.0f} |", flush=True)
    print("\nFinding the edition, compiling it and the first connections are in it: they weigh on the first row.")
    if not options.million:
        print("1,000,000 readers are left out without `--million`.")


def far(options: argparse.Namespace) -> None:
    """The third table: a relay whose answers take their time."""
    print(f"smtp_sink.py answers after {options.delay_ms:g} ms, median of {options.rounds} rounds.\n")
    print("| connections | messages | messages/s | round trips a message | connections ÷ (round trips × delay) |")
    print("|---:|---:|---:|---:|---:|")
    for connections in (1, 10, 50):
        readers = 100 * connections
        rates, bounds, trips = [], [], []
        for _ in range(options.rounds):
            with own_sink("--delay-ms", str(options.delay_ms)) as (port, end):
                rates.append(engine(options, readers, port=port, connections=connections).rate)
                accepted, round_trips, delay_ms = (float(word) for word in end().split())
            assert accepted == readers
            trips.append(round_trips / accepted)
            bounds.append(connections / (trips[-1] * delay_ms / 1000))
        row = [statistics.median(values) for values in (rates, trips, bounds)]
        print(f"| {connections} | {readers:,} | {row[0]:,.0f} | {row[1]:.2f} | {row[2]:,.0f} |", flush=True)
    print("\nRound trips and the mean delay are counted by the receiver; greeting and EHLO are among them.")


def profile(options: argparse.Namespace) -> None:
    """Where the engine's time goes, all its threads together."""
    with newsroom(options, options.messages) as folder, sink() as port:
        command = [sys.executable, "-m", "senders.profiled", str(folder), str(port), str(CONNECTIONS)]
        subprocess.run(command, cwd=HERE, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=None, help="where the databases lie; their disk's fsync counts")
    parser.add_argument("--scale", action="store_true", help="the engine alone, by number of readers")
    parser.add_argument("--million", action="store_true", help="with --scale: 1,000,000 readers, too")
    parser.add_argument("--far", action="store_true", help="a relay whose answers take their time")
    parser.add_argument("--delay-ms", type=float, default=20.0, help="with --far: how long an answer takes")
    parser.add_argument("--profile", action="store_true", help="profile one run of the engine instead")
    options = parser.parse_args()
    table = profile if options.profile else scale if options.scale else far if options.far else compare
    table(options)


if __name__ == "__main__":
    main()
