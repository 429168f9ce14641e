"""The embedded transport: each message becomes one file in a Maildir, ready for a double click.

Works without an account, a server or a network, so it is what a fresh newsroom sends with.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from newsletter.delivery.transports.screen import refuse_unfit
from newsletter.delivery.transports.settings import MaildirSettings
from newsletter.errors import TransportError
from newsletter.model import Envelope, Outcome, Receipt

_MESSAGE_ID = re.compile(rb"^message-id:[ \t\r\n]*(<[^>\r\n]*>)", re.IGNORECASE | re.MULTILINE)


class MaildirTransport:
    """Writes to `tmp/`, syncs, and renames into `new/`: readers of the folder never see half a message.

    The file is named after the Message-ID, so that a message handed over twice is one file. A file
    that a mail program has meanwhile moved to `cur/` counts as delivered, too.
    """

    def __init__(self, settings: MaildirSettings) -> None:
        """Use the folder `settings.path`; nothing is made before the first message."""
        self._settings = settings
        self._folder: int | None = None
        self._seen: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The name the settings gave it."""
        return self._settings.name

    def __enter__(self) -> Self:
        """Nothing yet: the first message makes the folders."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let go of the folder."""
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None

    def deliver(self, envelope: Envelope, message: bytes, *, opened: Callable[[], None]) -> Receipt:
        """Write one message; see `Transport.deliver`."""
        unfit = refuse_unfit(envelope, message)
        if unfit is not None:
            return unfit
        name = file_name(envelope, message)
        try:
            folder = self._ready()
            target = self._settings.path / "new" / name
            if name in self._seen or target.exists():
                opened()
                return Receipt(outcome=Outcome.ACCEPTED, reply=f"{name} was there already")
            return self._write(folder, target, message, opened)
        except OSError as error:
            raise TransportError(
                f"{self.name}: the message could not be written to {self._settings.path} ({error.strerror}). It stays "
                "queued. Check free space and permissions of that folder."
            ) from error

    def _ready(self) -> int:
        if self._folder is None:
            path = self._settings.path
            for part in ("tmp", "new", "cur"):
                (path / part).mkdir(mode=0o700, parents=True, exist_ok=True)
            self._seen = frozenset(entry.name.partition(":")[0] for entry in (path / "cur").iterdir())
            self._folder = os.open(path / "new", os.O_RDONLY | os.O_DIRECTORY)
        return self._folder

    def _write(self, folder: int, target: Path, message: bytes, opened: Callable[[], None]) -> Receipt:
        # Process and thread keep two writers of one message apart; a leftover of the same is overwritten.
        draft = self._settings.path / "tmp" / f"{target.name}.{os.getpid()}.{threading.get_ident()}"
        try:
            with open(draft, "wb", opener=_owner_only) as file:
                file.write(message)
                file.flush()
                os.fsync(file.fileno())
            opened()
            draft.rename(target)
        finally:
            draft.unlink(missing_ok=True)
        # A rename survives a power cut only once its folder is on disk.
        os.fsync(folder)
        return Receipt(outcome=Outcome.ACCEPTED, reply=target.name)


def file_name(envelope: Envelope, message: bytes) -> str:
    """`HASH.READER.eml`: the same for the same Message-ID (else the same bytes) and reader.

    The reader's address is there for people; whatever a file name cannot hold becomes `_`.
    """
    found = _MESSAGE_ID.search(message.partition(b"\r\n\r\n")[0])
    key = (found.group(1) if found else message) + b"\0" + envelope.recipient.encode("utf-8")
    reader = re.sub(r"[^A-Za-z0-9@+_-]", lambda hit: "." if hit.group() == "." else "_", envelope.recipient)[:80]
    return f"{hashlib.sha256(key).hexdigest()[:24]}.{reader}.eml"


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
