"""Messages a second over SMTP on loopback: our engine with its whole ledger against plain smtplib loops.

Usage: python benchmarks/bench_send.py [--messages 10000] [--rounds 3] [--size 38000] [--folder DIR]

Each sender gets one connection and the same sink in a process of its own. Medians; a ratio above 1
means that the engine is faster. `build` makes an EmailMessage for each reader, as the usual loop
does; `sendmail` sends bytes that are ready. Neither of the two remembers whom it has mailed.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import random
import smtplib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "delivery" / "harness"))

from ledger_rows import SENDER, make_store, release, tally  # found only through the line above

from newsletter.delivery import Run, send_edition, this_sender
from newsletter.delivery.transports import SmtpSettings, SmtpTransport, Tls
from newsletter.model import DeliveryState, Envelope, Recipient, VariantId


def content(size: int) -> tuple[bytes, str]:
    """Body lines of `size` octets, as bytes and as text."""
    line = "Spring tides come earlier, and the harbour office hangs out the tables on Monday.\r\n"
    text = line * (size // len(line))
    return text.encode("ascii"), text


def message_to(address: str, uid: str, body: bytes) -> bytes:
    head = f"From: {SENDER}\r\nTo: {address}\r\nSubject: Tides\r\nMessage-ID: <e1.{uid}@news.example.org>\r\n\r\n"
    return head.encode("ascii") + body


def engine(port: int, count: int, size: int, folder: Path) -> float:
    """Seconds of one run of the engine over a fresh edition of `count` readers."""
    body, _ = content(size)

    def compose(_variant: VariantId, reader: Recipient, _now: datetime) -> tuple[Envelope, bytes]:
        return Envelope(sender=SENDER, recipient=reader.address), message_to(reader.address, reader.uid, body)

    with tempfile.TemporaryDirectory(dir=folder) as name:
        store = make_store(Path(name))
        edition_id = release(store, count)
        settings = SmtpSettings(host="127.0.0.1", port=port, tls=Tls.NONE, local_name="bench.example.org")
        started = time.perf_counter()
        with SmtpTransport(settings) as transport:
            send_edition(
                store,
                edition_id,
                Run(
                    transport=transport,
                    compose=compose,
                    token_of=lambda subscriber_id: f"token-{subscriber_id}",
                    preferences_of=lambda subscriber_id, version: f"choices-{subscriber_id}-{version}",
                    clock=lambda: datetime.now(UTC),
                    jitter=random.random,
                    sender=this_sender("bench"),
                ),
            )
        seconds = time.perf_counter() - started
        assert tally(store, edition_id) == {DeliveryState.SENT: count}
        store.close()
    return seconds


def sendmail(port: int, count: int, size: int, _folder: Path) -> float:
    """Seconds of smtplib's sendmail over ready bytes."""
    body, _ = content(size)
    started = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port, local_hostname="bench.example.org") as smtp:
        for number in range(count):
            address = f"r{number}@example.org"
            smtp.sendmail(SENDER, [address], message_to(address, f"s{number}", body))
    return time.perf_counter() - started


def build(port: int, count: int, size: int, _folder: Path) -> float:
    """Seconds of smtplib's send_message over an EmailMessage for each reader."""
    _, text = content(size)
    started = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port, local_hostname="bench.example.org") as smtp:
        for number in range(count):
            message = EmailMessage()
            message["From"], message["To"] = SENDER, f"r{number}@example.org"
            message["Subject"], message["Message-ID"] = "Tides", f"<e1.s{number}@news.example.org>"
            message.set_content(text)
            smtp.send_message(message)
    return time.perf_counter() - started


@contextmanager
def sink() -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("smtp_sink.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield int(process.stdout.readline())
    process.communicate()


def rate(sender: Callable[[int, int, int, Path], float], options: argparse.Namespace) -> float:
    with sink() as port:
        return options.messages / sender(port, options.messages, options.size, options.folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=int, default=38_000)
    parser.add_argument("--folder", type=Path, default=None, help="where the databases lie; their disk's fsync counts")
    parser.add_argument("--profile", action="store_true", help="profile one run of the engine instead")
    options = parser.parse_args()
    if options.profile:
        with cProfile.Profile() as profile:
            rate(engine, options)
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        return
    senders = {"engine, whole ledger": engine, "smtplib sendmail": sendmail, "smtplib send_message": build}
    # Senders take turns within each round, so that a busy minute of the machine hits all of them.
    rates: dict[str, list[float]] = {name: [] for name in senders}
    for _ in range(options.rounds):
        for name, sender in senders.items():
            rates[name].append(rate(sender, options))
    print(f"{options.messages} messages of {options.size} octets, one connection, median of {options.rounds}\n")
    print("| sender | messages/s | engine's ratio |\n|---|---:|---:|")
    ours = statistics.median(rates["engine, whole ledger"])
    for name, values in rates.items():
        print(f"| {name} | {statistics.median(values):,.0f} | {ours / statistics.median(values):.2f} |")


if __name__ == "__main__":
    main()
