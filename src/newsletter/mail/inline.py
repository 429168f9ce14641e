"""premailer, made safe: the only module that meets premailer 3.10.0 and cssutils.

Comes in: a body of HTML and the theme's CSS. Goes out: the same body with that CSS in style
attributes. As shipped, both libraries read network and disk, share one cache between three
functions, and get the cascade wrong. What is changed for that is process-wide; it is done once,
under the lock that every call takes. Called once per variant by the composers of this room.
"""

from __future__ import annotations

import logging
import re
import threading
import xml.dom
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import cssutils
import cssutils.util
import premailer.premailer
from lxml import etree
from lxml.cssselect import CSSSelector, SelectorError
from premailer.premailer import Premailer

from newsletter.mail.errors import MessageError
from newsletter.mail.mirroring import mark_right_to_left

RULE_LIMIT = 2_000
_SHEET = "templates/email/inline.css"

# cssutils keeps its state in globals and premailer mutates cached sheets: one call at a time.
_LOCK = threading.Lock()

_BRACKETS = re.compile(r"\[(?:\"[^\"]*\"|'[^']*'|[^\]\"'])*\]")
_PSEUDO = re.compile(r"::?([a-z-]+)", re.IGNORECASE)
# Decided by the tree alone, so their styles can be inlined; all others depend on the reader.
_STATIC_PSEUDOS = {
    "first-child", "last-child", "only-child", "nth-child", "nth-last-child", "first-of-type", "last-of-type",
    "only-of-type", "nth-of-type", "nth-last-of-type", "empty", "not",
}  # fmt: skip
_UNFIT = (
    (re.compile(r"@import", re.IGNORECASE), "@import would be fetched by the inliner", "Copy the rules in"),
    (re.compile(r"!\s*important", re.IGNORECASE), "!important would beat the dark and small-screen rules", "Drop it"),
    (re.compile(r":(?:is|where|has)\(", re.IGNORECASE), ":is(), :where() and :has() are lost", "Use classes"),
    (re.compile(r"url\(", re.IGNORECASE), "url() would load something when the mail is opened", "Use an <img>"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Inlined:
    """What the body holds, with its styles inline, and the rules that can only live in the head."""

    html: str
    head_css: str


def inline_css(html: str, css: str) -> Inlined:
    """`html` (what a body holds) with the rules of `css` in style attributes; nothing is fetched.

    Elements that read from the right are marked first, see `mark_right_to_left`. Conditional
    comments stay as they are. Raises MessageError for CSS that would be lost or loaded.
    """
    _refuse_unfit(css)
    page = f"<html><head><style>{css}</style></head><body>{html}</body></html>"
    # libxml2 drops whatever stands deeper than 254 elements unless it is told not to.
    root = etree.fromstring(page, etree.HTMLParser(huge_tree=True))
    mark_right_to_left(root)
    with _LOCK:
        _harden()
        _SafePremailer(
            root,
            allow_network=False,
            strip_important=False,
            disable_validation=True,
            align_floating_images=False,
            include_star_selectors=True,
            exclude_pseudoclasses=False,
        ).transform()
    left = [style.text or "" for style in root.iterfind("head/style")]
    body = root.find("body")
    written = "" if body is None else etree.tostring(body, method="html", encoding="unicode", with_tail=False)
    return Inlined(html=written.removeprefix("<body>").removesuffix("</body>"), head_css="\n".join(left))


class _SafePremailer(Premailer):  # type: ignore[misc]  # premailer ships no types
    """premailer with the cascade of CSS and without its reach outside."""

    def _parse_style_rules(self, css_body: str, ruleset_index: int) -> tuple[list[Any], list[Any]]:
        """The rules to inline, each with its place in the cascade, and those for the head."""
        inlined, kept = _cascade(css_body or "", ruleset_index)
        return list(inlined), list(kept)

    def _css_rules_to_string(self, rules: Iterable[Any]) -> str:
        """The rules for the head as text, each declaration strong enough to beat the inline ones."""
        lines = []
        for rule in rules:
            if isinstance(rule, tuple):
                selector, declared = rule
                body = "; ".join(f"{name}: {value.removesuffix(' !important')} !important" for name, value in declared)
                lines.append(f"{selector} {{{body}}}")
            elif rule.type == rule.MEDIA_RULE:
                lines.append(super()._css_rules_to_string([rule]))
            else:
                lines.append(rule.cssText)
        return "\n".join(lines)

    def _style_to_basic_html_attributes(self, element: Any, style_content: str, force: bool = False) -> None:
        """Write nothing: premailer would put width="100%" over the width that Outlook needs."""

    def _load_external(self, url: str) -> str:
        """Refuse: a stylesheet reference can only come from an article."""
        raise MessageError("The page refers to a stylesheet outside itself. Nothing was fetched; remove the reference.")


class _EverySelector:
    """Stands for premailer's list of pseudo-classes, so that it never cuts a selector at a colon."""

    def __contains__(self, pseudo: object) -> bool:
        """Say yes to all; the selectors that must not be inlined were sorted out before."""
        return True


@cache
def _harden() -> None:
    """Replace the parts of premailer and cssutils that crash, fetch or print; once per process."""
    module = premailer.premailer
    # One cache keyed by arguments alone served three functions: style="head" in an article gave the
    # element's styles back as a selector and crashed the render.
    module._create_cssselector = _select
    module.csstext_to_pairs = lambda declared, validate=True: declared
    module.merge_styles = _merge_styles
    module.FILTER_PSEUDOSELECTORS = _EverySelector()
    # cssutils fetches each @import by itself, http and file alike, without a timeout.
    cssutils.util._defaultFetcher = lambda url: None
    # Every mso- property and every gradient would be a line on stderr.
    cssutils.log.setLevel(logging.CRITICAL)


@lru_cache(maxsize=8_192)
def _select(selector: str) -> CSSSelector:
    return CSSSelector(selector, translator="html")


def _parse_sheet(css: str) -> Any:
    try:
        return cssutils.CSSParser(raiseExceptions=True, validate=False).parseString(css)
    except xml.dom.DOMException as fault:
        raise MessageError(f"{_SHEET}: the rules cannot be read: {fault.args[0]}. Correct the CSS.") from fault


@lru_cache(maxsize=64)
def _cascade(css: str, ruleset_index: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The rules to inline as (place in the cascade, selector, declarations), and those for the head."""
    inlined: list[Any] = []
    kept: list[Any] = []
    for rule in _parse_sheet(css):
        if rule.type == rule.STYLE_RULE:
            normal, important = _declarations(rule.style)
            for selector in rule.selectorList:
                if not _is_static(selector.selectorText):
                    kept.append((selector.selectorText, (*normal, *important)))
                    continue
                for weight, declared in enumerate((normal, important)):
                    if declared:
                        place = (weight, *selector.specificity, ruleset_index, len(inlined))
                        inlined.append((place, selector.selectorText, declared))
        elif rule.type not in (rule.COMMENT, rule.IMPORT_RULE, rule.CHARSET_RULE):
            kept.append(rule)
    return tuple(inlined), tuple(kept)


@lru_cache(maxsize=8_192)
def _own_style(css: str) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    return _declarations(cssutils.parseStyle(css, validate=False))


def _declarations(style: Any) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Name and value of each declaration in effect: the normal ones, and the important ones."""
    normal, important = [], []
    for declared in style.getProperties():
        if declared.priority == "important":
            important.append((declared.name, f"{declared.value} !important"))
        else:
            normal.append((declared.name, declared.value))
    return tuple(normal), tuple(important)


def _is_static(selector: str) -> bool:
    """Whether the tree alone decides what `selector` matches, and we can read it."""
    names = {name.lower() for name in _PSEUDO.findall(_BRACKETS.sub("", selector))}
    if not names <= _STATIC_PSEUDOS or "::" in selector:
        return False
    try:
        _select(selector)
    except SelectorError:
        return False
    return True


def _merge_styles(
    inline_style: str,
    new_styles: Sequence[Sequence[tuple[str, str]]],
    classes: Sequence[str],
    remove_unset_properties: bool = False,
) -> str:
    """One style attribute from rules in the order of the cascade; the element's own comes last.

    A repeated property moves to the end, because `margin:0` must also undo a `margin-top` before it.
    """
    own_normal, own_important = _own_style(inline_style) if inline_style else ((), ())
    merged: dict[str, str] = {}
    for name, value in (pair for declared in (*new_styles, own_normal, own_important) for pair in declared):
        if merged.get(name, "").endswith(" !important") and not value.endswith(" !important"):
            continue
        merged.pop(name, None)
        merged[name] = value
    ordered = sorted(merged.items(), key=lambda pair: pair[1].endswith(" !important"))
    written = ((name, value.removesuffix(" !important")) for name, value in ordered)
    return "; ".join(f"{name}:{value}" for name, value in written if value.lower() != "unset")


def _refuse_unfit(css: str) -> None:
    for pattern, what, advice in _UNFIT:
        if pattern.search(css):
            raise MessageError(f"{_SHEET}: {what}. {advice}.")
    # Counted before any parser sees them: cssutils takes a millisecond a rule.
    if css.count("{") > RULE_LIMIT:
        raise MessageError(f"{_SHEET}: there are more than {RULE_LIMIT} rules in it. Simplify it.")
    if "</" in css or "<!--" in css:
        raise MessageError(f"{_SHEET}: there is markup in it. Write CSS only.")
