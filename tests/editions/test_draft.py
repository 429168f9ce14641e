"""A file becomes a draft: what it says, what was said before, and what keeps it home."""

from __future__ import annotations

from datetime import timedelta

import pytest
from real_newsroom import QUAY, TIDES, Desk, picture

from newsletter.editions import Standing, Wishes
from newsletter.errors import ArticleError
from newsletter.store.tables import articles, revisions

FRENCH = "Les grandes marées viennent plus tôt cette année, et elles sont plus hautes que les années passées. " * 3


def test_standing_follows_the_article_through_its_life(desk: Desk) -> None:
    file = desk.write("articles/tides.md")
    seen = [desk.plan(file).drafts[0].standing]
    uid = desk.publish(file).published[0]
    seen.append(desk.plan(file).drafts[0].standing)
    desk.write("articles/tides.md", TIDES.replace("higher", "much higher"))
    seen.append(desk.plan(file).drafts[0].standing)
    desk.publish(file)
    desk.newsroom.withdraw(uid)
    seen.append(desk.plan(file).drafts[0].standing)

    assert seen == [Standing.NEW, Standing.SAME, Standing.CHANGED, Standing.WITHDRAWN]


@pytest.mark.parametrize(
    "line", ["summary: Earlier.", "author: Ada", "topics: [harbour]", "email: excerpt", "date: 2026-11-20", "slug: sea"]
)
def test_every_field_readers_see_counts_as_a_change(desk: Desk, line: str) -> None:
    file = desk.write("articles/tides.md")
    desk.publish(file)

    desk.write("articles/tides.md", TIDES.replace("---\n", f"---\n{line}\n", 1))

    assert desk.plan(file).drafts[0].standing is Standing.CHANGED


def test_article_with_a_picture_and_a_topic_of_its_own_stays_the_same(desk: Desk) -> None:
    picture(desk.folder / "articles" / "quay.png")
    text = TIDES.replace("---\n", "---\nimage: quay.png\ntopics: [Seagulls]\ndate: 2026-11-20 08:00\n", 1)
    file = desk.write("articles/tides.md", text + "\n![The quay](quay.png)\n")
    desk.publish(file)

    assert desk.plan(file).drafts[0].standing is Standing.SAME


def test_title_given_once_is_remembered(desk: Desk) -> None:
    file = desk.write("articles/tides.txt", "Spring tides come earlier this year.\n")
    desk.publish(file, wishes=Wishes(title="Tides"))

    draft = desk.plan(file).drafts[0]

    assert (draft.article.title, draft.standing) == ("Tides", Standing.SAME)


def test_title_of_the_article_before_is_not_given_to_another_one(desk: Desk) -> None:
    file = desk.write("articles/tides.txt", "Spring tides come earlier this year.\n")
    desk.publish(file, wishes=Wishes(title="Tides"))
    desk.write("articles/tides.txt", "The north quay carries lorries again.\n")

    with pytest.raises(ArticleError, match="--title"):
        desk.plan(file, wishes=Wishes(claim="new"))


def test_language_given_once_is_remembered_against_a_guess(desk: Desk) -> None:
    """Else the next publish moves the page to another address."""
    file = desk.write("articles/words.md", f"# Paroles\n\n{FRENCH}\n")
    assert desk.plan(file).drafts[0].article.language == "fr"
    desk.publish(file, wishes=Wishes(language="en"))

    draft = desk.plan(file).drafts[0]

    assert (draft.article.language, draft.standing) == ("en", Standing.SAME)


def test_language_written_into_the_file_is_stronger_than_the_one_before(desk: Desk) -> None:
    file = desk.write("articles/words.md", f"# Paroles\n\n{FRENCH}\n")
    desk.publish(file, wishes=Wishes(language="en"))
    desk.write("articles/words.md", f"---\nlanguage: fr\n---\n# Paroles\n\n{FRENCH}\n")

    assert desk.plan(file).drafts[0].article.language == "fr"


def test_draft_is_refused_with_its_line(desk: Desk) -> None:
    file = desk.write("articles/tides.md", TIDES.replace("---\n", "---\ndraft: true\n", 1))

    with pytest.raises(ArticleError, match=r"tides\.md:2: draft: .*Take the line out"):
        desk.plan(file, wishes=Wishes(any_date=True))


def test_draft_can_be_looked_at(desk: Desk) -> None:
    file = desk.write("articles/tides.md", TIDES.replace("---\n", "---\ndraft: true\n", 1))

    paths, _ = desk.newsroom.looks.preview(file, wishes=Wishes(), into=None)

    assert desk.folder / "preview" / "the-tide-tables-are-out" / "email.html" in paths
    assert desk.count(articles) == 0


def test_future_date_is_refused_unless_wished(desk: Desk) -> None:
    tomorrow = desk.now + timedelta(days=1)
    file = desk.write("articles/tides.md", TIDES.replace("---\n", f"---\ndate: {tomorrow:%Y-%m-%d %H:%M}\n", 1))

    with pytest.raises(ArticleError, match=r"tides\.md:2: date: .*--now"):
        desk.plan(file)
    released = desk.publish(file, wishes=Wishes(any_date=True))

    assert len(released.published) == 1
    assert desk.rows(articles)[0]["first_published_at"] == desk.now


def test_future_date_of_a_published_article_is_no_obstacle(desk: Desk) -> None:
    file = desk.write("articles/tides.md")
    desk.publish(file)
    desk.write("articles/tides.md", TIDES.replace("---\n", "---\ndate: 2027-01-01\n", 1))

    assert desk.plan(file).drafts[0].standing is Standing.CHANGED


def test_address_of_another_article_is_refused(desk: Desk) -> None:
    desk.publish(desk.write("articles/tides.md"))
    second = desk.write("articles/more.md", QUAY.replace("---\n", "---\nslug: the-tide-tables-are-out\n", 1))

    with pytest.raises(ArticleError, match=r"more\.md:2: slug: .*articles/tides\.md.*-2"):
        desk.plan(second)


def test_former_address_of_another_article_is_refused_too(desk: Desk) -> None:
    file = desk.write("articles/tides.md")
    desk.publish(file)
    desk.write("articles/tides.md", TIDES.replace("---\n", "---\nslug: tides\n", 1))
    desk.publish(file)

    with pytest.raises(ArticleError, match=r"articles/tides\.md"):
        desk.plan(desk.write("articles/more.md"))


def test_article_may_go_back_to_its_own_former_address(desk: Desk) -> None:
    file = desk.write("articles/tides.md")
    desk.publish(file)
    desk.publish(desk.write("articles/tides.md", TIDES.replace("---\n", "---\nslug: tides\n", 1)))
    desk.publish(desk.write("articles/tides.md", TIDES.replace("---\n", "---\nslug: the-tide-tables-are-out\n", 1)))

    assert desk.rows(articles)[0]["slug"] == "the-tide-tables-are-out"


def test_two_articles_of_one_command_cannot_share_an_address(desk: Desk) -> None:
    files = desk.write("articles/a.md"), desk.write("articles/b.md", TIDES + "\nAnd later.\n")

    with pytest.raises(ArticleError, match=r"b\.md: slug: .*articles/a\.md"):
        desk.plan(*files, each=True)


def test_revision_says_whether_it_is_significant(desk: Desk) -> None:
    file = desk.write("articles/tides.md")
    desk.publish(file)
    desk.pass_time(days=1)
    desk.publish(desk.write("articles/tides.md", TIDES.replace("higher", "much higher")))
    quiet = desk.rows(articles)[0]["updated_at"]
    desk.publish(desk.write("articles/tides.md", TIDES.replace("higher", "a little higher")), significant=True)

    assert quiet == desk.now - timedelta(days=1)
    assert desk.rows(articles)[0]["updated_at"] == desk.now
    assert [row["significant"] for row in desk.rows(revisions)] == [False, False, True]


def test_file_larger_than_an_article_gets_a_sentence(desk: Desk) -> None:
    file = desk.write("articles/tides.md", TIDES + "x" * 1_000_001)

    with pytest.raises(ArticleError, match=r"1\.0 MB, more than the 1 MB"):
        desk.plan(file)
