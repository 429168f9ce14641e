"""What signing costs: bare signatures, ours over whole messages of 38 KB, dkimpy's, on one core and on all.

Usage: python benchmarks/bench_dkim.py [--seconds 2] [--rounds 3] [--messages 8000]

Messages a second; medians. The second table is the whole engine with its ledger against smtp-sink, where
signatures are made by as many threads as there are cores, beside the connections.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import dkim
from bench_mail import edition, masthead, templates
from bench_send import ARTICLE_OCTETS, CONNECTIONS, run
from cryptography.hazmat.primitives import serialization
from senders.ledger import prepare
from senders.letter import NOW, keys, reader, write_letter
from senders.receivers import SMTP_SINK, sink

from newsletter.mail import (
    CompiledVariant,
    DkimKind,
    DkimSigner,
    EditionFacts,
    compile_variant,
    compose_variant,
    new_dkim_key,
    read_dkim_key,
)
from newsletter.model import EditionKind

CORES = os.cpu_count() or 1
Work = Callable[[], object]


def rate(work: Work, seconds: float, threads: int = 1) -> float:
    """How often `work` is done in a second by so many threads together."""
    counts = [0] * threads
    ended = time.perf_counter() + seconds

    def do(number: int) -> None:
        while time.perf_counter() < ended:
            work()
            counts[number] += 1

    crew = [threading.Thread(target=do, args=(number,)) for number in range(threads)]
    started = time.perf_counter()
    for one in crew:
        one.start()
    for one in crew:
        one.join()
    return sum(counts) / (time.perf_counter() - started)


def compiled(signer: DkimSigner | None) -> CompiledVariant:
    """The letter of bench_send.py, signed by `signer`."""
    variant = compose_variant(templates(), edition("en", ARTICLE_OCTETS), masthead=masthead())
    facts = EditionFacts(uid="e1", kind=EditionKind.SINGLE, article_uids=(), archived_at=masthead().base_url)
    return compile_variant(variant, facts, masthead=masthead(), signer=signer)


def of_dkimpy(message: bytes, pem: bytes) -> Work:
    private = serialization.load_pem_private_key(pem, password=None)
    old = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    options = {"canonicalize": (b"relaxed", b"simple")}
    return lambda: dkim.sign(message, b"news", b"example.org", old, **options)


def crafts(options: argparse.Namespace) -> None:
    """The first table: no network."""
    pem = new_dkim_key()
    long, short = read_dkim_key(pem, selector="news"), read_dkim_key(new_dkim_key(DkimKind.ED25519), selector="e")
    digest, someone = hashlib.sha256(b"a digest").digest(), reader(1, keys())
    readers = [replace(someone, uid=f"s{number}") for number in range(64)]

    def fill(letter: CompiledVariant) -> Work:
        return lambda letter=letter: letter.fill(readers[time.perf_counter_ns() % 64], now=NOW)

    signed = {
        name: compiled(DkimSigner(domain="example.org", keys=chosen))
        for name, chosen in {"RSA-2048": (long,), "Ed25519": (short,), "both": (long, short)}.items()
    }
    works: dict[str, Work] = {
        "bare RSA-2048 signature (`cryptography`)": lambda: long.sign(digest),
        "bare Ed25519 signature": lambda: short.sign(digest),
        "bare, both": lambda: (long.sign(digest), short.sign(digest)),
        "whole message, not signed": fill(compiled(None)),
        **{f"**whole message, {name}**": fill(letter) for name, letter in signed.items()},
        "dkimpy, RSA-2048, the message ready": of_dkimpy(compiled(None).fill(someone, now=NOW), pem),
    }
    print(f"| what | one thread, /s | {CORES} threads, /s |\n|---|---:|---:|")
    for name, work in works.items():
        one = statistics.median(rate(work, options.seconds) for _ in range(options.rounds))
        many = statistics.median(rate(work, options.seconds, CORES) for _ in range(options.rounds))
        print(f"| {name} | {one:,.0f} | {many:,.0f} |", flush=True)


def engines(options: argparse.Namespace) -> None:
    """The second table: the engine, its ledger and a receiver."""
    if not SMTP_SINK:
        print("Postfix is not installed: the table of the whole engine is left out.")
        return
    variant = compose_variant(templates(), edition("en", ARTICLE_OCTETS), masthead=masthead())
    print(f"\n| engine, {CONNECTIONS} connections | messages/s | CPU us a message |\n|---|---:|---:|")
    for kinds, composers in (("", 0), ("ed25519", CORES), ("rsa", 0), ("rsa", CORES), ("rsa ed25519", CORES)):
        measured = []
        for _ in range(options.rounds):
            with tempfile.TemporaryDirectory() as name, sink() as port:
                folder = Path(name)
                write_letter(folder, variant, masthead())
                prepare(folder, options.messages, variant)
                command = [sys.executable, "-m", "senders.engine", str(folder), str(port), str(CONNECTIONS)]
                measured.append(run([*command, kinds, str(composers)], options.messages))
        speed = statistics.median(one.rate for one in measured)
        cpu = statistics.median(one.cpu_s / one.sent * 1e6 for one in measured)
        how = f"{kinds or 'not signed'}, {f'{composers} composers' if composers else 'composed in turn'}"
        print(f"| {how} | {speed:,.0f} | {cpu:,.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=8_000)
    options = parser.parse_args()
    crafts(options)
    engines(options)


if __name__ == "__main__":
    main()
