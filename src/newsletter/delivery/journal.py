"""What a sender did with the rows of one lease, in a file beside the database.

A line is written before the first octet of content and another after the reply, without waiting for the
disk: a process that is killed leaves its lines to the kernel, and a commit for each message would cost
more than the message. After a power cut the lines may be missing, so that the whole lease is in doubt
then. Whoever takes a lease over reads its journal first.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zlib import crc32

from newsletter.errors import StoreError
from newsletter.model import Outcome, Receipt, SubscriberId

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SEPARATOR = "\t"


@dataclass(frozen=True, kw_only=True, slots=True)
class Noted:
    """The last try of one row: when its content began to leave (aware UTC), and what was answered when.

    Without `opened_at` no content left; without `receipt` nobody knows the end.
    """

    no: int
    transport: str
    opened_at: datetime | None = None
    receipt: Receipt | None = None
    at: datetime | None = None


class Journal:
    """Takes lines from several threads; made empty, and deleted when the database says it all."""

    def __init__(self, path: Path) -> None:
        """Begin the file at `path`, in a folder that is made. Raises StoreError."""
        self.path = path
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _refused(path, error) from error

    def opened(self, subscriber_id: SubscriberId, no: int, transport: str, at: datetime) -> None:
        """Say that content is about to leave. Raises StoreError; then none may."""
        self._write(f"o\t{subscriber_id}\t{no}\t{(at - _EPOCH) // _MICROSECOND}\t{transport}")

    def withdrew(self, subscriber_id: SubscriberId, no: int) -> None:
        """Say that nothing left after all."""
        self._write(f"w\t{subscriber_id}\t{no}")

    def ended(self, subscriber_id: SubscriberId, no: int, transport: str, answer: tuple[Receipt, datetime]) -> None:
        """Say what was answered, and when. Raises StoreError."""
        receipt, at = answer
        moment = (at - _EPOCH) // _MICROSECOND
        # Replies hold no control characters by now: a transport gives printable words.
        words = receipt.reply.replace("\t", " ").replace("\n", " ").replace("\r", " ")
        self._write(
            f"e\t{subscriber_id}\t{no}\t{moment}\t{transport}\t{receipt.outcome}\t{receipt.code}\t"
            f"{receipt.enhanced}\t{words}"
        )

    def close(self) -> None:
        """Let go of the file and leave it where it is."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def delete(self) -> None:
        """Close and remove the file; one that somebody else removed is gone already."""
        self.close()
        remove_journal(self.path)

    def _write(self, line: str) -> None:
        octets = line.encode("utf-8", "replace")
        octets = b"%b\t%08x\n" % (octets, crc32(octets))
        try:
            written = os.write(self._file, octets)
        except OSError as error:
            raise _refused(self.path, error) from error
        if written != len(octets):
            raise StoreError(f"{self.path}: only half a line could be written. Free some space on this disk.")


def read_journal(path: Path) -> Mapping[SubscriberId, Noted] | None:
    """What a journal says of each row, or None when the file is missing or damaged: then nothing is known.

    A last line without its end was being written when the sender died, and nothing followed it.
    """
    try:
        found: dict[SubscriberId, Noted] = {}
        for line in path.read_bytes().split(b"\n")[:-1]:
            octets, _, check = line.rpartition(b"\t")
            # One wrong bit could lay a line to another reader.
            if int(check, 16) != crc32(octets):
                return None
            _take(octets.decode("utf-8").split(_SEPARATOR), found)
    except (OSError, ValueError):
        return None
    return found


def remove_journal(path: Path) -> None:
    """Delete a journal whose rows are all settled; one that cannot be deleted does no harm."""
    with suppress(OSError):
        path.unlink()


def _take(fields: list[str], found: dict[SubscriberId, Noted]) -> None:
    kind, subscriber, no, *rest = fields
    key, number = SubscriberId(int(subscriber)), int(no)
    if kind == "w":
        found.pop(key, None)
    elif kind == "o":
        moment, transport = rest
        found[key] = Noted(no=number, transport=transport, opened_at=_moment(moment))
    elif kind == "e":
        moment, transport, outcome, code, enhanced, reply = rest
        before = found.get(key) or Noted(no=number, transport=transport)
        if before.no != number:
            before = Noted(no=number, transport=transport)
        receipt = Receipt(outcome=Outcome(outcome), code=int(code), enhanced=enhanced, reply=reply)
        found[key] = replace(before, receipt=receipt, at=_moment(moment))
    else:
        raise ValueError(f"no such line: {kind!r}")


def _moment(text: str) -> datetime:
    return _EPOCH + int(text) * _MICROSECOND


def _refused(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path}: the journal of what is being sent could not be written ({error.strerror}). Nothing was sent "
        "without it. Check free space and permissions of its folder."
    )
