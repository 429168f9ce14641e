"""An edition, dressed once for everybody who gets the same articles in the same languages.

Comes in: articles, the theme as text, the masthead, a seed. Goes out: a `Variant` with placeholders
where each reader's own values go. Called by the desk when an edition freezes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lxml import etree
from markupsafe import Markup

from newsletter.i18n import load_words
from newsletter.mail.article_view import view_article, view_newsroom
from newsletter.mail.characters import drop_controls, guard_tags, wash, wash_line
from newsletter.mail.encoded_words import refuse_controls
from newsletter.mail.errors import MessageError
from newsletter.mail.placeholders import mint_placeholders
from newsletter.mail.preheader import choose_preheader, filler_after
from newsletter.mail.theme import HtmlWords, Theme
from newsletter.mail.typography import typeset
from newsletter.model import Article, Masthead, Variant, direction


@dataclass(frozen=True, kw_only=True, slots=True)
class EditionText:
    """What one variant of an edition is made of.

    `text_bodies` are the articles' plain texts, one each, in order. `furniture` is the reader's
    language. `subject` may be None for a single article: its title. `edition_url` is where the
    edition can be read on the web. `seed` makes the placeholders and is the same for the whole edition.
    """

    articles: tuple[Article, ...]
    text_bodies: tuple[str, ...]
    furniture: str
    subject: str | None
    edition_url: str
    seed: bytes


def compose_variant(templates: Mapping[str, str], edition: EditionText, *, masthead: Masthead) -> Variant:
    """The frozen HTML, text and subject of `edition` for one body language and one furniture language.

    The body's language is the first article's. The same input gives the same bytes. `placeholders`
    holds those that the theme uses; TOKEN is always among them.

    Raises MessageError when nothing could be sent: no article, no subject, a broken theme, or a
    page that lost its footer.
    """
    subject = _subject_of(edition)
    said = (*edition.text_bodies, edition.subject or "", edition.edition_url)
    minted = mint_placeholders(edition.seed, all_texts(templates, edition.articles, *said, masthead=masthead))
    values = _values(edition, masthead, subject, minted)
    return render_variant(Theme(templates), "edition", values, articles=edition.articles, placeholders=minted)


def render_variant(
    theme: Theme,
    template: str,
    values: Mapping[str, object],
    *,
    articles: Sequence[Article],
    placeholders: Mapping[str, str],
) -> Variant:
    """The frozen variant of `articles` in the templates "`template`.html" and "`template`.txt".

    `values` hold what `furnish` and `reader_links` give, and what the templates ask for besides.

    Raises MessageError for a broken theme, or a part that lost its footer.
    """
    page = render_page(theme, f"{template}.html", values)
    text = finish_text(theme.render(f"{template}.txt", values))
    used = {name: mark for name, mark in placeholders.items() if mark in page or mark in text}
    _assert_footer({f"{template}.html": page, f"{template}.txt": text}, str(values["publisher"]), used)
    return Variant(
        language=articles[0].language,
        furniture=str(values["furniture"]),
        articles_key=articles_key(article.uid for article in articles),
        subject=str(values["subject"]),
        html=page,
        text=text,
        placeholders=used,
    )


def articles_key(uids: Iterable[str]) -> str:
    """64 hexadecimal digits that stand for the articles of these uids in this order."""
    return hashlib.sha256("\n".join(uids).encode()).hexdigest()


def render_page(theme: Theme, template: str, values: Mapping[str, object]) -> str:
    """The whole HTML page: `template` with its styles inline, inside the theme's shell.

    `values` hold at least language, direction and subject. Starts with the doctype, ends with a newline.
    """
    # premailer and what it imports cost 0.1 s, and a process that only sends needs none of it.
    from newsletter.mail.inline import inline_css

    inlined = inline_css(theme.render(template, values), theme.css("inline.css"))
    shell = {
        "language": values["language"],
        "direction": values["direction"],
        "subject": values["subject"],
        "head_styles": theme.head_styles(("head.css", "dark.css"), extra=inlined.head_css),
        "content": Markup(inlined.html),  # noqa: S704  # lxml wrote it, from text that was escaped
    }
    page = guard_tags(drop_controls(theme.render("shell.html", shell))).strip() + "\n"
    if not page.startswith("<!DOCTYPE html>") or not page.endswith("</html>\n"):
        raise MessageError("templates/email/shell.html: it must begin with <!DOCTYPE html> and end with </html>.")
    return page


def finish_text(text: str) -> str:
    """`text` washed, without blanks at line ends but for the signature line, ending in one newline."""
    lines = [line if line == "-- " else line.rstrip(" \t") for line in wash(text).strip("\n").split("\n")]
    return "\n".join(lines) + "\n"


def subject_line(subject: str, language: str) -> str:
    """`subject` washed and typeset for `language`; raises MessageError for controls and emptiness."""
    refuse_controls("Subject", subject)
    line = typeset(wash_line(subject), language)
    if not line.strip():
        raise MessageError("The subject is empty. Give the article a title, or the edition a subject.")
    return line


def furnish(
    subject: str, preheaders: Sequence[str], *, language: str, furniture: str, masthead: Masthead
) -> dict[str, object]:
    """The values for what stands around the articles, the preheader being the first fit one of `preheaders`.

    `language` is the body's, `furniture` the reader's.
    """
    words = load_words(furniture)
    preheader = choose_preheader(subject, preheaders)
    return {
        "newsroom": view_newsroom(masthead),
        "publisher": wash_line(masthead.publisher),
        "language": language,
        "direction": direction(language),
        "furniture": furniture,
        "subject": subject,
        "words": words,
        "say_html": HtmlWords(words).say_html,
        "preheader": preheader,
        "filler": filler_after(preheader),
    }


def reader_links(placeholders: Mapping[str, str], *, edition_url: str, masthead: Masthead) -> dict[str, object]:
    """The values in which each reader's own ones have their places: the address, and the links of the footer."""
    return {
        "placeholder": {name.lower(): mark for name, mark in placeholders.items()},
        "address": Markup('<span dir="ltr">{}</span>').format(placeholders["ADDRESS"]),
        "edition_url": edition_url,
        "unsubscribe_url": f"{masthead.base_url}/u/{placeholders['TOKEN']}",
        "preferences_url": f"{masthead.base_url}/p/{placeholders['PREFERENCES']}",
    }


def all_texts(
    templates: Mapping[str, str], articles: Sequence[Article], *said: str, masthead: Masthead
) -> Iterator[str]:
    """Every text that a placeholder could collide with; `said` is what neither articles nor theme hold."""
    yield from templates.values()
    yield from said
    yield repr(masthead)
    for article in articles:
        yield from (article.body_html, repr(article))


def _subject_of(edition: EditionText) -> str:
    if not edition.articles or len(edition.articles) != len(edition.text_bodies):
        raise MessageError("An edition needs at least one article, and one plain text for each. Nothing was composed.")
    if edition.subject is None and len(edition.articles) > 1:
        raise MessageError("An edition of several articles needs a subject. Give one with --subject.")
    title = edition.articles[0].title
    return subject_line(title if edition.subject is None else edition.subject, edition.articles[0].language)


def _values(
    edition: EditionText, masthead: Masthead, subject: str, placeholders: Mapping[str, str]
) -> dict[str, object]:
    words = load_words(edition.furniture)
    language = edition.articles[0].language
    single = len(edition.articles) == 1
    articles = [
        view_article(article, text, words=words, masthead=masthead, top_level=2 if single else 3)
        for article, text in zip(edition.articles, edition.text_bodies, strict=True)
    ]
    titles = " · ".join(article.title for article in articles)
    preheaders = [articles[0].summary if single else titles, articles[0].summary, wash_line(masthead.description)]
    return {
        **furnish(subject, preheaders, language=language, furniture=edition.furniture, masthead=masthead),
        **reader_links(placeholders, edition_url=edition.edition_url, masthead=masthead),
        "single": single,
        "articles": articles,
    }


def _assert_footer(parts: Mapping[str, str], publisher: str, used: Mapping[str, str]) -> None:
    """Raise MessageError unless publisher and unsubscribe link stand in each part (libxml2 can lose them)."""
    for name, part in parts.items():
        words = part
        if name.endswith(".html"):
            words = "".join(map(str, etree.fromstring(part, etree.HTMLParser(huge_tree=True)).itertext()))
        if used.get("TOKEN", "\0") not in part:
            raise MessageError(
                f"templates/email/{name}: the unsubscribe link is not in the finished mail. "
                "Restore it, or flatten an article that is nested too deeply."
            )
        if " ".join(publisher.split()) not in " ".join(words.split()):
            raise MessageError(f"templates/email/{name}: the publisher is not in the finished mail. Restore it.")
