"""What the theme's templates may know of an article and of the newsroom.

Comes in: records of the house. Goes out: smaller records of washed, typeset text, safe to hand to a
template. Nothing secret is in them.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from newsletter.i18n import Words, load_words
from newsletter.mail.article_body import COLUMN, email_body
from newsletter.mail.characters import wash, wash_line
from newsletter.mail.typography import typeset
from newsletter.model import Article, EmailMode, Image, Masthead, direction

WIDTH = 600
_BLEEDS_FROM = 560


@dataclass(frozen=True, kw_only=True, slots=True)
class NewsroomView:
    """The newsroom's name with the language it is in."""

    title: str
    language: str
    direction: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureView:
    """A picture at the size it is shown, in CSS pixels; `height` 0 means unknown; `bleeds` to the edges."""

    url: str
    alt: str
    width: int
    height: int
    bleeds: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class TranslationView:
    """A link to the same article in another language, named in that language."""

    url: str
    name: str
    language: str
    direction: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ArticleView:
    """One article for the theme.

    `body` is HTML, all else plain text. `standfirst` is the summary where the author wrote one.
    `language_name` is empty where the article speaks the reader's language. `text` is the plain text
    of the body. `audio` is the address of its recording, or "".
    """

    title: str
    url: str
    language: str
    direction: str
    language_name: str
    date: str
    author: str
    topics: tuple[str, ...]
    summary: str
    standfirst: str
    excerpt: bool
    body: Markup
    text: str
    image: PictureView | None
    audio: str
    translations: tuple[TranslationView, ...]


def view_newsroom(masthead: Masthead) -> NewsroomView:
    """The newsroom as templates see it."""
    return NewsroomView(
        title=wash_line(masthead.title), language=masthead.language, direction=direction(masthead.language)
    )


def view_article(article: Article, text: str, *, words: Words, masthead: Masthead, top_level: int) -> ArticleView:
    """`article` as templates see it, its highest heading at `top_level`, its dates in `words`."""
    language = article.language
    excerpt = article.email is EmailMode.EXCERPT
    summary = typeset(wash_line(article.summary), language)
    foreign = language.split("-")[0] != words.language.split("-")[0]
    body = "" if excerpt else email_body(article.body_html, language=language, top_level=top_level)
    return ArticleView(
        title=typeset(wash_line(article.title), language),
        url=article.url,
        language=language,
        direction=direction(language),
        language_name=words.language_name(language) if foreign else "",
        date=words.date(article.shown_at, masthead.time_zone),
        author=wash_line(article.author),
        topics=tuple(wash_line(topic.name_in(words.language)) for topic in article.topics),
        summary=summary,
        standfirst="" if excerpt else typeset(wash_line(article.standfirst), language),
        excerpt=excerpt,
        body=Markup(body),  # noqa: S704  # lxml wrote it, from an allow-list of elements
        text=wash(text).strip("\n"),
        image=_view_picture(article.image, language) if article.image and _is_web(article.image.url) else None,
        audio=article.audio.url if article.audio and _is_web(article.audio.url) else "",
        translations=_view_translations(article),
    )


def _view_picture(image: Image, language: str) -> PictureView:
    bleeds = image.width >= _BLEEDS_FROM or image.width <= 0
    width = WIDTH if bleeds else min(image.width, COLUMN)
    height = round(image.height * width / image.width) if image.width > 0 and image.height > 0 else 0
    alt = typeset(wash_line(image.alt), language)
    return PictureView(url=image.url, alt=alt, width=width, height=height, bleeds=bleeds)


def _view_translations(article: Article) -> tuple[TranslationView, ...]:
    return tuple(
        TranslationView(
            url=url,
            name=load_words(language).language_name(language),
            language=language,
            direction=direction(language),
        )
        for language, url in sorted(article.translations.items())
        if language != article.language and _is_web(url)
    )


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://"))
