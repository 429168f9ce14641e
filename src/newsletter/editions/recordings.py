"""The recording of an article, found beside its file; and all files of an article together, its pictures first.

Comes in: a manuscript and the folder it lies in. Goes out: `Recording`, and the `Audio` that readers get.
Reads the disk; writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from newsletter.articles import PreparedAudio, audio_size_fault, prepare_audio
from newsletter.editions.pictures import Picture, gather_pictures
from newsletter.errors import ArticleError, Fault
from newsletter.model import Audio, Manuscript


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """The recording of an article: how the author names it, where it lies, what readers get."""

    reference: str
    source: Path
    prepared: PreparedAudio

    @property
    def path(self) -> str:
        """Its place below `site/`, by hash: the same recording is stored once."""
        return f"media/{self.prepared.hash}.{self.prepared.extension}"


Media = Picture | Recording


def gather_media(manuscript: Manuscript, file: Path, *, within: Path) -> tuple[Media, ...]:
    """Read and prepare every picture of the article in `file`, and its recording, which comes last.

    `within` is the folder no reference may lead out of. Raises ArticleError with one fault for each that is
    missing, unreadable, too large or of another kind.
    """
    faults: list[Fault] = []
    pictures: tuple[Picture, ...] = ()
    recording: Recording | None = None
    try:
        pictures = gather_pictures(manuscript, file, within=within)
    except ArticleError as error:
        faults.extend(error.faults)
    try:
        recording = _gather_recording(manuscript, file, within=within)
    except ArticleError as error:
        line = manuscript.lines.get("audio")
        faults.extend(
            Fault(path=manuscript.path, line=line, field="audio", message=fault.message) for fault in error.faults
        )
    if faults:
        raise ArticleError(faults)
    return (*pictures, recording) if recording else pictures


def pictures_among(media: Sequence[Media]) -> tuple[Picture, ...]:
    """The pictures of an article, without its recording."""
    return tuple(each for each in media if isinstance(each, Picture))


def audio_of(manuscript: Manuscript, media: Sequence[Media], base_url: str) -> Audio | None:
    """The article's recording as the crafts see it: our own measured, a foreign one as its author says."""
    if manuscript.audio is None:
        return None
    for each in media:
        if isinstance(each, Recording):
            prepared = each.prepared
            return Audio(url=f"{base_url}/{each.path}", media_type=prepared.media_type, size=prepared.size)
    return Audio(url=manuscript.audio, media_type=manuscript.audio_type, size=manuscript.audio_bytes)


def prepared_files(media: Sequence[Media]) -> dict[str, bytes]:
    """Path below `site/` → bytes, for the site room to write."""
    return {each.path: each.prepared.data for each in media}


def _gather_recording(manuscript: Manuscript, file: Path, *, within: Path) -> Recording | None:
    reference = manuscript.audio
    if reference is None or reference.startswith("https://"):
        return None
    source = (file.parent / reference).resolve()
    if not source.is_relative_to(within.resolve()):
        raise _fault(reference, f"{reference} lies outside {within}. Put the recording beside the article.")
    if not source.is_file():
        advice = "Check the name, or add the recording."
        raise _fault(reference, f"there is no file {reference} beside the article. {advice}")
    return Recording(reference=reference, source=source, prepared=prepare_audio(_read(source), name=reference))


def _read(path: Path) -> bytes:
    try:
        # Looked at before it is read: the whole of it is held in memory.
        if sentence := audio_size_fault(path.stat().st_size):
            raise _fault(path.name, sentence)
        return path.read_bytes()
    except OSError as error:
        raise _fault(path.name, f"{path.name} cannot be read ({error.strerror}). Check its permissions.") from error


def _fault(path: str, message: str) -> ArticleError:
    return ArticleError([Fault(path=path, message=message)])
