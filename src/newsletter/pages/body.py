"""An article's body as the page shows it: the site's own links as paths, wide things scrollable.

Comes in: the sanitised fragment, as an HTML serialiser wrote it (every `<` of the text escaped, every
attribute quoted), so that tags can be told from text by one expression. Goes out: Markup, the only
value of a page that is not escaped.
"""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from newsletter.pages.frame import Frame, local_link

# One whole tag with its quoted attributes: quotes are eaten in pairs, so that a ">" or a "<table>"
# inside an alt text is never taken for markup.
_TAG = re.compile(r"""<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9]*)(?P<attributes>(?:[^<>"']|"[^"]*"|'[^']*')*)>""")
_LINK = re.compile(r"""(?P<name>\s(?:href|src))=(?P<quote>["'])(?P<url>[^"']*)(?P=quote)""")


def page_body(body_html: str, *, frame: Frame) -> Markup:
    """`body_html` with the site's absolute URLs as paths, tables in a scrollable box, and code focusable.

    A box that scrolls must be reachable by keyboard (WCAG 2.1.1), and a wide table must not push the
    page sideways on a phone (WCAG 1.4.10).
    """
    here = local_link(frame.masthead)
    box = f'<div class="scroll" role="group" tabindex="0" aria-label="{escape(frame.words.say("Table"))}">'

    def link(match: re.Match[str]) -> str:
        return f"{match['name']}={match['quote']}{here(match['url'])}{match['quote']}"

    def tag(match: re.Match[str]) -> str:
        name = match["name"].lower()
        if match["end"]:
            return f"{match[0]}</div>" if name == "table" else match[0]
        attributes = _LINK.sub(link, match["attributes"])
        if name == "img" and " loading=" not in attributes:
            # Pictures in the text come after the headline: what is not looked at need not be fetched.
            attributes = f' loading="lazy" decoding="async"{attributes}'
        written = f"<{match['name']}{attributes}>"
        if name == "table":
            return box + written
        return f'<pre tabindex="0"{match["attributes"]}>' if name == "pre" else written

    return Markup(_TAG.sub(tag, body_html))  # noqa: S704 - sanitised when the article was read
