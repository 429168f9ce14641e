"""The recording of an article: what the author says of it, and the octets of a file known by what they hold.

Comes in: front matter, and octets of an MP3, M4A, Ogg or Opus file. Goes out: `WrittenAudio`, and
`PreparedAudio`, whose octets are the author's own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from newsletter.articles.characters import line_breaking
from newsletter.articles.entries import Entry, Kind
from newsletter.articles.limits import MAX_AUDIO_BYTES, MAX_NAME_CHARS
from newsletter.errors import ArticleError, Fault

AUDIO_TYPES: Mapping[str, str] = {
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",  # RFC 7845 §9
}
MAX_ADDRESS_CHARS = 1_000
_KINDS = "MP3, M4A, Ogg or Opus"
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.I | re.A)
_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(?::\d{1,5})?/[!-~]*", re.A)
_TYPE = re.compile(r"audio/[a-z0-9.+-]{1,60}", re.A)
# The header of a frame of layer III (ISO/IEC 11172-3): 11 bits of sync, a version and a layer.
_MP3_FRAME = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]")
_FILM = re.compile(rb"hdlr.{8}vide", re.S)


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenAudio:
    """The recording as the front matter names it: a file, or an https address with its size and media type."""

    reference: str | None = None
    size: int = 0
    media_type: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedAudio:
    """A recording as it is published: the author's octets; `hash` is 32 hexadecimal digits."""

    data: bytes
    media_type: str
    extension: str
    hash: str

    @property
    def size(self) -> int:
        """Its octets, counted."""
        return len(self.data)


def read_audio(entries: Mapping[str, Entry], *, path: str) -> tuple[WrittenAudio, tuple[Fault, ...]]:
    """What `audio`, `audio_bytes` and `audio_type` say, with a fault for each that is wrong."""
    faults: list[Fault] = []

    def refuse(name: str, message: str) -> None:
        faults.append(Fault(path=path, line=entries[name].line, field=name, message=message))

    reference = _text(entries, "audio")
    written, declared = _text(entries, "audio_bytes"), _text(entries, "audio_type")
    if reference is not None and (sentence := _reference_fault(reference)):
        refuse("audio", sentence)
    if written is not None and not (written.isascii() and written.isdecimal() and len(written) <= 12):
        refuse("audio_bytes", f'"{written[:40]}" is no number of octets. Write digits alone, such as 24986239.')
        written = None
    if declared is not None and not _TYPE.fullmatch(declared):
        refuse("audio_type", f'"{declared[:40]}" is no media type of a recording. Write audio/mpeg for MP3.')
    is_address = reference is not None and _SCHEME.match(reference) is not None
    for name in ("audio_bytes", "audio_type"):
        if _text(entries, name) is not None and not is_address:
            refuse(name, "it belongs to a recording at an https address. Take the line out: a file is measured.")
    if is_address and not faults and declared is None:
        declared = AUDIO_TYPES.get(_kind(reference or ""))
        if declared is None:
            refuse("audio", "its address does not tell what kind it is. Add audio_type: audio/mpeg, for MP3.")
    if faults or not reference:
        return WrittenAudio(), tuple(faults)
    return WrittenAudio(reference=reference, size=int(written or 0), media_type=declared or ""), ()


def _kind(name: str) -> str:
    # Without the query of an address, which many hosts add.
    return PurePosixPath(urlsplit(name).path).suffix.lower().removeprefix(".")


def prepare_audio(data: bytes, *, name: str) -> PreparedAudio:
    """The recording in `data`, told by its first octets whatever its name says.

    The octets stay as they are: what the author's program wrote into them, such as a title or a picture, goes
    out with them. Raises ArticleError, with `name` as the file, for another kind, a film, and more than 100 MB.
    """
    sentence = audio_size_fault(len(data))
    extension = _told_kind(data) if sentence is None else ""
    if sentence is None and not extension:
        sentence = f"this is no {_KINDS} file. Save the recording as MP3."
    if sentence is None and extension == "m4a" and _FILM.search(data):
        sentence = "the file holds a film. Save its sound alone, as M4A or MP3."
    if sentence is not None:
        raise ArticleError([Fault(path=name, message=sentence)])
    digest = hashlib.sha256(data).hexdigest()[:32]
    return PreparedAudio(data=data, media_type=AUDIO_TYPES[extension], extension=extension, hash=digest)


def audio_size_fault(octets: int) -> str | None:
    """Why a recording of so many octets is not taken, as a sentence; None when it is."""
    if octets <= MAX_AUDIO_BYTES:
        return None
    return (
        f"the recording has {octets:,} octets; it may have {MAX_AUDIO_BYTES:,}. Save it at a lower rate, "
        "or put it at a host for podcasts and write its https address."
    )


def _told_kind(data: bytes) -> str:
    if data[4:8] == b"ftyp":
        return "m4a"
    if data[:4] == b"OggS":
        # The first page of an Ogg file holds the header of its codec (RFC 7845 §3).
        return "opus" if data[28:36] == b"OpusHead" else "ogg"
    return "mp3" if data[:3] == b"ID3" or _MP3_FRAME.match(data) else ""


def _text(entries: Mapping[str, Entry], name: str) -> str | None:
    entry = entries.get(name)
    if entry is None or entry.kind is Kind.NOTHING:
        return None
    # A list or a table has no text of its own, which no form below accepts.
    return entry.text.strip()


def _reference_fault(text: str) -> str | None:
    if not text:
        return "here a file or an https address belongs. Write audio: episode.mp3."
    if line_breaking(text) or len(text) > MAX_ADDRESS_CHARS:
        return "the name is too long, or has a control character. Write audio: episode.mp3."
    if _SCHEME.match(text):
        if _ADDRESS.fullmatch(text):
            return None
        return f'"{text[:40]}" is neither a file nor an https address. Write audio: episode.mp3.'
    return "the name of the file is too long. Shorten it." if len(text) > MAX_NAME_CHARS else None
