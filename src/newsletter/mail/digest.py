"""A digest, dressed once for everybody who gets the same articles in the same languages.

Comes in: articles, the theme as text, the masthead, a seed. Goes out: a `Variant`, as for any other
edition. A digest shows summaries; the articles are read on their pages. Called by the desk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from newsletter.i18n import load_words
from newsletter.mail.characters import wash_line, wash_name
from newsletter.mail.compiled import HTML_OCTETS
from newsletter.mail.compose import all_texts, furnish, reader_links, render_variant, subject_line
from newsletter.mail.digest_view import DigestView, view_digest
from newsletter.mail.errors import MessageError
from newsletter.mail.placeholders import mint_placeholders
from newsletter.mail.theme import Theme
from newsletter.model import Article, Masthead, Variant

# What the placeholders may grow by when they are filled: an address has up to 254 octets, a name up
# to 1,020, and either may be escaped.
_FILLING = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestText:
    """What one variant of a digest is made of.

    `articles` are shown with their summaries, in reading order; the first is the lead. `more` are those
    past the schedule's maximum, shown by title. `furniture` is the reader's language. `edition_url` is
    where the edition can be read on the web. `seed` makes the placeholders and is the same for the
    whole edition. `template` names the files templates/email/`template`.html and .txt.
    """

    articles: tuple[Article, ...]
    more: tuple[Article, ...]
    furniture: str
    subject: str
    edition_url: str
    seed: bytes
    template: str = "digest"


def compose_digest(templates: Mapping[str, str], digest: DigestText, *, masthead: Masthead) -> Variant:
    """The frozen HTML, text and subject of `digest` for one body language and one furniture language.

    The body's language is the first article's. The same input gives the same bytes. Where the HTML
    would be clipped, as many of the last `articles` as needed are shown by title, ahead of `more`.

    Raises MessageError when nothing could be sent: no article, no subject, a broken or missing
    template, or a part that lost its footer.
    """
    if not digest.articles:
        raise MessageError("A digest needs at least one article. Nothing was composed.")
    subject = subject_line(digest.subject, digest.articles[0].language)
    articles = digest.articles + digest.more
    said = (digest.subject, digest.edition_url)
    minted = mint_placeholders(digest.seed, all_texts(templates, articles, *said, masthead=masthead))
    links = reader_links(minted, edition_url=digest.edition_url, masthead=masthead)
    theme, words = Theme(templates), load_words(digest.furniture)

    def dressed(number: int) -> Variant:
        """The variant in which the first `number` articles have summaries."""
        view = view_digest(subject, articles[:number], more=articles[number:], words=words, masthead=masthead)
        preheaders = _preheaders(subject, view, masthead)
        furnished = furnish(
            subject, preheaders, language=view.lead.language, furniture=digest.furniture, masthead=masthead
        )
        values = {**furnished, **links, "digest": view}
        return render_variant(theme, digest.template, values, articles=articles, placeholders=minted)

    return _longest_that_fits(dressed, len(digest.articles))


def _longest_that_fits(dressed: Callable[[int], Variant], most: int) -> Variant:
    """The variant with summaries of as many articles as Gmail shows, at most `most` and at least one."""
    variant = dressed(most)
    if most == 1 or _fits(variant):
        return variant
    fitting, least = None, 1
    most -= 1
    while least <= most:
        middle = (least + most) // 2
        variant = dressed(middle)
        if _fits(variant):
            fitting, least = variant, middle + 1
        else:
            most = middle - 1
    return fitting or variant


def _fits(variant: Variant) -> bool:
    return len(variant.html.encode()) <= HTML_OCTETS - _FILLING


def _preheaders(subject: str, view: DigestView, masthead: Masthead) -> list[str]:
    """What may stand beside the subject in the inbox, best first: the titles that it does not hold already."""
    # All on one line, a control in one title would turn those after it.
    titles = " · ".join(wash_name(each.title) for each in view.articles + view.more if each.title not in subject)
    summary, description = view.lead.summary, wash_line(masthead.description)
    alone = len(view.articles) + len(view.more) == 1
    return [summary, titles, description] if alone else [titles, summary, description]
