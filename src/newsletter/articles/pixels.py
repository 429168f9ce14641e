"""What is done to a picture's pixels before it is written anew; every function gives a new picture."""

from __future__ import annotations

import io

from PIL import Image, ImageCms, ImageOps

from newsletter.articles.limits import MAX_IMAGE_WIDTH


def upright(picture: Image.Image) -> Image.Image:
    """`picture` turned as its EXIF orientation says, since that note goes with the other metadata."""
    return ImageOps.exif_transpose(picture)


def fit_width(picture: Image.Image) -> Image.Image:
    """`picture` at most 1,200 pixels wide, in its own ratio."""
    if picture.width <= MAX_IMAGE_WIDTH:
        return picture
    height = max(1, round(picture.height * MAX_IMAGE_WIDTH / picture.width))
    if picture.mode == "P":
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    return picture.resize((MAX_IMAGE_WIDTH, height), Image.Resampling.LANCZOS)


def in_srgb(picture: Image.Image) -> Image.Image:
    """`picture` in the colours every screen assumes, as its profile goes with the other metadata.

    A profile that cannot be read leaves the picture as it is.
    """
    profile = picture.info.get("icc_profile")
    if not profile or picture.mode not in ("RGB", "RGBA", "CMYK"):
        return picture
    colours = picture.convert("RGB") if picture.mode == "RGBA" else picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return picture
    if converted is None:
        return picture
    if picture.mode == "RGBA":
        converted.putalpha(picture.getchannel("A"))
    return converted


def plain_mode(picture: Image.Image, *, opaque: bool) -> Image.Image:
    """`picture` without metadata in a mode that PNG and JPEG know: L, RGB, RGBA, or P with its palette.

    An alpha channel that hides nothing goes; with `opaque` the palette and any transparency go too.
    """
    transparency = picture.info.get("transparency")
    if picture.mode.startswith("I"):
        # Sixteen bits a pixel; convert() alone would turn all but the darkest 255 shades white.
        picture = picture.convert("I").point(lambda shade: shade * (1 / 256)).convert("L")
    elif picture.mode in ("RGBA", "LA", "PA") or (transparency is not None and picture.mode != "P"):
        picture = _without_idle_alpha(picture.convert("RGBA"))
    elif picture.mode not in ("L", "RGB", "P"):
        picture = picture.convert("L" if picture.mode == "1" else "RGB")
    if opaque and picture.mode not in ("L", "RGB"):
        picture = picture.convert("RGB")
    plain = picture.copy()
    plain.info.clear()
    if transparency is not None and plain.mode == "P":
        plain.info["transparency"] = transparency
    return plain


def _without_idle_alpha(picture: Image.Image) -> Image.Image:
    lowest, _ = picture.getchannel("A").getextrema()
    return picture.convert("RGB") if lowest == 255 else picture
