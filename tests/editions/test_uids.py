"""The file of uids beside the articles: a lost database is not a lost identity."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_newsroom import MAREES, NOW, QUAY, TIDES, Desk

from newsletter.editions import Wishes
from newsletter.editions.uids import KnownUid, read_uids, render_uids
from newsletter.errors import OutputError
from newsletter.store.tables import articles, deliveries, editions, publications

ARCHIVE = Wishes(any_date=True)


def lose_database(desk: Desk) -> None:
    desk.close()
    for path in desk.folder.glob("newsletter.db*"):
        path.unlink()
    desk.pass_time(days=30)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text(min_size=1).filter(str.isprintable))
def test_any_path_and_uid_come_back_from_the_file(path: str, uid: str) -> None:
    known = KnownUid(uid=uid, group_uid=uid, source_path=path, published_at=NOW)

    entry = tomllib.loads(render_uids([known]))["article"][0]

    assert (entry["path"], entry["uid"]) == (path, uid)


def test_articles_come_back_under_their_uids_and_dates_and_mail_nobody(desk: Desk) -> None:
    tides, french = desk.write("articles/tides.md"), desk.write("articles/tides.fr.md", MAREES)
    desk.publish(tides, french)
    before = [(r["uid"], r["group_uid"], r["source_path"], r["first_published_at"]) for r in desk.rows(articles)]
    lose_database(desk)
    desk.add()

    assert desk.mail(tides, french) == []

    after = [(r["uid"], r["group_uid"], r["source_path"], r["first_published_at"]) for r in desk.rows(articles)]
    assert after == before
    assert [(row["kind"], row["mail"]) for row in desk.rows(publications)] == [("adopt", False)] * 2


def test_feeds_come_back_byte_for_byte(desk: Desk) -> None:
    files = desk.write("articles/tides.md"), desk.write("articles/tides.fr.md", MAREES)
    desk.publish(*files)
    before = desk.outputs()
    lose_database(desk)

    desk.publish(*files)

    assert desk.outputs() == before


def test_article_that_comes_back_does_not_make_the_file_forget_the_others(desk: Desk) -> None:
    """Else the next one would be new, and mailed to everybody again."""
    tides, quay = desk.write("articles/tides.md"), desk.write("articles/quay.md", QUAY)
    desk.publish(tides, quay, each=True)
    lose_database(desk)
    desk.add()

    assert desk.mail(tides) == []
    assert desk.mail(quay) == []
    assert desk.count(editions) == 0


def test_other_commands_do_not_make_the_file_forget(desk: Desk) -> None:
    desk.publish(desk.write("articles/tides.md"))
    before = desk.read("articles/.uids.toml")
    lose_database(desk)

    desk.newsroom.renew_outputs(everything=True)

    assert desk.read("articles/.uids.toml") == before


def test_adopting_after_a_loss_keeps_the_first_dates(desk: Desk) -> None:
    desk.publish(desk.write("articles/tides.md"))
    first = desk.now
    lose_database(desk)

    desk.newsroom.adopt([desk.folder / "articles/tides.md"], wishes=ARCHIVE)

    assert [row["first_published_at"] for row in desk.rows(articles)] == [first]


def test_everyone_still_mails_an_article_that_comes_back(desk: Desk) -> None:
    file = desk.write("articles/tides.md")
    desk.publish(file)
    lose_database(desk)
    desk.add()

    assert desk.mail(file, everyone=True) == ["ada@example.org"]


def test_new_means_new_also_after_a_loss(desk: Desk) -> None:
    file = desk.write("articles/tides.md")
    old = desk.publish(file).published[0]
    lose_database(desk)

    released = desk.publish(desk.write("articles/tides.md", QUAY), wishes=Wishes(claim="new"))

    assert (len(released.editions), released.published[0] == old) == (1, False)


def test_uid_in_the_front_matter_is_stronger_than_the_file(desk: Desk) -> None:
    file = desk.write("articles/tides.md")
    desk.publish(file)
    lose_database(desk)

    draft = desk.plan(desk.write("articles/tides.md", TIDES.replace("---\n", "---\nuid: mine\n", 1))).drafts[0]

    assert (draft.article.uid, draft.remembered) == ("mine", None)


def test_database_older_than_the_file_knows_a_moved_and_edited_article(desk: Desk) -> None:
    """As after bringing back a backup from before the move."""
    desk.publish(desk.write("articles/tides.md"))
    (desk.folder / "articles/tides.md").unlink()
    moved = desk.write("articles/2026/tides.md", TIDES.replace("higher", "much higher"))
    known = desk.read("articles/.uids.toml")
    desk.write("articles/.uids.toml", known.replace("articles/tides.md", "articles/2026/tides.md"))

    released = desk.publish(moved)

    assert (released.published, len(released.revised), released.editions) == ((), 1, ())
    assert [row["source_path"] for row in desk.rows(articles)] == ["articles/2026/tides.md"]


def test_stale_entry_does_not_claim_a_new_file(desk: Desk) -> None:
    """As after an older copy of the file came back from version control."""
    desk.publish(desk.write("articles/tides.md"))
    known = desk.read("articles/.uids.toml")
    desk.write("articles/.uids.toml", known.replace("articles/tides.md", "articles/quay.md"))

    released = desk.publish(desk.write("articles/quay.md", QUAY))

    assert (len(released.published), len(released.editions)) == (1, 1)


def test_file_is_written_only_when_it_changes(desk: Desk) -> None:
    file = desk.write("articles/tides.md")
    desk.publish(file)
    before = (desk.folder / "articles/.uids.toml").stat().st_mtime_ns

    desk.publish(file)

    assert (desk.folder / "articles/.uids.toml").stat().st_mtime_ns == before
    assert [path.name for path in (desk.folder / "articles").iterdir() if "tmp" in path.name] == []


@pytest.mark.parametrize(
    "text", ["[[article]", "[[article]]\npath = 'a'", "article = 3", "[[article]]\npath=1\nuid=1\ngroup=1\npublished=1"]
)
def test_damaged_file_gets_a_sentence_and_nothing_is_published(desk: Desk, text: str) -> None:
    file = desk.write("articles/tides.md")
    desk.write("articles/.uids.toml", text)

    with pytest.raises(OutputError, match=r"\.uids\.toml.*Bring it back"):
        desk.publish(file)

    assert desk.count(articles) == 0
    assert desk.read("articles/.uids.toml") == text


def test_newsroom_without_the_file_remembers_nothing(desk: Desk) -> None:
    assert read_uids(desk.folder) == {}
    assert desk.count(deliveries) == 0
