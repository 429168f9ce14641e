"""Export archives of other programs: the lists of readers in a zip, and nothing else of it.

Comes in: an open file. Goes out: the members that may be lists of readers, as streams. Nothing is ever
unpacked to the disk, and no name in the archive is used as a path (Ghost CVE-2023-40028, Mautic
CVE-2026-9559). Called by `sources`.
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, BinaryIO

from newsletter.errors import Fault, UsageError

MAX_UNPACKED_OCTETS = 200_000_000
MAX_RATIO = 100
MAX_MEMBERS = 10_000
# What a member may be packed by; anything else is not read, whatever Python could do.
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
# Below this size a high ratio harms nobody: an empty list packs very well.
_SMALL_OCTETS = 1_000_000
_BEGINNINGS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_CHUNK = 262_144

# Only these are read, at most one folder deep. Substack keeps who opened which post below posts/.
_LISTS = re.compile(
    r"(?!posts/|__macosx/)([^/]+/)?"
    r"(subscribed|unsubscribed|cleaned|nonsubscribed|email_list|members|subscribers|unsubscribers|audience)[^/]*\.csv",
    re.IGNORECASE,
)
_LEAVERS = re.compile(r"([^/]+/)?(unsubscribe|cleaned)", re.IGNORECASE)
_NESTED = re.compile(r".*\.(zip|gz|tgz|bz2|xz|7z|rar|tar|zst)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Archive:
    """An archive that has been looked over: its lists of readers by name, those of people who left first."""

    file: zipfile.ZipFile
    name: str
    lists: tuple[str, ...]

    @contextmanager
    def open(self, member: str) -> Iterator[IO[bytes]]:
        """The octets of one of `lists`, unpacked as they are read."""
        with self.file.open(member) as stream:
            yield stream


def is_archive(head: bytes) -> bool:
    """Whether a file that begins with `head` is a zip archive."""
    return head.startswith(_BEGINNINGS)


def open_archive(stream: BinaryIO, *, name: str) -> Archive:
    """The lists of readers in the zip archive in `stream`, which can be sought in; `name` is for messages.

    Every member is looked at before any is read; one bad member condemns the archive, since no newsletter
    program writes such. Raises UsageError for an archive that cannot be trusted, and for one without a list.
    """
    try:
        file = zipfile.ZipFile(stream)
        members = file.infolist()
        _refuse(name, _fault_of_all(members))
        for member in members:
            _refuse(name, _fault_of(member))
        lists = [member.filename for member in members if _LISTS.fullmatch(member.filename)]
        for found in lists:
            _read_through(file, found)
    except UsageError:
        raise
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as error:
        raise _refusal(name, "the archive is damaged. Export it once more.") from error
    if not lists:
        looked_for = "subscribed….csv, unsubscribed….csv, cleaned….csv, email_list….csv, members….csv, subscribers….csv"
        raise _refusal(name, f"no list of readers is in it. Looked for: {looked_for}. Unpack it and import the file.")
    # Who left comes first: a reader in both lists must not be let in.
    lists.sort(key=lambda found: (not _LEAVERS.match(found), found))
    return Archive(file=file, name=name, lists=tuple(lists))


def seekable(stream: BinaryIO, head: bytes, *, name: str) -> BinaryIO:
    """The stream that began with `head`, from its beginning, such that it can be sought in; read whole from a pipe."""
    if stream.seekable():
        stream.seek(-len(head), io.SEEK_CUR)
        return stream
    rest = stream.read(MAX_UNPACKED_OCTETS - len(head) + 1)
    if len(head) + len(rest) > MAX_UNPACKED_OCTETS:
        raise _refusal(name, f"the archive is longer than {_megabytes(MAX_UNPACKED_OCTETS)}. Unpack it yourself.")
    return io.BytesIO(head + rest)


def _fault_of_all(members: list[zipfile.ZipInfo]) -> str:
    """What is wrong with the archive as a whole, as a sentence; empty when nothing is."""
    if len(members) > MAX_MEMBERS:
        return f"the archive has more than {MAX_MEMBERS:,} members. Import the list in it alone."
    names = [member.filename.casefold() for member in members]
    if len(set(names)) != len(names):
        return "the archive has two members of the same name. Export it once more."
    unpacked, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    if unpacked > MAX_UNPACKED_OCTETS:
        return f"the archive unpacks to more than {_megabytes(MAX_UNPACKED_OCTETS)}. Import the list in it alone."
    if unpacked > _SMALL_OCTETS and unpacked > MAX_RATIO * packed:
        return f"the archive unpacks to more than {MAX_RATIO} times its size, as a bomb does. Export it once more."
    return ""


def _fault_of(member: zipfile.ZipInfo) -> str:
    """What is wrong with one member, as a sentence; empty when nothing is."""
    raw, shown = member.orig_filename, _shown(member.filename)
    parts = re.split(r"[/\\]", raw)
    if "\0" in raw or "\\" in raw or raw.startswith("/") or re.match(r"[A-Za-z]:", raw) or ".." in parts:
        return f"the member “{shown}” has a name that leads out of the archive. Export it once more."
    if member.flag_bits & 0x1:
        return f"the member “{shown}” is encrypted. Unpack the archive and import the list in it."
    mode = member.external_attr >> 16
    if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_IFMT(mode) == 0):
        return f"the member “{shown}” is a link or a device. Export it once more."
    if _NESTED.fullmatch(raw):
        return f"the member “{shown}” is an archive itself. Unpack it and import the list in it."
    if member.compress_type not in _METHODS:
        return f"the member “{shown}” is packed in an unusual way. Unpack the archive and import the list in it."
    if member.file_size > _SMALL_OCTETS and member.file_size > MAX_RATIO * max(1, member.compress_size):
        return f"the member “{shown}” unpacks to more than {MAX_RATIO} times its size, as a bomb does."
    return ""


def _read_through(file: zipfile.ZipFile, member: str) -> None:
    """Unpack a member once and forget it: what its header says of size and checksum is true, or an error."""
    with file.open(member) as stream:
        while stream.read(_CHUNK):
            pass


def _shown(name: str) -> str:
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in name)[-60:]


def _megabytes(octets: int) -> str:
    return f"{octets // 1_000_000} MB"


def _refuse(name: str, fault: str) -> None:
    if fault:
        raise _refusal(name, fault)


def _refusal(name: str, message: str) -> UsageError:
    return UsageError(str(Fault(path=name, message=message)))
