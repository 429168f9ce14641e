"""Which article is a file? A wrong answer mails everybody twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from real_newsroom import QUAY, TIDES, Desk

from newsletter.editions import Standing, Wishes
from newsletter.errors import UsageError
from newsletter.store.tables import articles

REWRITTEN = "---\ntitle: Lorries may use the north quay\nlanguage: en\n---\nNothing of it is about water any more.\n"


def with_uid(text: str, uid: str = "tag:old.example.com,2019:7") -> str:
    return text.replace("---\n", f"---\nuid: {uid}\n", 1)


def test_new_article_gets_a_tag_uri_under_the_newsrooms_tag(desk: Desk) -> None:
    draft = desk.plan(desk.write("articles/tides.md")).drafts[0]

    assert draft.article.uid.startswith("tag:news.example.org,2026-11-24:")
    assert draft.article.group_uid == draft.article.uid
    assert draft.standing is Standing.NEW


def test_uid_in_the_front_matter_is_kept(desk: Desk) -> None:
    desk.publish(desk.write("articles/tides.md", with_uid(TIDES)))

    assert desk.rows(articles)[0]["uid"] == "tag:old.example.com,2019:7"


def test_known_path_is_the_same_article(desk: Desk) -> None:
    file = desk.write("articles/tides.md")
    uid = desk.publish(file).published[0]

    desk.write("articles/tides.md", TIDES.replace("higher", "much higher"))
    draft = desk.plan(file).drafts[0]

    assert (draft.article.uid, draft.standing) == (uid, Standing.CHANGED)


def test_new_title_alone_does_not_make_another_article(desk: Desk) -> None:
    file = desk.write("articles/tides.md")
    uid = desk.publish(file).published[0]

    desk.write("articles/tides.md", TIDES.replace("The tide tables are out", "Tide tables for next year"))

    assert desk.plan(file).drafts[0].article.uid == uid


def test_renamed_file_is_the_same_article_and_keeps_it_after_an_edit(desk: Desk) -> None:
    file = desk.write("articles/tides.md")
    uid = desk.publish(file).published[0]

    moved = file.rename(desk.folder / "articles/2026-tides.md")
    plan = desk.plan(moved)
    desk.newsroom.publish(plan)
    desk.write("articles/2026-tides.md", TIDES.replace("higher", "much higher"))

    assert (plan.drafts[0].moved_from, plan.editions) == ("articles/tides.md", ())
    assert desk.rows(articles)[0]["source_path"] == "articles/2026-tides.md"
    assert (desk.plan(moved).drafts[0].article.uid, desk.plan(moved).editions) == (uid, ())


def test_file_renamed_and_edited_at_once_is_known_by_its_uid(desk: Desk) -> None:
    file = desk.write("articles/tides.md", with_uid(TIDES))
    desk.publish(file)

    file.unlink()
    moved = desk.write("articles/2026-tides.md", with_uid(TIDES).replace("higher", "much higher"))
    released = desk.publish(moved)

    assert (released.published, len(released.revised), released.editions) == ((), 1, ())
    assert [row["source_path"] for row in desk.rows(articles)] == ["articles/2026-tides.md"]


def test_copied_file_whose_original_is_still_there_is_asked_about(desk: Desk) -> None:
    desk.publish(desk.write("articles/tides.md", with_uid(TIDES)))
    copy = desk.write("articles/quay.md", with_uid(QUAY))

    with pytest.raises(UsageError, match=r"articles/tides\.md.*uid"):
        desk.plan(copy)


def test_two_files_that_swapped_names_keep_their_articles(desk: Desk) -> None:
    tides = desk.write("articles/a.md", with_uid(TIDES, "tides"))
    quay = desk.write("articles/b.md", with_uid(QUAY, "quay"))
    desk.publish(tides, quay, each=True)

    desk.write("articles/a.md", with_uid(QUAY, "quay"))
    desk.write("articles/b.md", with_uid(TIDES, "tides"))
    released = desk.publish(tides, quay, wishes=Wishes(claim="same"))

    assert (released.published, released.editions) == ((), ())
    assert {row["uid"]: row["source_path"] for row in desk.rows(articles)} == {
        "quay": "articles/a.md",
        "tides": "articles/b.md",
    }


def test_two_files_with_one_uid_are_refused(desk: Desk) -> None:
    tides, quay = (desk.write(f"articles/{n}.md", with_uid(text)) for n, text in enumerate((TIDES, QUAY)))

    with pytest.raises(UsageError, match="same uid"):
        desk.plan(tides, quay, each=True)


def test_rewritten_file_is_asked_about(desk: Desk) -> None:
    file = desk.write("articles/tides.md")
    desk.publish(file)
    desk.write("articles/tides.md", REWRITTEN)

    with pytest.raises(UsageError, match=r"--same.*--new"):
        desk.plan(file)


def test_rewritten_file_can_still_be_looked_at(desk: Desk, tmp_path: Path) -> None:
    file = desk.write("articles/tides.md")
    desk.publish(file)
    desk.write("articles/tides.md", REWRITTEN)

    paths, _ = desk.newsroom.looks.preview(file, wishes=Wishes(any_date=True), into=tmp_path / "look")

    assert "Lorries" in (tmp_path / "look" / "email.html").read_text("utf-8")
    assert tmp_path / "look" / "page.html" in paths


def test_same_revises_a_rewritten_file_and_mails_nobody(desk: Desk) -> None:
    file = desk.write("articles/tides.md")
    uid = desk.publish(file).published[0]
    desk.write("articles/tides.md", REWRITTEN)

    released = desk.publish(file, wishes=Wishes(claim="same"))

    assert (released.published, released.revised, released.editions) == ((), (uid,), ())


def test_new_makes_another_article_and_leaves_the_old_one_published(desk: Desk) -> None:
    desk.add()
    file = desk.write("articles/tides.md")
    old = desk.publish(file).published[0]
    desk.write("articles/tides.md", REWRITTEN)

    released = desk.publish(file, wishes=Wishes(claim="new"))

    assert released.editions[0].audience == 1
    assert {row["uid"]: (row["source_path"], row["state"]) for row in desk.rows(articles)} == {
        old: (None, "published"),
        released.published[0]: ("articles/tides.md", "published"),
    }
    assert desk.plan(file).drafts[0].standing is Standing.SAME


def test_new_article_at_a_known_path_is_no_translation_of_the_old_ones_sister(desk: Desk) -> None:
    file, sister = desk.write("articles/tides.md"), desk.write("articles/tides.fr.md", "# Les marées\n\nPlus tôt.\n")
    desk.publish(file, sister)
    desk.write("articles/tides.md", REWRITTEN)

    plan = desk.plan(file, wishes=Wishes(claim="new"))

    assert plan.drafts[0].article.group_uid == plan.drafts[0].article.uid
    assert len(plan.editions) == 1


def test_new_with_a_uid_that_is_taken_is_refused(desk: Desk) -> None:
    file = desk.write("articles/tides.md", with_uid(TIDES))
    desk.publish(file)
    desk.write("articles/tides.md", with_uid(REWRITTEN))

    with pytest.raises(UsageError, match="uid"):
        desk.plan(file, wishes=Wishes(claim="new"))


def test_one_file_named_twice_is_published_once(desk: Desk) -> None:
    desk.add()
    file = desk.write("articles/tides.md")

    released = desk.publish(file, desk.folder / "articles" / ".." / "articles" / "tides.md")

    assert (len(released.published), [edition.audience for edition in released.editions]) == (1, [1])


def test_file_name_that_is_not_utf_8_gets_a_sentence(desk: Desk) -> None:
    (desk.folder / "articles").mkdir()
    file = Path(f"{desk.folder}/articles/caf\udce9.md")
    file.write_text(TIDES, "utf-8")

    with pytest.raises(UsageError, match="name"):
        desk.plan(file)


@pytest.mark.parametrize("name", ["articles/none.md", "articles"])
def test_what_is_no_file_gets_a_sentence(desk: Desk, name: str) -> None:
    (desk.folder / "articles").mkdir()

    with pytest.raises(UsageError, match=r"no such file|is a folder"):
        desk.plan(desk.folder / name)
