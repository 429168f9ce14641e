"""The pictures of an article: found beside its file, cleaned, named by their hash.

Comes in: a manuscript and the folder it lies in. Goes out: `Picture` records, and the `Image` each
reference in the body stands for. Reads the disk; writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from newsletter.articles import PreparedImage, local_images, prepare_image
from newsletter.errors import ArticleError, Fault
from newsletter.model import Image, Manuscript

MAX_FILE_BYTES = 10_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """One local image of an article: how the author names it, where it lies, what readers get."""

    reference: str
    source: Path
    prepared: PreparedImage

    @property
    def path(self) -> str:
        """Its place below `site/`, by hash: the same picture is stored once."""
        return f"media/{self.prepared.hash}.{self.prepared.extension}"

    def image(self, base_url: str, alt: str = "") -> Image:
        """The picture as the crafts see it."""
        return Image(
            url=f"{base_url}/{self.path}",
            alt=alt,
            width=self.prepared.width,
            height=self.prepared.height,
            media_type=self.prepared.media_type,
            size=self.prepared.size,
        )


def references_of(manuscript: Manuscript) -> tuple[str, ...]:
    """Every local image the manuscript names, the lead image first, none twice."""
    lead = manuscript.image
    named = ([lead] if lead and "://" not in lead else []) + list(local_images(manuscript.body_html))
    return tuple(dict.fromkeys(named))


def gather_pictures(manuscript: Manuscript, file: Path, *, within: Path) -> tuple[Picture, ...]:
    """Read and prepare every local image of the article in `file`.

    `within` is the folder no reference may lead out of. Raises ArticleError with one fault for
    each picture that is missing, unreadable, too large or no picture at all.
    """
    faults: list[Fault] = []
    pictures: list[Picture] = []
    for reference in references_of(manuscript):
        is_lead = reference == manuscript.image
        line = manuscript.lines.get("image") if is_lead else _line_of(reference, file)
        field = "image" if is_lead else None
        try:
            source = _locate(reference, file, within=within)
            prepared = prepare_image(_read(source), name=reference)
        except ArticleError as error:
            faults.extend(
                Fault(path=manuscript.path, line=line, field=field, message=fault.message) for fault in error.faults
            )
            continue
        pictures.append(Picture(reference=reference, source=source, prepared=prepared))
    if faults:
        raise ArticleError(faults)
    return tuple(pictures)


def image_map(pictures: Iterable[Picture], base_url: str) -> dict[str, Image]:
    """Each reference as the author wrote it → the image readers get."""
    return {picture.reference: picture.image(base_url) for picture in pictures}


def lead_image(manuscript: Manuscript, images: dict[str, Image]) -> Image | None:
    """The article's own image with the author's words for it, or None."""
    # An image on another host has no measured size, so only our own can lead.
    image = images.get(manuscript.image) if manuscript.image else None
    return replace(image, alt=manuscript.image_alt) if image else None


def _locate(reference: str, file: Path, *, within: Path) -> Path:
    path = (file.parent / reference).resolve()
    if not path.is_relative_to(within.resolve()):
        raise _fault(reference, f"{reference} lies outside {within}. Put the picture beside the article.")
    if not path.is_file():
        raise _fault(reference, f"there is no file {reference} beside the article. Check the name, or add the picture.")
    return path


def _line_of(reference: str, file: Path) -> int | None:
    """Where the text names the picture first; None where it is written in another spelling."""
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((number for number, line in enumerate(lines, 1) if reference in line), None)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise _fault(path.name, f"{path.name} is larger than 10 MB. Save a smaller copy of it.")
        return path.read_bytes()
    except OSError as error:
        raise _fault(path.name, f"{path.name} cannot be read ({error.strerror}). Check its permissions.") from error


def _fault(path: str, message: str) -> ArticleError:
    return ArticleError([Fault(path=path, message=message)])
