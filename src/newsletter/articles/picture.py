"""The owner's pictures, made fit for mail and pages: re-encoded, without metadata, at most 1,200 wide.

Comes in: octets of a PNG, JPEG, GIF, WebP or AVIF file. Goes out: `PreparedImage`, a PNG, JPEG or GIF.
"""

from __future__ import annotations

import hashlib
import io
import struct
from dataclasses import dataclass

from PIL import Image, ImageSequence

from newsletter.articles.limits import MAX_IMAGE_BYTES, MAX_IMAGE_FRAMES, MAX_IMAGE_PIXELS, MAX_IMAGE_SIDE
from newsletter.articles.pixels import fit_width, in_srgb, plain_mode, upright
from newsletter.errors import ArticleError, Fault

_JPEG_QUALITY = 85
_MEDIA_TYPES = {"PNG": ("image/png", "png"), "JPEG": ("image/jpeg", "jpg"), "GIF": ("image/gif", "gif")}
_ADVICE = "Save it again as PNG or JPEG."
# What Pillow raises on a file that is damaged or made to harm, at opening as at decoding.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    EOFError,
    struct.error,
    MemoryError,
    RuntimeError,
)
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedImage:
    """A picture as it is published; `width` and `height` are pixels, `hash` 32 hexadecimal digits."""

    data: bytes
    media_type: str
    extension: str
    width: int
    height: int
    size: int
    hash: str


class _NotFitError(ValueError):
    pass


def prepare_image(data: bytes, *, name: str) -> PreparedImage:
    """The picture in `data`, re-encoded: turned upright, in sRGB, without metadata, at most 1,200 wide.

    JPEG stays JPEG, PNG and still GIF become PNG, WebP and AVIF become PNG with transparency and JPEG
    without; an animated GIF stays animated. The same octets give the same octets.

    Raises ArticleError, with `name` as the file, for SVG and other kinds, for more than 10 MB or 40
    megapixels (looked at before decoding), and for damaged files.
    """
    try:
        kind = _kind(data)
        with Image.open(io.BytesIO(data), formats=(kind,)) as picture:
            _check_size(picture.size)
            return _prepared(picture, kind)
    except _NotFitError as error:
        raise ArticleError([Fault(path=name, message=str(error))]) from error
    except _BOMBS as error:
        raise ArticleError([Fault(path=name, message=_too_large())]) from error
    except _DAMAGE as error:
        message = f"the picture is damaged or cut off. {_ADVICE}"
        raise ArticleError([Fault(path=name, message=message)]) from error


def _kind(data: bytes) -> str:
    if len(data) > MAX_IMAGE_BYTES:
        size = f"{len(data):,} octets large; a picture may have {MAX_IMAGE_BYTES:,}"
        raise _NotFitError(f"the picture is {size}. Make it smaller: 2,400 pixels wide is plenty.")
    head = data[:512]
    if head.startswith(b"\x89PNG"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis"):
        return "AVIF"
    if b"<svg" in head or head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<?xml"):
        raise _NotFitError("an SVG can hold scripts, and no mail shows it. Export it as PNG.")
    if not data:
        raise _NotFitError("the picture is empty. Copy the file again.")
    raise _NotFitError("this is no PNG, JPEG, GIF, WebP or AVIF picture. Save it as PNG or JPEG.")


def _check_size(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_IMAGE_PIXELS or max(size) > MAX_IMAGE_SIDE:
        raise _NotFitError(_too_large())


def _too_large() -> str:
    most = f"{MAX_IMAGE_PIXELS // 1_000_000} megapixels and {MAX_IMAGE_SIDE:,} pixels a side"
    return f"the picture has more than {most}. Make it smaller: 2,400 pixels wide is plenty."


def _prepared(picture: Image.Image, kind: str) -> PreparedImage:
    # A photograph with a preview inside counts as animated too.
    if kind != "JPEG" and getattr(picture, "is_animated", False):
        if kind != "GIF":
            raise _NotFitError(
                "the picture is animated, and of those mail shows only GIF. Save it as GIF or as a still."
            )
        return _animated(picture)
    image = plain_mode(in_srgb(fit_width(upright(picture))), opaque=kind == "JPEG")
    lossy = kind == "JPEG" or (kind in ("WEBP", "AVIF") and image.mode in ("RGB", "L"))
    out = io.BytesIO()
    if lossy:
        image.save(out, "JPEG", quality=_JPEG_QUALITY, optimize=True, progressive=True)
    else:
        image.save(out, "PNG", optimize=True)
    return _record(out.getvalue(), "JPEG" if lossy else "PNG", image.size)


def _animated(picture: Image.Image) -> PreparedImage:
    frames: list[Image.Image] = []
    durations: list[int] = []
    pixels = 0
    for frame in ImageSequence.Iterator(picture):
        pixels += picture.width * picture.height
        if pixels > MAX_IMAGE_PIXELS or len(frames) == MAX_IMAGE_FRAMES:
            most = f"{MAX_IMAGE_FRAMES} frames or {MAX_IMAGE_PIXELS // 1_000_000} megapixels in all"
            raise _NotFitError(f"the animation has more than {most}. Shorten it, or make it smaller.")
        durations.append(int(frame.info.get("duration", 100)))
        image = fit_width(frame.convert("RGBA"))
        image.info.clear()
        frames.append(image)
    out = io.BytesIO()
    repeat = {"loop": int(picture.info["loop"])} if "loop" in picture.info else {}
    frames[0].save(
        out, "GIF", save_all=True, append_images=frames[1:], duration=durations, disposal=2, optimize=False, **repeat
    )
    return _record(out.getvalue(), "GIF", frames[0].size)


def _record(data: bytes, kind: str, size: tuple[int, int]) -> PreparedImage:
    media_type, extension = _MEDIA_TYPES[kind]
    return PreparedImage(
        data=data,
        media_type=media_type,
        extension=extension,
        width=size[0],
        height=size[1],
        size=len(data),
        hash=hashlib.sha256(data).hexdigest()[:32],
    )
