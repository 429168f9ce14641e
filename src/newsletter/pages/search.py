"""The page of the search: its form, and what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from newsletter.model import Article
from newsletter.pages.frame import Frame, render_framed, search_path


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchResults:
    """What was `asked`, and one page of the `number` articles found, `length` a page; the first page is 1.

    `elsewhere` says that nothing was found in the page's language and the articles are in others.
    """

    asked: str = ""
    number: int = 0
    articles: Sequence[Article] = ()
    page: int = 1
    length: int = 20
    elsewhere: bool = False


def search_page(templates: Mapping[str, str], results: SearchResults, *, frame: Frame) -> bytes:
    """The form, with `results` under it once something was asked. Raises ConfigError when the theme cannot be used."""
    path = f"{search_path(frame.masthead, frame.words.language)}&q={quote(results.asked)}"
    last = max(1, -(-results.number // results.length))
    values = {
        "asked": results.asked,
        "number": results.number,
        "found": frame.words.count("{number} article found", "{number} articles found", results.number),
        "articles": results.articles,
        "elsewhere": results.elsewhere,
        "previous": f"{path}&page={min(results.page - 1, last)}" if results.page > 1 else "",
        "following": f"{path}&page={results.page + 1}" if results.page < last else "",
    }
    return render_framed(templates, "pages/search.html", values, frame=frame)
