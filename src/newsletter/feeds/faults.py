"""What is found against an article on its way into a feed; an error keeps it out, and only it."""

from __future__ import annotations

from newsletter.feeds.characters import clean_line, has_illegal
from newsletter.feeds.entries import wash, whole_seconds
from newsletter.feeds.identity import is_feed_id, is_language_tag, is_web_address
from newsletter.model import Article, Finding, Output, Severity

_MOST_SHOWN = 80


def find_faults(article: Article) -> list[Finding]:
    """Everything that keeps `article` out of the feeds; nothing for a sound one.

    Characters that are merely taken out of its texts are not counted (`unclean`).
    """
    return [*date_faults(article), *shape_faults(wash(article))]


def shape_faults(article: Article) -> list[Finding]:
    """Why a washed article cannot stand in any feed."""
    found = []
    if not is_feed_id(article.uid):
        found.append(
            _out(article, code="uid-shape", reason=f"has the uid {_short(article.uid)!r}, which is no absolute URI")
        )
    if not is_web_address(article.url):
        found.append(
            _out(article, code="url-relative", reason=f"has the address {_short(article.url)!r}, not an absolute one")
        )
    if not is_language_tag(article.language):
        found.append(
            _out(article, code="language-shape", reason=f"has the language {_short(article.language)!r}, not a tag")
        )
    if not article.title.strip():
        found.append(_out(article, code="title-empty", reason="has no title"))
    if not article.body_html.strip() and not article.summary.strip():
        found.append(_out(article, code="body-empty", reason="has neither a body nor a summary"))
    return found


def date_faults(article: Article) -> list[Finding]:
    """Why `article` cannot be sorted among the others."""
    dates = (article.published_at, article.updated_at)
    if any(moment.tzinfo is None for moment in dates):
        return [_out(article, code="date-shape", reason="has a date without a time zone")]
    try:
        for moment in dates:
            whole_seconds(moment)
    except OverflowError:
        return [_out(article, code="date-shape", reason="has a date outside the years 1 to 9999")]
    return []


def repeated(article: Article) -> Finding:
    """Why an older text of the same uid stays out: readers would show either (RFC 4287 §4.1.1)."""
    return _out(article, code="uid-repeated", reason=f"has the uid {_short(article.uid)!r} of another article")


def too_long(article: Article) -> Finding:
    """Why an article whose title and summary alone are longer than a feed may be stays out."""
    return _out(article, code="entry-too-long", reason="is longer than a whole feed may be, even without its body")


def body_too_long(article: Article) -> Finding:
    """A warning for a body that is longer than a whole feed may be."""
    return Finding(
        code="body-too-long",
        severity=Severity.WARNING,
        message=f"“{_short(article.title)}” is too long for a feed; its entry holds the summary.",
        advice="Divide the article, or raise max_bytes in [feeds].",
        place=article.uid,
        output=Output.FEED,
    )


def unclean(article: Article) -> list[Finding]:
    """A warning that characters are taken out of `article`; none where only its line ends change."""
    if not any(map(has_illegal, (article.title, article.summary, article.author, article.body_html))):
        return []
    message = f"Characters that no feed may hold were taken out of “{_short(article.title)}”."
    return [
        Finding(
            code="control-characters",
            severity=Severity.WARNING,
            message=message,
            advice="Remove the invisible characters from the file.",
            place=clean_line(article.uid),
            output=Output.FEED,
        )
    ]


def _out(article: Article, *, code: str, reason: str) -> Finding:
    return Finding(
        code=code,
        severity=Severity.ERROR,
        message=f"“{_short(article.title) or _short(article.slug)}” {reason}; it stays out of the feeds.",
        advice="Correct that in the article and publish it again.",
        place=clean_line(article.uid),
        output=Output.FEED,
    )


def _short(text: str) -> str:
    line = clean_line(text)
    return line if len(line) <= _MOST_SHOWN else f"{line[: _MOST_SHOWN - 1]}…"
