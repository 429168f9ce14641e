"""Foreign words made fit for our books: short, printable, and without anybody's address."""

from __future__ import annotations

import re

from newsletter.delivery.transports.wire import MAX_REPLY, printable

_ADDRESS = re.compile(r"[^\s<>:;,\"'()]+@[^\s<>:;,\"'()]+")


def fit_for_books(words: str, address: str = "") -> str:
    """Foreign words without control characters, and without the reader's address: reasons outlive erased readers."""
    if address and address.casefold() in words.casefold():
        words = re.sub(re.escape(address), "the reader", words, flags=re.IGNORECASE)
    return printable(words)[:MAX_REPLY]


def fit_for_log(words: str) -> str:
    """Words for a log line, in which no address at all may stand."""
    return fit_for_books(_ADDRESS.sub("an address", words))
