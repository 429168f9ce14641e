"""The elements and attributes an article may have, and what becomes of the others.

Tables of names only; `sanitiser.py` applies them. Kept is what mail programs, feed readers and
pages all show; unknown elements lose their tags and keep their text.
"""

from __future__ import annotations

VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
# A missing end tag is no fault in these (whatwg.org §13.1.2.4), and the next one closes the last; the
# last line is of SVG, where "/>" closes.
NEVER_DEEP = VOID | frozenset(
    {
        *("p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup", "option", "optgroup"),
        *("rp", "rt", "body", "head", "html"),
        *("circle", "ellipse", "line", "path", "polygon", "polyline", "rect", "stop", "use"),
    }
)
# Elements that HTML opens again in the next block when the last one did not close them.
FORMATTING = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
INLINE = frozenset(
    {
        *("a", "abbr", "b", "bdi", "bdo", "br", "cite", "code", "del", "dfn", "em", "i", "img", "ins", "kbd", "mark"),
        *("q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u", "var"),
    }
)
BLOCK = frozenset(
    {
        *("blockquote", "caption", "col", "colgroup", "dd", "div", "dl", "dt", "figcaption", "figure", "hr", "li"),
        *("ol", "p", "pre", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul", *HEADINGS),
    }
)
ALLOWED = INLINE | BLOCK

# Renamed before the last pass, so that text which stood apart still does.
RENAMED = {
    **dict.fromkeys(
        (
            *("address", "article", "aside", "center", "details", "dialog", "fieldset", "footer", "form", "header"),
            *("hgroup", "main", "nav", "search", "section"),
        ),
        "div",
    ),
    **dict.fromkeys(("legend", "summary"), "p"),
    **dict.fromkeys(("dir", "menu"), "ul"),
    "acronym": "abbr",
    "strike": "s",
    "tt": "code",
}
# What stands on a line of its own, so that no word touches the next one.
APART = BLOCK | {"br"} | {tag for tag, new in RENAMED.items() if new in BLOCK}
# Gone with all they hold; readers never see their text as words of the article.
DROPPED = frozenset(
    {
        *("applet", "audio", "canvas", "datalist", "iframe", "math", "noembed", "noframes", "noscript", "object"),
        *("script", "select", "style", "svg", "template", "textarea", "title", "video"),
    }
)
# Of what is gone, the part an author may miss.
MISSED = (DROPPED - {"noscript", "style", "template", "title"}) | {"button", "embed", "frame", "input"}

ATTRIBUTES: dict[str, set[str]] = {
    "*": {"dir", "lang", "title", "id"},
    "a": {"href"},
    "blockquote": {"cite"},
    "code": {"class"},
    "col": {"span"},
    "colgroup": {"span"},
    "del": {"cite", "datetime"},
    "ins": {"cite", "datetime"},
    "img": {"src", "alt", "width", "height"},
    "li": {"value"},
    "ol": {"start"},
    "q": {"cite"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align", "scope"},
    "time": {"datetime"},
}
SCHEMES = {"http", "https", "mailto", "tel"}
