"""An article's body, rewritten for mail clients.

Comes in: the sanitised HTML fragment of an article, with absolute URLs. Goes out: a fragment of
elements that old mail clients know, sized for a column of 600 pixels, headings below the
edition's single h1. Even a body that was never sanitised comes out without scripts and styles.
"""

from __future__ import annotations

import re

from lxml import etree

from newsletter.mail.characters import drop_controls, wash
from newsletter.mail.typography import speaks_french, typeset
from newsletter.model import direction

COLUMN = 536  # what the theme's side margins leave of 600
_GLYPH = 64  # a picture this small inside a sentence stays in its line

_REMOVED = (
    "script", "style", "link", "base", "meta", "title", "iframe", "object", "embed", "applet", "svg", "math", "form",
    "input", "button", "select", "textarea", "template", "noscript", "frame", "frameset", "canvas", "audio", "video",
    "map", "dialog",
)  # fmt: skip
_RENAMED = {
    "figure": "div", "figcaption": "div", "section": "div", "article": "div", "aside": "div", "header": "div",
    "footer": "div", "main": "div", "nav": "div", "address": "div", "details": "div", "center": "div",
    "summary": "p", "strike": "s", "tt": "code",
}  # fmt: skip
_ALLOWED = {
    "a", "abbr", "b", "bdi", "bdo", "blockquote", "br", "caption", "cite", "code", "col", "colgroup", "dd", "del",
    "dfn", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark",
    "ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strong", "sub", "sup", "table", "tbody",
    "td", "tfoot", "th", "thead", "time", "tr", "u", "ul", "var",
}  # fmt: skip
_EVERYWHERE = frozenset({"lang", "dir", "title"})
_ATTRIBUTES = {
    "a": {"href"}, "img": {"src", "alt", "width", "height"}, "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "scope", "align"}, "ol": {"start", "reversed", "type"}, "li": {"value"},
    "blockquote": {"cite"}, "q": {"cite"}, "del": {"cite", "datetime"}, "ins": {"cite", "datetime"},
    "time": {"datetime"}, "col": {"span"}, "colgroup": {"span"},
}  # fmt: skip
_SAFE_LINK = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
_SAFE_IMAGE = re.compile(r"https?://", re.IGNORECASE)
_VERBATIM = frozenset({"pre", "code", "kbd", "samp", "var"})
# libxml2 loses whatever follows a stray </body>.
_DOCUMENT_TAG = re.compile(r"</?(?:html|head|body)\b[^>]*>", re.IGNORECASE)
_HEADING = re.compile(r"h[1-6]")


def email_body(html: str, *, language: str, top_level: int = 2) -> str:
    """`html` for a mail in `language`, its highest heading at `top_level` and no level skipped.

    Empty for an empty body. Classes are the theme's: picture, glyph, caption, notes, scroll, data.
    """
    page = f"<html><body>{_DOCUMENT_TAG.sub('', drop_controls(html))}</body></html>"
    root = etree.fromstring(page, etree.HTMLParser(huge_tree=True, remove_comments=True, remove_pis=True))
    body = root.find("body") if root is not None else None
    if body is None:
        return ""
    notes = _footnotes(body)
    _rename_and_clean(body)
    for division in notes:
        division.set("class", "notes")
    _fit_pictures(body)
    _fit_headings(body, top_level)
    _fit_tables(body)
    _fit_definitions(body)
    _fit_texts(body, language)
    written = etree.tostring(body, method="html", encoding="unicode", with_tail=False)
    return written.removeprefix("<body>").removesuffix("</body>").strip()


def _footnotes(body: etree._Element) -> list[etree._Element]:
    """The sections that hold footnotes: a numbered list whose items are targets of links."""
    return [section for section in body.iter("section") if section.find("ol/li[@id]") is not None]


def _rename_and_clean(body: etree._Element) -> None:
    etree.strip_elements(body, *_REMOVED, with_tail=False)
    captions = list(body.iter("figcaption"))
    for element in body.iter(etree.Element):
        element.tag = _RENAMED.get(element.tag, element.tag)
    foreign = {str(element.tag) for element in body.iter(etree.Element)} - _ALLOWED - {"body"}
    if foreign:
        etree.strip_tags(body, *foreign)
    for element in body.iter(etree.Element):
        _clean_attributes(element)
    for caption in captions:
        caption.set("class", "caption")


def _clean_attributes(element: etree._Element) -> None:
    kept = _EVERYWHERE | _ATTRIBUTES.get(str(element.tag), set())
    for name, value in list(element.attrib.items()):
        if name not in kept:
            del element.attrib[name]
        elif name in ("alt", "title"):
            element.set(name, wash(str(value)))
    if element.get("dir", "ltr").lower() not in ("ltr", "rtl", "auto"):
        del element.attrib["dir"]
    if not _SAFE_LINK.match(element.get("href", "https://")):
        del element.attrib["href"]
    if "cite" in element.attrib and not _SAFE_IMAGE.match(element.get("cite", "")):
        del element.attrib["cite"]


def _fit_pictures(body: etree._Element) -> None:
    for image in list(body.iter("img")):
        if not _SAFE_IMAGE.match(image.get("src", "")):
            # A picture nobody could load: its words stay.
            image.tag, image.text = "span", image.get("alt", "")
            image.attrib.clear()
            continue
        image.set("alt", image.get("alt", ""))
        width, height = _pixels(image.get("width")), _pixels(image.get("height"))
        for name in ("width", "height"):
            image.attrib.pop(name, "")
        if width:
            image.set("width", str(min(width, COLUMN)))
        if width and height:
            image.set("height", str(height if width <= COLUMN else max(1, round(height * COLUMN / width))))
        in_line = bool(width) and width <= _GLYPH and not _stands_alone(image)
        image.set("class", "glyph" if in_line else "picture")


def _stands_alone(image: etree._Element) -> bool:
    holder = image.getparent()
    if holder is not None and holder.tag == "a":
        image, holder = holder, holder.getparent()
    if holder is None or len(holder) > 1:
        return False
    return not (holder.text or "").strip() and not (image.tail or "").strip()


def _pixels(value: str | None) -> int:
    found = re.fullmatch(r"\s*(\d{1,5})(?:\.\d+)?(?:px)?\s*", value or "")
    return int(found.group(1)) if found else 0


def _fit_headings(body: etree._Element, top_level: int) -> None:
    headings = [element for element in body.iter(etree.Element) if _HEADING.fullmatch(str(element.tag))]
    if not headings:
        return
    shift = top_level - min(int(str(heading.tag)[1]) for heading in headings)
    before = top_level - 1
    for heading in headings:
        before = min(int(str(heading.tag)[1]) + shift, before + 1, 6)
        heading.tag = f"h{before}"


def _fit_tables(body: etree._Element) -> None:
    for header in body.iter("th"):
        if not "".join(map(str, header.itertext())).strip() and header.find(".//img") is None:
            # An empty header cell announces nothing (axe: empty-table-header).
            header.tag = "td"
            header.attrib.pop("scope", "")
        elif not header.get("scope"):
            in_head = any(ancestor.tag == "thead" for ancestor in header.iterancestors())
            row = header.getparent()
            alone = row is not None and row.find("td") is None
            header.set("scope", "col" if in_head or alone else "row")
    for cell in body.iter("td", "th"):
        align = str(cell.attrib.pop("align", "")).lower()
        if align in ("right", "center"):
            cell.set("class", align)
    for table in list(body.iter("table")):
        table.set("class", "data")
        for name, value in (("cellpadding", "0"), ("cellspacing", "0"), ("border", "0"), ("width", "100%")):
            table.set(name, value)
        if not any(ancestor.tag == "table" for ancestor in table.iterancestors()):
            _wrap(table, "scroll")


def _wrap(element: etree._Element, css_class: str) -> None:
    holder = element.getparent()
    if holder is None:
        return
    # A table wider than a phone scrolls inside this box, and by keyboard too.
    box = etree.Element("div", {"class": css_class, "tabindex": "0"})
    holder.replace(element, box)
    box.tail, element.tail = element.tail, None
    box.append(element)


def _fit_definitions(body: etree._Element) -> None:
    """Keep definition lists that name and explain; what is none becomes plain blocks, for screen readers."""
    for listing in body.iter("dl"):
        tags = [str(child.tag) for child in listing.iterchildren(etree.Element)]
        if not tags or tags[0] != "dt" or tags[-1] != "dd" or set(tags) != {"dt", "dd"}:
            for element in (listing, *listing.iterchildren("dt", "dd")):
                element.tag = "div"


def _fit_texts(body: etree._Element, language: str) -> None:
    """Normalise every text, set French by its rules, and give code and foreign blocks their direction."""
    state: dict[etree._Element, tuple[str, bool]] = {}
    for element in body.iter(etree.Element):
        holder = element.getparent()
        outer = (language, False) if element is body or holder is None else state[holder]
        spoken = element.get("lang") or outer[0]
        verbatim = outer[1] or element.tag in _VERBATIM
        state[element] = (spoken, verbatim)
        if element.get("lang") and not element.get("dir"):
            element.set("dir", direction(spoken))
        if element.tag in ("pre", "code", "kbd", "samp"):
            element.set("dir", "ltr")
        if element.text:
            element.text = _set_text(element.text, spoken, verbatim)
        if element.tail and element is not body:
            element.tail = _set_text(element.tail, *outer)


def _set_text(text: str, language: str, verbatim: bool) -> str:
    washed = wash(text)
    return washed if verbatim or not speaks_french(language) else typeset(washed, language)
