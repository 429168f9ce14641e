"""Translations share a group: each reader gets one of them."""

from __future__ import annotations

import pytest
from real_newsroom import MAREES, TIDES, Desk

from newsletter.errors import ArticleError


def translating(named: str) -> str:
    return MAREES.replace("---\n", f"---\ntranslation_of: {named}\n", 1)


def test_translation_names_its_original_by_uid_path_or_slug(desk: Desk) -> None:
    uid = desk.publish(desk.write("articles/tides.md")).published[0]

    for named in (uid, "articles/tides.md", "tides.md", "./tides.md", "the-tide-tables-are-out"):
        draft = desk.plan(desk.write("articles/marees.md", translating(named))).drafts[0]

        assert (named, draft.article.group_uid) == (named, uid)
        assert draft.article.uid != uid


def test_name_is_taken_from_beside_the_file(desk: Desk) -> None:
    uid = desk.publish(desk.write("articles/2026/tides.md")).published[0]

    draft = desk.plan(desk.write("articles/fr/marees.md", translating("../2026/tides.md"))).drafts[0]

    assert draft.article.group_uid == uid


def test_original_nobody_knows_is_refused_with_its_line(desk: Desk) -> None:
    file = desk.write("articles/marees.md", translating("gone.md"))

    with pytest.raises(ArticleError, match=r"marees\.md:2: translation_of: .*gone\.md.*Publish that one first"):
        desk.plan(file)


def test_translation_in_its_originals_language_is_refused(desk: Desk) -> None:
    desk.publish(desk.write("articles/tides.md"))
    file = desk.write("articles/other.md", TIDES.replace("---\n", "---\ntranslation_of: tides.md\nslug: other\n", 1))

    with pytest.raises(ArticleError, match='in "en" as well'):
        desk.plan(file)


@pytest.mark.parametrize("later", ["tides.fr.md", "tides.fr.html", "tides.fr.txt"])
def test_same_stem_is_a_translation(desk: Desk, later: str) -> None:
    uid = desk.publish(desk.write("articles/tides.md")).published[0]

    draft = desk.plan(desk.write(f"articles/{later}", MAREES)).drafts[0]

    assert draft.article.group_uid == uid


def test_same_stem_in_one_language_is_no_translation(desk: Desk) -> None:
    """Else the second is never mailed: its group has had its edition."""
    desk.publish(desk.write("articles/notes.md"))

    plan = desk.plan(desk.write("articles/notes.html", "<h1>Notes of the week</h1><p>The quay is mended.</p>"))

    assert plan.drafts[0].article.group_uid == plan.drafts[0].article.uid
    assert len(plan.editions) == 1


@pytest.mark.parametrize("order", [1, -1])
def test_translations_published_together_make_one_edition(desk: Desk, order: int) -> None:
    desk.add()
    desk.add("farid@example.org", language="fr")
    files = [desk.write("articles/tides.md"), desk.write("articles/tides.fr.md", MAREES)]

    plan = desk.plan(*files[::order])

    assert len({draft.article.group_uid for draft in plan.drafts}) == 1
    assert [edition.count.audience for edition in plan.editions] == [2]
    assert sorted(one.variant.subject for one in plan.editions[0].dressed) == ["Les marées", "The tide tables are out"]


def test_translation_may_be_named_before_its_original(desk: Desk) -> None:
    """The shell sorts marees.md before tides.md."""
    files = [desk.write("articles/marees.md", translating("tides.md")), desk.write("articles/tides.md")]

    plan = desk.plan(*files)

    assert [draft.source_path for draft in plan.drafts] == ["articles/marees.md", "articles/tides.md"]
    assert plan.drafts[0].article.group_uid == plan.drafts[1].article.uid


def test_translation_published_apart_mails_nobody_who_had_the_original(desk: Desk) -> None:
    desk.add("farid@example.org", language="fr")
    assert desk.mail(desk.write("articles/tides.md")) == ["farid@example.org"]

    released = desk.publish(desk.write("articles/tides.fr.md", MAREES))

    assert (len(released.published), released.editions) == (1, ())


def test_two_translations_that_name_each_other_are_refused(desk: Desk) -> None:
    files = [
        desk.write("articles/marees.md", translating("tides.md")),
        desk.write("articles/tides.md", TIDES.replace("---\n", "---\ntranslation_of: marees.md\n", 1)),
    ]

    with pytest.raises(ArticleError, match="translation_of"):
        desk.plan(*files)
