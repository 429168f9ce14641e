"""Drafts become variants: one per body language, furniture language and article list.

Comes in: drafts grouped by translation, and the languages readers chose. Goes out: frozen variants,
each with the reader languages it serves. Jinja and premailer run once per variant, never per reader.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from newsletter.articles import to_text
from newsletter.editions.draft import Draft
from newsletter.i18n import LANGUAGES, load_words
from newsletter.mail import EditionText, compose_variant
from newsletter.model import Article, Masthead, Variant, edition_url


@dataclass(frozen=True, kw_only=True, slots=True)
class Dressed:
    """A variant, the drafts it shows in reading order, and the reader languages it is for."""

    variant: Variant
    drafts: tuple[Draft, ...]
    reader_languages: tuple[str, ...]

    @property
    def articles(self) -> tuple[Article, ...]:
        """What the drafts would be published as."""
        return tuple(draft.article for draft in self.drafts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wardrobe:
    """What dressing needs beside the drafts: the theme's templates by name, and the masthead."""

    templates: Mapping[str, str]
    masthead: Masthead


def in_groups(drafts: Sequence[Draft]) -> tuple[tuple[Draft, ...], ...]:
    """The drafts by translation group, groups and members in the order given."""
    groups: dict[str, list[Draft]] = {}
    for draft in drafts:
        groups.setdefault(draft.article.group_uid, []).append(draft)
    return tuple(tuple(group) for group in groups.values())


def pick(group: Sequence[Draft], reader_language: str, masthead: Masthead) -> Draft:
    """The one of a translation group a reader gets: own language, fallback chain, default, first."""
    by_language = {draft.article.language: draft for draft in group}
    for language in masthead.languages_for(reader_language):
        if language in by_language:
            return by_language[language]
    return group[0]


def furniture_for(reader_language: str, masthead: Masthead) -> str:
    """The language of the words around an article: the reader's where we have it, else the newsroom's."""
    for language in (reader_language, reader_language.split("-")[0], masthead.language):
        if language in LANGUAGES:
            return language
    return "en"


def dress(
    drafts: Sequence[Draft],
    reader_languages: Sequence[str],
    *,
    wardrobe: Wardrobe,
    edition_uid: str,
    subject: str | None,
) -> tuple[Dressed, ...]:
    """Render every variant that readers of `reader_languages` need.

    With no readers yet, the newsroom's own language is dressed all the same, so that preflight has
    something to look at.
    """
    masthead = wardrobe.masthead
    groups = in_groups(drafts)
    served: dict[tuple[str, tuple[str, ...]], tuple[tuple[Draft, ...], list[str]]] = {}
    for language in reader_languages or (masthead.language,):
        chosen = tuple(pick(group, language, masthead) for group in groups)
        look = (furniture_for(language, masthead), tuple(draft.article.uid for draft in chosen))
        served.setdefault(look, (chosen, []))[1].append(language)
    return tuple(
        Dressed(
            variant=_compose(chosen, furniture, wardrobe=wardrobe, edition_uid=edition_uid, subject=subject),
            drafts=chosen,
            reader_languages=tuple(languages),
        )
        for (furniture, _), (chosen, languages) in served.items()
    )


def _compose(
    drafts: tuple[Draft, ...], furniture: str, *, wardrobe: Wardrobe, edition_uid: str, subject: str | None
) -> Variant:
    articles = tuple(draft.article for draft in drafts)
    texts = tuple(to_text(each.body_html, image_word=load_words(each.language).say("Image")) for each in articles)
    edition = EditionText(
        articles=articles,
        text_bodies=texts,
        furniture=furniture,
        subject=subject,
        edition_url=edition_url(wardrobe.masthead.base_url, edition_uid, [article.url for article in articles]),
        seed=edition_uid.encode(),
    )
    return compose_variant(wardrobe.templates, edition, masthead=wardrobe.masthead)
