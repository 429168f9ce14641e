"""Foreign HTML to the few elements and attributes an article may have.

Comes in: any HTML. `open_tree` reads it as browsers do and gives a tree to work on; `seal` writes the
tree as HTML that a second cleaning leaves as it is, so that no re-reading brings a script to life.
"""

from __future__ import annotations

import re

import nh3

from newsletter.articles.characters import tidy
from newsletter.articles.links import normal_address, scheme_of
from newsletter.articles.markup import ALLOWED, ATTRIBUTES, DROPPED, RENAMED, SCHEMES
from newsletter.articles.tree import Element, attributes, drop, elements, read_tree, remove, rename, unwrap, write_tree
from newsletter.articles.visible import is_hidden

_WIDE = nh3.Cleaner(
    tags=set(ALLOWED | RENAMED.keys()),
    clean_content_tags=set(DROPPED),
    attributes={**ATTRIBUTES, "*": ATTRIBUTES["*"] | {"hidden", "style"}},
    url_schemes=SCHEMES,
    link_rel=None,
)
_NUMBER = re.compile(r"\d{1,4}", re.ASCII)
_SPAN = re.compile(r"[1-9]\d{0,2}", re.ASCII)
# What an attribute may say; the others may say anything.
_VALUES = {
    "dir": re.compile(r"ltr|rtl|auto"),
    "lang": re.compile(r"[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*", re.ASCII),
    "id": re.compile(r"a[0-9a-f]{8}-[A-Za-z0-9_:.-]+", re.ASCII),
    "class": re.compile(r"language-[\w+#.-]+"),
    "align": re.compile(r"left|right|center"),
    "scope": re.compile(r"col|row|colgroup|rowgroup"),
    "datetime": re.compile(r"[\w:+. -]{1,40}", re.ASCII),
    "width": _NUMBER,
    "height": _NUMBER,
    "start": re.compile(r"-?\d{1,9}", re.ASCII),
    "value": re.compile(r"-?\d{1,9}", re.ASCII),
    "span": _SPAN,
    "colspan": _SPAN,
    "rowspan": _SPAN,
}
_TEXT_ALIGN = re.compile(r"text-align\s*:\s*(left|right|center)", re.IGNORECASE)
_PASSES = 5


def _fit(tag: str, attribute: str, value: str) -> str | None:
    allowed = _VALUES.get(attribute)
    if attribute == "class":
        words = [word for word in value.split() if allowed and allowed.fullmatch(word)]
        return words[0] if words else None
    return value if allowed is None or allowed.fullmatch(value) else None


_STRICT = nh3.Cleaner(
    tags=set(ALLOWED),
    clean_content_tags=set(DROPPED),
    attributes=ATTRIBUTES,
    attribute_filter=_fit,
    url_schemes=SCHEMES,
    link_rel=None,
)


def open_tree(html: str) -> Element:
    """A tree of the elements of `html` that can become an article's, without scripts and hidden parts.

    Read by an HTML5 parser; addresses are normal, unsafe ones gone, and ids still the author's.
    """
    root = read_tree(tidy(_WIDE.clean(html))[0])
    for element in elements(root):
        if is_hidden(attributes(element)):
            remove(element)
            continue
        if element.tag in ("td", "th") and (aligned := _TEXT_ALIGN.search(element.get("style", ""))):
            element.set("align", aligned[1].lower())
        drop(element, "style")
        if element.tag in RENAMED:
            rename(element, RENAMED[str(element.tag)])
        _check_addresses(element)
    return root


def seal(root: Element) -> str | None:
    """The HTML of `root`, cleaned until another cleaning changes nothing; None when it never does."""
    html = write_tree(root)
    for _ in range(_PASSES):
        again = write_tree(read_tree(tidy(_STRICT.clean(html))[0]))
        if again == html:
            return html
        html = again
    return None


def _check_addresses(element: Element) -> None:
    for key in ("href", "src", "cite"):
        address = normal_address(element.get(key, "")) if key in element.attrib else None
        schemes = SCHEMES if key == "href" else {"http", "https"}
        if address is None or scheme_of(address) not in {"", *schemes}:
            drop(element, key)
        else:
            element.set(key, address)
    if element.tag == "img" and not element.get("src"):
        remove(element)
    elif element.tag == "a" and not attributes(element).keys() & {"href", "id"}:
        unwrap(element)
