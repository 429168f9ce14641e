"""Markdown to raw HTML: CommonMark with tables, strikethrough, footnotes and definition lists.

HTML inside is passed through; the sanitiser sees it all. No template is ever filled in: ``{{ 7*7 }}``
stays what it is.
"""

from __future__ import annotations

from markdown_it import MarkdownIt
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from newsletter.articles.limits import MAX_NESTING, MAX_RENDERED_CHARS
from newsletter.articles.weight import TOO_DEEP, objection_to_markdown


class TooHeavyError(ValueError):
    """The text would be slow to read or lose some of it; the message is the sentence for the author."""


def markdown_to_html(text: str) -> str:
    """The HTML of `text`, not yet sanitised. Raises TooHeavyError before any work that would be slow."""
    if sentence := objection_to_markdown(text):
        raise TooHeavyError(sentence)
    try:
        html = str(_parser().render(text))
    except RecursionError as error:
        raise TooHeavyError(TOO_DEEP) from error
    if len(html) > MAX_RENDERED_CHARS:
        # 50,000 uses of one footnote write its way back 50,000 times.
        raise TooHeavyError(f"it becomes {len(html):,} characters of HTML. Split it into several articles.")
    return html


def _parser() -> MarkdownIt:
    # Below its bound markdown-it drops text in silence, so the bound lies above the one we refuse at.
    parser = MarkdownIt("commonmark", {"maxNesting": 2 * MAX_NESTING + 12, "html": True})
    parser.enable(["table", "strikethrough"]).use(footnote_plugin).use(deflist_plugin)
    # An unsafe link is the sanitiser's to drop and to report; left to markdown-it it becomes text.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # its documented way to change the rule
    return parser
