"""Returned mail from the mail server on this machine, over LMTP or SMTP; one port speaks both.

The mail server keeps each message until it is told that we have written it down.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from newsletter.config.addresses import is_loopback
from newsletter.delivery.mailboxes.box import Take, reason_of
from newsletter.delivery.mailboxes.conversation import Answers, Conversation, House
from newsletter.errors import ConfigError, Fault, NewsletterError

MAX_CONNECTIONS = 20
# RFC 5321 §4.5.3.2.7: a server waits at least five minutes for the next command.
TIMEOUT_S = 300.0
_GOODBYE_S = 2.0  # for clients that do not read what they are told
_log = logging.getLogger(__name__)


class BounceListener:
    """Takes mail for the return addresses at `domain`, and answers 250 only after `take` has returned. Start it once.

    `bind` is a host and port of this machine, such as "127.0.0.1:8024"; port 0 takes a free one. `take` runs in one
    thread of its own, for one message at a time.
    """

    def __init__(self, bind: str, take: Take, *, domain: str, timeout_s: float = TIMEOUT_S) -> None:
        """Prepare; nothing listens before `start`. Raises ConfigError for an address that others can reach."""
        host, _, port = bind.rpartition(":")
        self._host, self._port = host.strip("[]"), int(port)
        if not is_loopback(self._host):
            message = f'"{bind}" can be reached from outside, where anybody could report. Write 127.0.0.1:{port}.'
            raise ConfigError([Fault(path="config.toml", field="bounces.listen", message=message)])
        self._take, self._domain, self._timeout_s = take, domain, timeout_s
        self._thread = threading.Thread()
        self._ready = threading.Event()
        self._stopping = False
        self._close: Callable[[], object] = bool
        self._fault = ""

    @property
    def port(self) -> int:
        """The port it listens on; what was asked for until `start`."""
        return self._port

    @property
    def fault(self) -> str:
        """What keeps returned mail from being taken just now, without addresses; "" while all is well."""
        if self._thread.ident is not None and not self._thread.is_alive() and not self._stopping:
            return "The listener for returned mail has ended. Restart: newsletter serve"
        return self._fault

    def start(self) -> None:
        """Listen. Raises NewsletterError when the port cannot be had."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            bound = socket.create_server((self._host, self._port), family=family)
        except OSError as error:
            raise NewsletterError(
                f"{self._host}:{self._port}: returned mail cannot be listened for "
                f"({os.strerror(error.errno) if error.errno else error}). "
                "Stop the program that holds it, or choose another port: listen under [bounces]."
            ) from error
        self._port = bound.getsockname()[1]
        # It logs each command with the addresses in it.
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        self._thread = threading.Thread(target=self._run, args=(bound,), name="bounce listener", daemon=True)
        self._thread.start()
        self._ready.wait()

    def stop(self, *, timeout_s: float = 30.0) -> bool:
        """Finish the message in hand and end; what was not answered stays with the mail server.

        False if it has not ended in time.
        """
        self._stopping = True
        # It may have ended by itself.
        with suppress(RuntimeError):
            self._close()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self, bound: socket.socket) -> None:
        try:
            with bound, ThreadPoolExecutor(max_workers=1, thread_name_prefix="bounce taker") as taker:
                asyncio.run(self._serve(bound, taker))
        finally:
            self._ready.set()

    async def _serve(self, bound: socket.socket, taker: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        closing = asyncio.Event()

        async def receive(message: bytes, recipients: Sequence[str]) -> bool:
            return await loop.run_in_executor(taker, self._is_taken, message, recipients)

        house = House(answers=Answers(self._domain), receive=receive, timeout_s=self._timeout_s)
        server = await loop.create_server(lambda: _welcome(house, loop), sock=bound)
        self._close = lambda: loop.call_soon_threadsafe(closing.set)
        self._ready.set()
        await closing.wait()
        server.close()
        await _see_out(house)

    def _is_taken(self, message: bytes, recipients: Sequence[str]) -> bool:
        try:
            self._take(message, recipients)
        except Exception as error:  # noqa: BLE001  # whatever it is, the mail server keeps the message
            fault = f"Returned mail waits with the mail server: {reason_of(error)}"
            if not self._fault:
                _log.warning("%s", fault)
            self._fault = fault
            return False
        if self._fault:
            _log.info("Returned mail is taken again.")
        self._fault = ""
        return True


class _Full(asyncio.Protocol):
    """Sends a client away."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(b"421 4.3.2 Too many connections; try again later\r\n")
            transport.close()


def _welcome(house: House, loop: asyncio.AbstractEventLoop) -> asyncio.BaseProtocol:
    return Conversation(house, loop=loop) if len(house.guests) < MAX_CONNECTIONS else _Full()


async def _see_out(house: House) -> None:
    """End all conversations; those with a message in hand once it is answered."""
    goodbye_s = min(_GOODBYE_S, house.timeout_s)
    for guest in tuple(house.guests):
        guest.leave()
    while house.guests:
        await asyncio.wait([asyncio.ensure_future(guest.gone.wait()) for guest in house.guests], timeout=goodbye_s)
        for guest in tuple(house.guests):
            if not guest.is_in_hand:
                guest.abort()
