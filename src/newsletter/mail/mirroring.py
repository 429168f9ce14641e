"""Right-to-left, marked by hand: mail clients lack logical properties (18 of 31 entries tested).

Every element whose sides matter and whose nearest `dir` says rtl gets the class "rtl", so that the
theme's CSS can give it the mirrored margins, paddings and borders with plain class selectors.
"""

from __future__ import annotations

from lxml import etree

_SIDED = frozenset({"td", "th", "ul", "ol", "dd", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "table", "div"})


def mark_right_to_left(root: etree._Element) -> None:
    """Add the class "rtl" to each element of `root` that has sides and reads from the right.

    A block that turns against the text around it also gets "from-left" or "from-right", because it
    would inherit the other side's alignment.
    """
    reads_right: dict[etree._Element, bool] = {}
    for element in root.iter(etree.Element):
        parent = element.getparent()
        around = parent is not None and reads_right.get(parent, False)
        told = element.get("dir", "").lower()
        right = told == "rtl" if told in ("rtl", "ltr") else around
        reads_right[element] = right
        if right and element.tag in _SIDED:
            _add_class(element, "rtl")
        if right != around and (element.tag in _SIDED or element.tag == "p"):
            _add_class(element, "from-right" if right else "from-left")


def _add_class(element: etree._Element, name: str) -> None:
    element.set("class", f"{element.get('class', '')} {name}".strip())
