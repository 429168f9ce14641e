from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from newsletter.articles import prepare_image
from newsletter.articles.limits import MAX_IMAGE_BYTES
from newsletter.errors import ArticleError

Encode = Callable[..., bytes]


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def striped(width: int = 60, height: int = 40, mode: str = "RGB") -> Image.Image:
    image = Image.new(mode, (width, height), "navy")
    image.paste(Image.new(mode, (width // 2, height), "orange"), (0, 0))
    return image


def see_through() -> Image.Image:
    image = striped(mode="RGBA")
    image.putpixel((0, 0), (0, 0, 0, 0))
    return image


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def refused(data: bytes) -> str:
    with pytest.raises(ArticleError) as caught:
        prepare_image(data, name="images/quay.png")
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "extension"),
    [
        (encoded(striped(), "PNG"), "png"),
        (encoded(striped(), "JPEG"), "jpg"),
        (encoded(striped(), "GIF"), "png"),
        (encoded(striped(), "WEBP", lossless=True), "jpg"),
        (encoded(see_through(), "WEBP", lossless=True), "png"),
        (encoded(striped(), "AVIF"), "jpg"),
        (encoded(see_through(), "AVIF"), "png"),
        (encoded(striped(mode="RGBA"), "WEBP", lossless=True), "jpg"),
        (encoded(striped(mode="CMYK"), "JPEG"), "jpg"),
        (encoded(striped(mode="L"), "PNG"), "png"),
        (encoded(striped(mode="1"), "PNG"), "png"),
        (encoded(striped().convert("P"), "PNG"), "png"),
    ],
)
def test_every_kind_becomes_one_that_mail_shows(data: bytes, extension: str) -> None:
    picture = prepare_image(data, name="quay")

    image = opened(picture.data)
    assert (picture.extension, picture.width, picture.height) == (extension, 60, 40)
    assert (image.format, picture.media_type) in {("PNG", "image/png"), ("JPEG", "image/jpeg")}
    assert (picture.size, len(picture.hash)) == (len(picture.data), 32)


def test_the_same_octets_give_the_same_octets() -> None:
    data = encoded(striped(), "JPEG")

    assert prepare_image(data, name="a.jpg") == prepare_image(data, name="b.jpg")


def test_a_prepared_picture_is_stable_as_png() -> None:
    once = prepare_image(encoded(see_through(), "PNG"), name="a")

    assert prepare_image(once.data, name="a") == once


def test_no_metadata_is_left_and_the_picture_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x8298] = 6, "Camera", "Ada"
    data = encoded(striped(), "JPEG", exif=exif, comment=b"secret place", dpi=(300, 300))

    picture = prepare_image(data, name="quay.jpg")

    assert (picture.width, picture.height) == (40, 60)
    assert not opened(picture.data).getexif()
    for trace in (b"Camera", b"Ada", b"secret", b"Exif"):
        assert trace in data or trace == b"Exif"
        assert trace not in picture.data


def test_comments_and_profiles_of_a_png_go_and_its_colours_stay() -> None:
    from PIL.PngImagePlugin import PngInfo

    notes = PngInfo()
    notes.add_text("Comment", "secret place")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    picture = prepare_image(encoded(see_through(), "PNG", pnginfo=notes, icc_profile=profile), name="quay.png")

    image = opened(picture.data)
    assert b"secret" not in picture.data
    assert "icc_profile" not in image.info
    assert image.getpixel((1, 1)) == (255, 165, 0, 255)
    assert image.getpixel((0, 0))[3] == 0


def test_a_broken_colour_profile_is_no_reason_to_refuse() -> None:
    assert prepare_image(encoded(striped(), "PNG", icc_profile=b"nonsense"), name="quay.png").width == 60


def test_sixteen_bit_grey_keeps_its_shades() -> None:
    deep = Image.new("I;16", (2, 1))
    deep.putpixel((0, 0), 0x4000)
    deep.putpixel((1, 0), 0xC000)

    image = opened(prepare_image(encoded(deep, "PNG"), name="grey.png").data)

    assert [image.getpixel((0, 0)), image.getpixel((1, 0))] == [0x40, 0xC0]


def test_a_palette_keeps_its_transparency() -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 1), 1)

    picture = opened(prepare_image(encoded(image, "PNG", transparency=0), name="p.png").data).convert("RGBA")

    assert picture.getpixel((0, 0))[3] == 0
    assert picture.getpixel((1, 1)) == (0, 0, 255, 255)


@pytest.mark.parametrize(
    ("size", "expected"), [((1_200, 10), (1_200, 10)), ((1_201, 2_402), (1_200, 2_400)), ((4_800, 1), (1_200, 1))]
)
def test_a_picture_is_at_most_1200_wide(size: tuple[int, int], expected: tuple[int, int]) -> None:
    for mode in ("RGB", "P", "RGBA"):
        picture = prepare_image(encoded(Image.new(mode, size), "PNG"), name="wide.png")
        assert (picture.width, picture.height) == expected


def test_an_animation_stays_one_without_its_comment() -> None:
    frames = [Image.new("RGB", (1_300, 20), colour) for colour in ("red", "green", "blue")]
    data = encoded(
        frames[0], "GIF", save_all=True, append_images=frames[1:], duration=[50, 60, 70], loop=0, comment="me!"
    )

    picture = prepare_image(data, name="wave.gif")

    image = Image.open(io.BytesIO(picture.data))
    assert (picture.media_type, picture.extension, picture.width) == ("image/gif", "gif", 1_200)
    assert (image.n_frames, image.info["loop"]) == (3, 0)
    assert b"me!" in data
    assert b"me!" not in picture.data


@pytest.mark.parametrize("kind", ["WEBP", "PNG", "AVIF"])
def test_other_animations_are_refused(kind: str) -> None:
    data = encoded(striped(), kind, save_all=True, append_images=[striped().rotate(180)])

    assert refused(data) == (
        "images/quay.png: the picture is animated, and of those mail shows only GIF. Save it as GIF or as a still."
    )


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "the picture is empty. Copy the file again."),
        (b"hello", "this is no PNG, JPEG, GIF, WebP or AVIF picture. Save it as PNG or JPEG."),
        (b"\0\0\0\x18ftypheic", "this is no PNG"),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            "an SVG can hold scripts, and no mail shows it. Export it as PNG.",
        ),
        (b"\xef\xbb\xbf<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY x 'y'>]>", "an SVG can hold scripts"),
        (b"\x89PNG\r\n\x1a\n", "the picture is damaged or cut off. Save it again as PNG or JPEG."),
        (b"\xff\xd8\xff\xe0", "the picture is damaged or cut off."),
        (encoded(striped(), "JPEG")[:-200], "the picture is damaged or cut off."),
        (encoded(striped(), "PNG")[:60], "the picture is damaged or cut off."),
        (encoded(striped(), "WEBP")[:-20], "the picture is damaged or cut off."),
        (encoded(striped(), "GIF")[:40], "the picture is damaged or cut off."),
    ],
)
def test_what_is_no_whole_picture_is_refused(data: bytes, sentence: str) -> None:
    assert refused(data).startswith(f"images/quay.png: {sentence}")


def bomb(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1_000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(50_000, 50_000), (10_000, 9_000), (6_400, 6_400), (40_000, 1)])
def test_a_bomb_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    assert "more than 40 megapixels and 30,000 pixels a side" in refused(bomb(*size))


def test_sizes_at_the_limit_pass() -> None:
    assert prepare_image(encoded(Image.new("1", (8_000, 5_000)), "PNG"), name="large.png").width == 1_200
    assert prepare_image(encoded(striped(), "PNG") + b"\0" * 9_000_000, name="padded.png").width == 60


def test_a_large_file_is_refused_by_its_octets() -> None:
    assert "10,000,001 octets large" in refused(b"\x89PNG" + b"\0" * (MAX_IMAGE_BYTES - 3))


def test_an_animation_with_too_many_frames_is_refused() -> None:
    frames = [Image.new("L", (2, 2), number % 256) for number in range(501)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])

    assert "the animation has more than 500 frames or 40 megapixels in all" in refused(data)


@given(st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "AVIF"]), st.integers(0, 400), st.binary(min_size=1, max_size=8))
@settings(max_examples=150)
def test_a_damaged_file_is_a_picture_or_a_sentence(kind: str, position: int, noise: bytes) -> None:
    data = bytearray(encoded(striped(), kind))
    data[position : position + len(noise)] = noise

    try:
        told = prepare_image(bytes(data), name="quay").media_type
    except ArticleError as error:
        told = str(error)

    assert told.startswith(("image/", "quay: "))
