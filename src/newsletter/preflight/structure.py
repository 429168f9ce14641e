"""The bones of a page: headings, languages, tables, and what must not be there at all."""

from __future__ import annotations

import re

from lxml import etree

from newsletter.model import Finding, Output, direction
from newsletter.preflight.findings import error, warning
from newsletter.preflight.markup import attributes, shown, visible_text

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
# fmt: off
_ACTIVE = (
    "script", "iframe", "frame", "object", "embed", "applet", "form", "input", "button", "select", "textarea", "base",
    "link", "meta",
)
# fmt: on
_SCRIPT_URL = re.compile(r"\s*(?:javascript|vbscript|data)\s*:", re.IGNORECASE)
_FONT = re.compile(r"@font-face|@import", re.IGNORECASE)
_CSS_TEXT = re.compile(r"\bcontent\s*:\s*(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_CSS_ESCAPE = re.compile(r"\\[0-9a-f]{1,6}\s?", re.IGNORECASE)


def check_heading_order(root: etree._Element, *, above: int, output: Output) -> list[Finding]:
    """A warning for each heading that skips a level; `above` is the level before the first one."""
    found = []
    for heading in root.iter(*_HEADINGS):
        level = int(str(heading.tag)[1])
        if level > above + 1:
            message = f"The heading “{_text(heading)}” of level {level} follows one of level {above}."
            advice = f"Make it level {above + 1}: screen readers announce a gap as something missing."
            found.append(warning("heading-skipped", message, advice=advice, place=_text(heading), output=output))
        above = level
    return found


def check_single_heading(root: etree._Element) -> list[Finding]:
    """A warning unless the page has exactly one heading of level 1."""
    number = sum(1 for _ in root.iter("h1"))
    if number == 1:
        return []
    message = f"The mail has {number} headings of level 1."
    advice = "Give it exactly one: the title of the article or of the edition."
    return [warning("heading-count", message, advice=advice, output=Output.MAIL)]


def check_languages(root: etree._Element) -> list[Finding]:
    """Warnings where language or direction are missing, twice said and different, or wrong for each other."""
    found = []
    spoken = [element for element in root.iter(etree.Element) if element.get("lang") and element.get("dir")]
    wrapped = any(
        str(parent.tag) == "body" for parent in (element.getparent() for element in spoken) if parent is not None
    )
    if not root.get("lang") or not root.get("dir"):
        message = "The mail does not say its language and direction on <html>."
        advice = "Write lang and dir there: screen readers choose their voice by it."
        found.append(warning("lang-missing", message, advice=advice, output=Output.MAIL))
    if not wrapped:
        message = "No element straight inside <body> has lang and dir."
        advice = "Wrap the page in a div that has both: webmail drops <html> and <body>."
        found.append(warning("wrapper-missing", message, advice=advice, output=Output.MAIL))
    for element in spoken:
        language, given = element.get("lang", ""), element.get("dir", "")
        if given.lower() not in (direction(language.lower()), "auto"):
            message = (
                f"<{element.tag}> has lang={shown(language)} and dir={shown(given)}, which do not belong together."
            )
            found.append(warning("direction-wrong", message, advice="Correct one of them.", output=Output.MAIL))
    return found


def check_tables(root: etree._Element) -> list[Finding]:
    """One warning for the tables that are neither layout with its role nor data with headings."""
    number = sum(not _is_marked(table) for table in root.iter("table"))
    if not number:
        return []
    message = f"{number} of the mail's tables have neither role=presentation nor a th."
    advice = "Mark layout tables with the role, and head the columns of data tables with th."
    return [warning("table-without-role", message, advice=advice, output=Output.MAIL)]


def check_active_content(root: etree._Element, *, allowed: frozenset[str], output: Output) -> list[Finding]:
    """An error for each kind of script, form or frame; elements named in `allowed` are passed over."""
    kinds = dict.fromkeys(
        f"<{name}>" for name in _ACTIVE if name not in allowed and root.find(f".//{name}") is not None
    )
    for element in root.iter(etree.Element):
        for name, value in attributes(element).items():
            if name.startswith("on"):
                kinds[f"{shown(name, 20)}="] = None
            elif name in ("href", "src", "action", "formaction") and _SCRIPT_URL.match(value):
                kinds[f"{name}={shown(value, 20)}"] = None
    return [
        error(
            "active-content",
            f"The page holds {kind}, which mail and feed readers cut out or refuse.",
            advice="Take it out of the article or the theme.",
            place=kind,
            output=output,
        )
        for kind in kinds
    ]


def check_styles(root: etree._Element) -> list[Finding]:
    """Warnings for fonts fetched from elsewhere, and for words that stand only in a style sheet."""
    found = []
    css = "\n".join(element.text or "" for element in root.iter("style"))
    if _FONT.search(css):
        message = "The mail's styles load a font or a style sheet from elsewhere."
        advice = "Use the fonts of the reader's system: a remote font tells its server who reads."
        found.append(warning("remote-font", message, advice=advice, output=Output.MAIL))
    texts = (_CSS_ESCAPE.sub("", text).strip("\"'") for text in _CSS_TEXT.findall(css))
    if text := next((text for text in texts if any(map(str.isalnum, text))), ""):
        message = f"“{shown(text)}” stands only in the styles."
        advice = "Write it into the page: many readers see no styles, and none can copy it."
        found.append(warning("css-content", message, advice=advice, output=Output.MAIL))
    return found


def _is_marked(table: etree._Element) -> bool:
    # The headings of a table inside this one are not its own.
    return table.get("role") in ("presentation", "none") or any(
        next(heading.iterancestors("table")) is table for heading in table.iter("th")
    )


def _text(element: etree._Element) -> str:
    return shown(visible_text(element))
