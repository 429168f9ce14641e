"""The addresses in an article: which are safe, which name local pictures, and all of them made absolute."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote, urljoin, urlsplit

from newsletter.articles.limits import MAX_IMAGE_WIDTH
from newsletter.articles.tree import Element, elements, read_tree, write_tree
from newsletter.model import Image

_ADDRESSES = ("href", "src", "poster", "cite", "data")
_CANDIDATE = re.compile(r"\s*([^\s,][^\s]*[^\s,]|[^\s,])(\s+[^,]*)?(?:,|$)")
# Everything RFC 3986 lets stand as it is; the rest, spaces and letters with accents too, is encoded.
_KEPT = "!#$%&'()*+,/:;=?@[]~"
_SPACES = re.compile(r"[\t\n\r]+")


def normal_address(text: str) -> str | None:
    """`text` with all but the characters of RFC 3986 percent-encoded; None when it is no address."""
    address = quote(_SPACES.sub("", text).strip(), safe=_KEPT)
    try:
        urlsplit(address).port  # noqa: B018 - reading the port is what checks it
    except ValueError:
        return None
    return address


def scheme_of(address: str) -> str:
    """The scheme of `address` in lower case, empty for a relative one."""
    head, colon, _ = address.partition(":")
    return head.lower() if colon and re.fullmatch(r"[a-zA-Z][a-zA-Z0-9+.-]*", head) else ""


def local_images(body_html: str) -> tuple[str, ...]:
    """The pictures of an article that lie beside it, as decoded paths: no scheme, no host.

    In order of appearance, none twice, without query and fragment.
    """
    found = (_local_reference(image.get("src", "")) for image in elements(read_tree(body_html), "img"))
    return tuple(dict.fromkeys(reference for reference in found if reference))


def absolutise(body_html: str, *, page_url: str, base_url: str, images: Mapping[str, Image]) -> str:
    """`body_html` with every address absolute, fit for a feed reader that knows no base.

    A relative address is joined to `page_url`, one from the root to `base_url`, a ``#fragment`` to
    the article's page. A picture found in `images` (by its `local_images` path) gets its URL and its
    display size; the author's own width is kept up to 1,200 with the picture's ratio.
    """
    root = read_tree(body_html)
    for element in elements(root):
        if element.tag == "img":
            _place_image(element, images)
        for key in _ADDRESSES:
            if key in element.attrib:
                _set_address(element, key, page_url=page_url, base_url=base_url)
        if "srcset" in element.attrib:
            candidates = _CANDIDATE.findall(str(element.attrib["srcset"]))
            joined = [f"{_absolute(url, page_url, base_url) or ''}{size.rstrip()}" for url, size in candidates]
            element.set("srcset", ", ".join(joined))
    return write_tree(root)


def _set_address(element: Element, key: str, *, page_url: str, base_url: str) -> None:
    address = _absolute(str(element.attrib[key]), page_url, base_url)
    if address is None:
        del element.attrib[key]
    else:
        element.set(key, address)


def _absolute(address: str, page_url: str, base_url: str) -> str | None:
    normal = normal_address(address)
    if normal is None:
        return None
    if scheme_of(normal) in ("mailto", "tel"):
        return normal
    if normal.startswith("#") or not normal:
        return f"{page_url}{normal}"
    if normal.startswith("/") and not normal.startswith("//"):
        return f"{base_url}{normal}"
    return urljoin(page_url, normal)


def _local_reference(address: str) -> str | None:
    normal = normal_address(address)
    if not normal or scheme_of(normal) or normal.startswith("//"):
        return None
    return unquote(urlsplit(normal).path) or None


def _place_image(element: Element, images: Mapping[str, Image]) -> None:
    image = images.get(_local_reference(element.get("src", "")) or "")
    if image is None:
        return
    width, height = _display_size(element, image)
    element.set("src", image.url)
    element.set("width", str(width))
    element.set("height", str(height))


def _display_size(element: Element, image: Image) -> tuple[int, int]:
    wanted, tall = element.get("width", ""), element.get("height", "")
    width = image.width
    if wanted.isdecimal() and int(wanted):
        width = int(wanted)
    elif tall.isdecimal() and int(tall):
        width = round(int(tall) * image.width / max(image.height, 1))
    width = max(1, min(width, MAX_IMAGE_WIDTH))
    return width, max(1, round(width * image.height / max(image.width, 1)))
