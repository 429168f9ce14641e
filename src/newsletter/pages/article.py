"""The page of one article."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from newsletter.model import Article, Change
from newsletter.pages.body import page_body
from newsletter.pages.frame import Frame, default_link, in_newsroom_zone, language_link, render_framed, time_element


@dataclass(frozen=True, kw_only=True, slots=True)
class Neighbours:
    """The articles published just after and just before, in the same language."""

    newer: Article | None = None
    older: Article | None = None


def article_page(
    templates: Mapping[str, str], article: Article, *, frame: Frame, neighbours: Neighbours | None = None
) -> bytes:
    """The page of `article` in the words of `frame`, with links to its translations and neighbours.

    Raises ConfigError when the theme cannot be used.
    """
    masthead, near = frame.masthead, neighbours or Neighbours()
    shown, published, updated = (
        in_newsroom_zone(at, masthead) for at in (article.shown_at, article.published_at, article.updated_at)
    )
    urls = {article.language: article.url, **article.translations}
    translations = [
        language_link(language, urls[language], current=language == article.language)
        for language in sorted(urls, key=lambda each: (_place(each, masthead.languages), each))
    ]
    values = {
        "article": article,
        "body": page_body(article.body_html, frame=frame),
        "published_at": published,
        "updated_at": updated,
        "is_updated": updated.date() > max(published, shown).date(),
        # The author who has set the picture into the text does not want it twice.
        "shows_image": article.image is not None and article.image.url not in article.body_html,
        "translations": translations,
        "x_default": default_link(translations, masthead),
        "changes": [_told(change, frame) for change in article.changes],
        "newer": near.newer,
        "older": near.older,
    }
    return render_framed(templates, "pages/article.html", values, frame=frame)


def _told(change: Change, frame: Frame) -> Markup:
    sentence = Markup(frame.words.say("Changed on {date}: {note}"))  # noqa: S704 - from our own catalogue
    # The note is the author's and may run the other way than the words around it.
    note = Markup("<bdi>{}</bdi>").format(" ".join(change.note.split()))
    return sentence.format(date=time_element(frame.words.language, change.at, frame.masthead.time_zone), note=note)


def _place(language: str, languages: Sequence[str]) -> int:
    return languages.index(language) if language in languages else len(languages)
