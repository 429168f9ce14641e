"""Returned mail from an IMAP mailbox (RFC 3501), where the owner's mail server keeps it.

What is unseen is handed on, and is seen once it was taken. imap-tools logs in and searches; messages are read and
marked by the commands themselves, since its `fetch` parses each whole message, and its `flag` also expunges what the
owner has marked for deletion.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from imap_tools import BaseMailBox, MailBox, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError

from newsletter.config.addresses import is_loopback
from newsletter.delivery.mailboxes.box import MAX_OCTETS, Collected, Take, Tally
from newsletter.delivery.mailboxes.imap_diagnosis import Stage, explained
from newsletter.delivery.transports.settings import Tls
from newsletter.errors import ConfigError, Fault

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BODY = re.compile(rb"BODY\[\](?:<0>)? ", re.IGNORECASE)
_EMPTY_BODY = re.compile(rb'BODY\[\](?:<0>)? (?:NIL|"")', re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class ImapSettings:
    """A mailbox and how to log in. Without TLS only a server on this machine is spoken to."""

    host: str
    user: str
    password: str = field(repr=False)
    port: int = 993
    tls: Tls = Tls.IMPLICIT
    mailbox: str = "INBOX"
    timeout_s: float = 60.0


class ImapBox:
    """The mailbox of these settings; each look is a connection of its own. Several may read one at the same time."""

    def __init__(self, settings: ImapSettings) -> None:
        """Connect to nothing yet. Raises ConfigError for settings that would give the password away."""
        faults = [*_faults(settings)]
        if faults:
            raise ConfigError(faults)
        self._settings = settings

    def collect(self, take: Take, *, stop: Callable[[], bool]) -> Collected:
        """Hand on what nobody has seen; see `Box.collect`."""
        tally, stage, settings = Tally(), Stage.CONNECT, self._settings
        box: BaseMailBox | None = None
        try:
            box = _connected(settings)
            if settings.tls is Tls.STARTTLS:
                stage = Stage.STARTTLS
                box.client.starttls(ssl.create_default_context())
            stage = Stage.LOGIN
            _log_in(box, settings)
            stage = Stage.SELECT
            box.folder.set(settings.mailbox)
            stage = Stage.READ
            for uid in sorted({int(uid) for uid in box.uids("UNSEEN", charset=None)}):
                if stop():
                    break
                self._collect_one(box, uid, take, tally)
            # Everything is marked by now: a server that is gone before it says goodbye has done its work.
            with suppress(imaplib.IMAP4.error, ImapToolsError, OSError):
                box.logout()
        except (imaplib.IMAP4.error, ImapToolsError, OSError, ValueError) as error:
            raise explained(f"{settings.host}:{settings.port}", stage, error, password=settings.password) from error
        finally:
            if box is not None:
                with suppress(OSError):
                    box.client.shutdown()
        return tally.sum()

    def _collect_one(self, box: BaseMailBox, uid: int, take: Take, tally: Tally) -> None:
        name = f"{self._settings.host}: message {uid} of {self._settings.mailbox}"
        # A partial fetch (RFC 3501 §6.4.5): of a huge message only what is read crosses the wire.
        answer, parts = box.client.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{MAX_OCTETS}>)")
        if answer == "OK" and parts in ([], [None]):
            return  # Somebody removed it meanwhile.
        message = _body_in(parts) if answer == "OK" else None
        if message is None:
            tally.fail(f"{name} is not given by the server. Look at it in a mail program, and mark it as read.")
            return
        if not tally.is_taken(take, message, name):
            return
        answer, _ = box.client.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)")
        if answer != "OK":
            tally.fail(f"{name} was taken, but may not be marked as read. Let {self._settings.user} write there.")
            return
        tally.count_taken()


def _faults(settings: ImapSettings) -> Iterator[Fault]:
    # imaplib writes what it is given into the command, where a line end begins another one (CVE-2025-15366).
    for name in ("mailbox", "user", "password"):
        if _CONTROL.search(getattr(settings, name)):
            message = "holds a control character. Write printable characters alone."
            yield Fault(path="config.toml", field=f"bounces.imap_{name}", message=message)
    if settings.tls is Tls.NONE and not is_loopback(settings.host):
        message = f'would show the password to everybody between here and {settings.host}. Write "implicit".'
        yield Fault(path="config.toml", field="bounces.imap_tls", message=message)


def _connected(settings: ImapSettings) -> BaseMailBox:
    host, port, timeout = settings.host, settings.port, settings.timeout_s
    if settings.tls is Tls.IMPLICIT:
        return MailBox(host, port, timeout=timeout, ssl_context=ssl.create_default_context())
    return MailBoxUnencrypted(host, port, timeout=timeout)


def _log_in(box: BaseMailBox, settings: ImapSettings) -> None:
    user, password = settings.user, settings.password
    # LOGIN carries ASCII alone (RFC 3501 §9); AUTHENTICATE PLAIN carries UTF-8 (RFC 4616 §2).
    log_in = box.login if (user + password).isascii() else box.login_utf8
    log_in(user, password, initial_folder=None)


def _body_in(parts: list[object]) -> bytes | None:
    """The octets among the parts of an answer to FETCH, between which the server may tell of other messages."""
    for part in parts:
        if isinstance(part, tuple) and _BODY.search(part[0]):
            return bytes(part[1][:MAX_OCTETS])
    if any(isinstance(part, bytes) and _EMPTY_BODY.search(part) for part in parts):
        return b""
    return None
