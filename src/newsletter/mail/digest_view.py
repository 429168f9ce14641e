"""What the digest's templates may know: which article leads, which stand together, which are only named.

Comes in: a digest's articles. Goes out: washed, typeset records in the order in which they are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from newsletter.i18n import Words
from newsletter.mail.article_view import ArticleView, view_article
from newsletter.mail.characters import wash_line
from newsletter.model import Article, EmailMode, Masthead, Topic

_NAMED = 20
# Below this a reader sees all of the digest at a glance.
_CONTENTS_FROM = 3
_COUNTED = ("{number} article", "{number} articles")
_UNNAMED = ("and {number} more", "and {number} more")


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupView:
    """Articles that stand together, under the heading `name` where it is not empty."""

    name: str
    articles: tuple[ArticleView, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestView:
    """A digest for the theme; everything is in reading order.

    `articles` are those with a summary: the lead, then the groups. `is_titled` is false for a lone article
    whose title is the subject already. `has_contents` says whether a table of contents would help. `count`
    is how many articles there are in all ("62 articles"), empty where that is seen at a glance. `more` are
    named without a summary, and `rest` counts those not even named ("and 37 more", or empty); all are found
    at `home_url`.
    """

    lead: ArticleView
    groups: tuple[GroupView, ...]
    articles: tuple[ArticleView, ...]
    is_titled: bool
    has_contents: bool
    count: str
    more: tuple[ArticleView, ...]
    rest: str
    home_url: str


def view_digest(
    subject: str, articles: Sequence[Article], *, more: Sequence[Article], words: Words, masthead: Masthead
) -> DigestView:
    """The digest `subject` as templates see it: `articles` with summaries, the first leading, and `more` without."""

    def viewed(article: Article) -> ArticleView:
        # A digest shows no bodies, and rewriting fifty of them for mail would take seconds.
        return view_article(replace(article, email=EmailMode.EXCERPT), "", words=words, masthead=masthead, top_level=3)

    lead = viewed(articles[0])
    groups = tuple(
        GroupView(name=name, articles=tuple(map(viewed, group))) for name, group in _grouped(articles[1:], words)
    )
    total, unnamed = len(articles) + len(more), len(more) - _NAMED
    return DigestView(
        lead=lead,
        groups=groups,
        articles=(lead, *(article for group in groups for article in group.articles)),
        is_titled=total > 1 or lead.title != subject,
        has_contents=len(articles) >= _CONTENTS_FROM,
        count=words.count(*_COUNTED, total) if total >= _CONTENTS_FROM else "",
        more=tuple(map(viewed, more[:_NAMED])),
        rest=words.count(*_UNNAMED, unnamed) if unnamed > 0 else "",
        home_url=f"{masthead.base_url}/",
    )


def _grouped(articles: Sequence[Article], words: Words) -> list[tuple[str, list[Article]]]:
    """The articles by their first topic, topics in order of appearance, those without any last."""
    groups: dict[str, list[Article]] = {}
    for article in articles:
        groups.setdefault(article.topics[0].slug if article.topics else "", []).append(article)
    # A heading sets apart; over everything it would only take room.
    if len(groups) <= 1:
        return [("", group) for group in groups.values()]
    without = groups.pop("", [])
    named = [(_name(group[0].topics[0], words), group) for group in groups.values()]
    return [*named, (words.say("More articles"), without)] if without else named


def _name(topic: Topic, words: Words) -> str:
    return wash_line(topic.name_in(words.language)) or topic.slug
