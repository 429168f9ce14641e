from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.articles import absolutise, local_images
from newsletter.articles.links import normal_address, scheme_of
from newsletter.articles.tree import elements, read_tree
from newsletter.model import Image

PAGE = "https://news.example.org/fr/quai/"
BASE = "https://news.example.org"


def picture(width: int = 800, height: int = 600) -> Image:
    url = "https://news.example.org/media/0f.jpg"
    return Image(url=url, alt="", width=width, height=height, media_type="image/jpeg", size=1)


def absolute(html: str, **images: Image) -> str:
    return absolutise(html, page_url=PAGE, base_url=BASE, images={"quay.jpg": picture(), **images})


@pytest.mark.parametrize(
    ("written", "joined"),
    [
        ('<a href="https://example.com/a">', "https://example.com/a"),
        ('<a href="/tides?x=1#y">', "https://news.example.org/tides?x=1#y"),
        ('<a href="tides">', "https://news.example.org/fr/quai/tides"),
        ('<a href="../pier/">', "https://news.example.org/fr/pier/"),
        ('<a href="#fn1">', "https://news.example.org/fr/quai/#fn1"),
        ('<a href="">', "https://news.example.org/fr/quai/"),
        ('<a href="?page=2">', "https://news.example.org/fr/quai/?page=2"),
        ('<a href="//example.com/a">', "https://example.com/a"),
        ('<a href="mailto:ada@example.org">', "mailto:ada@example.org"),
        ('<a href="tel:+33100000000">', "tel:+33100000000"),
        ('<img src="other.png">', "https://news.example.org/fr/quai/other.png"),
        ('<blockquote cite="/said">', "https://news.example.org/said"),
        ('<video poster="p.jpg"></video>', "https://news.example.org/fr/quai/p.jpg"),
        ('<object data="d"></object>', "https://news.example.org/fr/quai/d"),
        ('<a href="été 1">', "https://news.example.org/fr/quai/%C3%A9t%C3%A9%201"),
    ],
)
def test_every_address_becomes_absolute(written: str, joined: str) -> None:
    (element,) = elements(read_tree(absolute(written)))

    assert joined in element.attrib.values()


def test_candidates_of_a_picture_become_absolute() -> None:
    html = absolute('<img srcset="a.jpg 1x, /b.jpg 2x,c,d.jpg 300w">')

    assert html == (
        '<img srcset="https://news.example.org/fr/quai/a.jpg 1x, https://news.example.org/b.jpg 2x, '
        'https://news.example.org/fr/quai/c,d.jpg 300w">'
    )


def test_a_broken_address_goes_and_its_text_stays() -> None:
    assert absolute('<a href="http://[foo">x</a>') == "<a>x</a>"


def test_the_base_is_joined_once() -> None:
    once = absolute('<p><a href="#a">x</a><img src="quay.jpg" alt="A"></p>')

    assert absolute(once) == once


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ('<img src="quay.jpg">', (800, 600)),
        ('<img src="quay.jpg" width="400">', (400, 300)),
        ('<img src="quay.jpg" height="300">', (400, 300)),
        ('<img src="quay.jpg" width="400" height="10">', (400, 300)),
        ('<img src="quay.jpg" width="5000">', (1200, 900)),
        ('<img src="quay.jpg" width="0">', (800, 600)),
        ('<img src="quay.jpg" width="wide">', (800, 600)),
        ('<img src="thin.jpg">', (1, 1)),
    ],
)
def test_a_picture_gets_its_url_and_size(written: str, size: tuple[int, int]) -> None:
    (image,) = elements(read_tree(absolute(written, **{"thin.jpg": picture(1, 1)})))

    assert image.get("src") == "https://news.example.org/media/0f.jpg"
    assert (image.get("width"), image.get("height")) == (str(size[0]), str(size[1]))


def test_the_authors_words_for_a_picture_are_untouched() -> None:
    html = absolute('<img src="quay.jpg" alt="Le quai" title="t">')

    assert 'alt="Le quai" title="t"' in html


def test_local_pictures_are_found_in_order_and_once() -> None:
    html = (
        '<img src="b.png"><img src="images/%C3%A9t%C3%A9%20a.png?x=1#y"><img src="https://example.com/c.png">'
        '<img src="//example.com/d.png"><img src="b.png"><img src="/e.png">'
        '<img src=""><img src="../f.png"><img alt="none">'
    )

    assert local_images(html) == ("b.png", "images/été a.png", "/e.png", "../f.png")


def test_a_name_found_is_a_name_replaced() -> None:
    html = '<img src="images/%C3%A9t%C3%A9%20a.png" alt="">'
    (name,) = local_images(html)

    assert "media/0f.jpg" in absolute(html, **{name: picture()})


@given(st.text(max_size=60))
def test_an_address_is_ascii_or_none(text: str) -> None:
    address = normal_address(text.encode("utf-8", "ignore").decode())

    assert address is None or (address.isascii() and '"' not in address and "<" not in address and " " not in address)
    assert address is None or normal_address(address) == address


@pytest.mark.parametrize(
    ("address", "scheme"),
    [
        ("HTTP://x", "http"),
        ("java\tscript:x", ""),
        ("/a:b", ""),
        ("a/b:c", ""),
        ("mailto:x", "mailto"),
        (":x", ""),
        ("", ""),
    ],
)
def test_a_scheme_is_what_stands_before_the_first_colon(address: str, scheme: str) -> None:
    assert scheme_of(address) == scheme
