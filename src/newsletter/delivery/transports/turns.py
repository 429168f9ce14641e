"""Many conversations in one thread: whoever waits for the other end of a socket lets the next one speak.

Each conversation is a greenlet, so that its code reads from top to bottom like code that blocks. Twenty
threads carried half as much: around every call of the kernel they queued for the interpreter.
"""

from __future__ import annotations

import errno
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from greenlet import getcurrent, greenlet

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_LOOK_S = 0.05  # how late a deadline may be noticed
Value = TypeVar("Value")
_here = threading.local()


@dataclass(kw_only=True, slots=True, eq=False)
class _Pause:
    """A conversation that waits for its socket until `deadline` (monotonic seconds)."""

    speaker: greenlet
    deadline: float


class Turns:
    """The conversations of one thread, in which it is made; `wake` may be called from any thread."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._selector = selectors.DefaultSelector()
        self._ready: deque[tuple[greenlet, bool]] = deque()
        self._pauses: dict[int, _Pause] = {}  # by file descriptor
        self._resting: deque[greenlet] = deque()
        self._looked_at = 0.0
        self._hears, self._says = socket.socketpair()
        self._hears.setblocking(False)
        self._says.setblocking(False)
        self._selector.register(self._hears, READ)
        self._loop = getcurrent()
        self._living = 0

    def start(self, work: Callable[[], None]) -> None:
        """Add a conversation, which begins at its first turn; it must not raise."""

        def live(_: bool) -> None:
            try:
                work()
            finally:
                self._living -= 1

        self._living += 1
        self._ready.append((greenlet(live, parent=self._loop), True))

    def run(self) -> None:
        """Give everybody turns until all have come to their end."""
        _here.turns = self
        try:
            while self._living:
                while self._ready:
                    speaker, news = self._ready.popleft()
                    speaker.switch(news)
                if self._living:
                    self._listen()
        finally:
            _here.turns = None
            self._selector.close()
            self._hears.close()
            self._says.close()

    def wait(self, sock: socket.socket, event: int, deadline: float) -> None:
        """Let others speak until `sock` is ready; `deadline` on the monotonic clock. Raises TimeoutError."""
        pause = _Pause(speaker=getcurrent(), deadline=deadline)
        self._attend(sock, event)
        self._pauses[sock.fileno()] = pause
        if not self._loop.switch():
            raise TimeoutError

    def rest(self) -> None:
        """Let others speak until somebody calls `wake`; it may have been for another."""
        self._resting.append(getcurrent())
        self._loop.switch()

    def wake(self) -> None:
        """Let those who rest look again."""
        # Full of calls that nobody has heard yet, or closed at the end: both are well.
        with suppress(OSError):
            self._says.send(b"!")

    def apart(self, work: Callable[[], Value], start: Callable[[Callable[[], None]], object] | None = None) -> Value:
        """What `work` gives, done in a thread of its own while others speak; its exception, if it raises one.

        `start` has it done by a thread that is there already. Raises OSError when there is no thread to be had.
        """
        answers: list[Value] = []
        errors: list[BaseException] = []

        def do() -> None:
            try:
                answers.append(work())
            except BaseException as error:  # noqa: BLE001  # raised where it was asked for
                errors.append(error)
            self.wake()

        try:
            (start or _in_a_new_thread)(do)
        except RuntimeError as error:
            raise OSError(errno.EAGAIN, "this machine starts no more threads") from error
        while not (answers or errors):
            self.rest()
        if errors:
            raise errors[0]
        return answers[0]

    def _attend(self, sock: socket.socket, event: int) -> None:
        """Have the kernel tell of `sock`. It stays registered: to do so anew for each reply took 14 us a message."""
        key = self._selector.get_map().get(sock)
        if key is not None and (key.fileobj is not sock or key.events != event):
            # The number may be that of a socket that was closed, or is encrypted since.
            self._selector.unregister(sock)
            key = None
        if key is None:
            self._selector.register(sock, event)

    def _listen(self) -> None:
        for key, _ in self._selector.select(_LOOK_S if self._pauses else None):
            if key.fileobj is self._hears:
                self._hear()
            elif key.fd in self._pauses:
                self._end(key.fd, is_ready=True)
            else:
                # Nobody waits for it now, and it would be told again at once.
                self._selector.unregister(key.fileobj)
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_S:
            self._looked_at = now
            for fd in [fd for fd, pause in self._pauses.items() if pause.deadline <= now]:
                self._end(fd, is_ready=False)

    def _end(self, fd: int, *, is_ready: bool) -> None:
        self._ready.append((self._pauses.pop(fd).speaker, is_ready))

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            while self._hears.recv(4_096):
                pass
        self._ready.extend((speaker, True) for speaker in self._resting)
        self._resting.clear()


def _in_a_new_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()


def turns_here() -> Turns | None:
    """The turns of this thread, if the caller is one of several conversations in it."""
    turns: Turns | None = getattr(_here, "turns", None)
    return turns
