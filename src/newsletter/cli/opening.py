"""Opens the newsroom for a command: configuration from the folder, the hour from the clock."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from newsletter.answers import World
from newsletter.cli.screen import Screen
from newsletter.newsroom import Newsroom

_UUIDS_AT_ONCE = 256


class Uids:
    """Random UUIDs (RFC 9562 §5.4), one a call, from octets that the system gives for some hundred at once.

    An import takes a million of them, and spent a twentieth of its time making each by itself.
    """

    def __init__(self) -> None:
        """Nothing is asked for before the first call."""
        self._ready: list[str] = []
        self._process = 0

    def __call__(self) -> str:
        """A fresh one; also in several threads, and in a process that was forked off."""
        if self._process != os.getpid():
            self._ready, self._process = [], os.getpid()
        while True:
            try:
                return self._ready.pop()
            except IndexError:
                self._ready.extend(_random_uuids(_UUIDS_AT_ONCE))


def _random_uuids(number: int) -> list[str]:
    octets = bytearray(os.urandom(16 * number))
    octets[6::16] = bytes(octet & 0x0F | 0x40 for octet in octets[6::16])
    octets[8::16] = bytes(octet & 0x3F | 0x80 for octet in octets[8::16])
    digits = octets.hex()
    each = (digits[at : at + 32] for at in range(0, 32 * number, 32))
    return [f"{one[:8]}-{one[8:12]}-{one[12:16]}-{one[16:20]}-{one[20:]}" for one in each]


def the_world() -> World:
    """The real clock, ids, randomness and environment."""
    return World(
        clock=lambda: datetime.now(UTC),
        new_id=Uids(),
        random=os.urandom,
        environ=os.environ,
    )


def open_newsroom(folder: Path, screen: Screen) -> Newsroom:
    """The newsroom in `folder`; its warnings are said at once. Raises ConfigError with every fault."""
    newsroom = Newsroom(folder, the_world())
    for warning in newsroom.config.warnings:
        screen.warn(warning)
    return newsroom
