"""The quiet verbs: adopt an archive, withdraw an article. Nobody is mailed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from real_newsroom import MAREES, QUAY, TIDES, Desk

from newsletter.editions import Wishes
from newsletter.errors import UsageError
from newsletter.model import DeliveryState, EditionState
from newsletter.store.tables import articles, deliveries, editions, publications

ARCHIVE = Wishes(any_date=True)


def dated(text: str, day: str) -> str:
    return text.replace("---\n", f"---\ndate: {day}\n", 1)


def test_archive_is_published_at_its_own_dates_in_their_order(desk: Desk) -> None:
    newer = desk.write("articles/quay.md", dated(QUAY, "2024-05-01"))
    older = desk.write("articles/tides.md", dated(TIDES, "2019-03-02 08:00"))

    report = desk.newsroom.adopt([newer, older], wishes=ARCHIVE)

    dates = {row["slug"]: row["first_published_at"] for row in desk.rows(articles)}
    assert dates == {
        "the-tide-tables-are-out": datetime(2019, 3, 2, 7, tzinfo=UTC),
        "the-quay-is-mended": datetime(2024, 4, 30, 22, tzinfo=UTC),
    }
    assert [row["seq"] for row in desk.rows(publications)] == [1, 2]
    assert [row["slug"] for row in desk.rows(articles)] == ["the-tide-tables-are-out", "the-quay-is-mended"]
    assert (len(report.adopted), report.already, report.faults) == (2, 0, ())


def test_adopted_archive_mails_nobody_and_owes_nobody(desk: Desk) -> None:
    desk.add()

    desk.newsroom.adopt([desk.write("articles/tides.md", dated(TIDES, "2019-03-02"))], wishes=ARCHIVE)

    assert desk.count(editions) == 0
    assert [(row["kind"], row["mail"]) for row in desk.rows(publications)] == [("adopt", False)]
    assert "The tide tables are out" in desk.read("feeds/rss.xml")


def test_adopting_again_changes_nothing(desk: Desk) -> None:
    file = desk.write("articles/tides.md", dated(TIDES, "2019-03-02"))
    desk.newsroom.adopt([file], wishes=ARCHIVE)
    before = desk.rows(articles), desk.rows(publications), desk.outputs()

    report = desk.newsroom.adopt([file], wishes=ARCHIVE)

    assert (report.adopted, report.already) == ((), 1)
    assert (desk.rows(articles), desk.rows(publications), desk.outputs()) == before


def test_article_without_a_date_or_with_a_future_one_is_adopted_now(desk: Desk) -> None:
    files = desk.write("articles/tides.md"), desk.write("articles/quay.md", dated(QUAY, "2031-01-01"))

    desk.newsroom.adopt(files, wishes=ARCHIVE)

    assert {row["first_published_at"] for row in desk.rows(articles)} == {desk.now}


def test_updated_date_of_the_archive_is_kept(desk: Desk) -> None:
    text = dated(TIDES, "2019-03-02").replace("---\n", "---\nupdated: 2020-01-01\n", 1)

    desk.newsroom.adopt([desk.write("articles/tides.md", text)], wishes=ARCHIVE)

    assert desk.rows(articles)[0]["updated_at"] == datetime(2019, 12, 31, 23, tzinfo=UTC)


def test_faulty_file_is_left_out_and_the_others_go_on(desk: Desk) -> None:
    """Two posts called "Links" are in every archive."""
    files = [
        desk.write("articles/2019.md", dated(TIDES, "2019-03-02")),
        desk.write("articles/2020.md", dated(TIDES, "2020-03-02")),
        desk.write("articles/draft.md", QUAY.replace("---\n", "---\ndraft: true\n", 1)),
        desk.write("articles/broken.md", "---\ntitle: [\n---\n"),
        desk.folder / "articles/none.md",
    ]

    report = desk.newsroom.adopt(files, wishes=ARCHIVE)

    assert (len(report.adopted), len(report.faults)) == (1, 4)
    assert "slug" in report.faults[0]


def test_file_that_cannot_be_copied_in_does_not_hold_up_the_others(desk: Desk) -> None:
    desk.write("articles/tides.md", QUAY)
    (desk.folder.parent / "old").mkdir()
    for name, text in (("tides.md", TIDES), ("marees.md", MAREES)):
        (desk.folder.parent / "old" / name).write_text(text, "utf-8")

    report = desk.newsroom.adopt(sorted((desk.folder.parent / "old").iterdir()), wishes=ARCHIVE)

    assert (len(report.adopted), len(report.faults)) == (1, 1)
    assert desk.read("articles/tides.md") == QUAY


def test_withdrawn_article_is_gone_from_feeds_and_pages_and_waiting_mail(desk: Desk) -> None:
    desk.add()
    released = desk.publish(desk.write("articles/tides.md"))

    cancelled = desk.newsroom.withdraw(released.published[0])
    desk.newsroom.send(released.editions[0])

    assert cancelled == 1
    assert desk.outbox() == []
    assert [(row["state"], row["reason"]) for row in desk.rows(deliveries)] == [
        (DeliveryState.CANCELLED, "the article was withdrawn")
    ]
    assert [path for path, content in desk.outputs().items() if b"tide tables" in content] == []


def test_withdrawing_again_ends_what_a_crash_left_going(desk: Desk) -> None:
    desk.add()
    released = desk.publish(desk.write("articles/tides.md"))
    with desk.store.writing() as connection:
        connection.execute(articles.update().values(state="withdrawn"))

    assert desk.newsroom.withdraw(released.published[0]) == 1
    assert desk.newsroom.withdraw(released.published[0]) == 0


def test_withdrawal_leaves_other_editions_alone(desk: Desk) -> None:
    desk.add()
    uid = desk.publish(desk.write("articles/tides.md")).published[0]
    other = desk.publish(desk.write("articles/quay.md", QUAY)).editions[0]

    desk.newsroom.withdraw(uid)

    assert desk.newsroom.show_edition(other.uid).edition.state is EditionState.SENDING


def test_withdrawn_article_comes_back_under_its_id_and_mails_nobody(desk: Desk) -> None:
    desk.add()
    file = desk.write("articles/tides.md")
    first = desk.publish(file)
    before = desk.outputs()
    desk.newsroom.withdraw(first.published[0])
    desk.pass_time(days=3)

    released = desk.publish(file)

    assert (released.published, released.revised, released.editions) == ((), first.published, ())
    assert desk.outputs() == before


def test_unknown_article_cannot_be_withdrawn(desk: Desk) -> None:
    with pytest.raises(UsageError, match="newsletter articles list"):
        desk.newsroom.withdraw("tag:news.example.org,2026-11-24:none")


def test_article_is_found_by_uid_path_and_address(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    file = desk.write("articles/tides.md")
    uid = desk.publish(file).published[0]
    monkeypatch.chdir(desk.folder / "articles")
    url = "https://news.example.org/en/the-tide-tables-are-out/"

    found = [desk.newsroom.find_article(named).uid for named in (uid, "articles/tides.md", "tides.md", str(file), url)]

    assert found == [uid] * 5


@pytest.mark.parametrize("named", ["", "nothing", "https://news.example.org/", "https://other.example.com/en/x/", "/"])
def test_article_nobody_knows_gets_a_sentence(desk: Desk, named: str) -> None:
    with pytest.raises(UsageError, match="newsletter articles list"):
        desk.newsroom.find_article(named)
