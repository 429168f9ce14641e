"""What the newsroom says of itself: status, why, what changed in the folder."""

from __future__ import annotations

from datetime import timedelta

import pytest
from real_newsroom import MAREES, QUAY, TIDES, Desk

from newsletter.errors import ConfigError, UsageError
from newsletter.model import DeliveryState, EditionState
from newsletter.store.tables import deliveries


def test_fresh_newsroom_has_nothing_to_tell(desk: Desk) -> None:
    status = desk.newsroom.status()

    assert (status.title, status.paused, status.last_backup) == ("The Harbour Post", None, None)
    assert (status.subscribers, status.articles, status.editions) == ({}, {}, {})
    assert (status.changed, status.unfinished, status.unknown) == ((), (), {})


def test_status_counts_readers_articles_and_editions(desk: Desk) -> None:
    desk.add()
    desk.add("cleo@example.org")
    desk.leave("cleo@example.org")
    desk.mail(desk.write("articles/tides.md"))
    uid = desk.publish(desk.write("articles/quay.md", QUAY), feed_only=True).published[0]
    desk.newsroom.withdraw(uid)

    status = desk.newsroom.status()

    assert status.subscribers == {"active": 1, "unsubscribed": 1}
    assert status.articles == {"published": 1, "withdrawn": 1}
    assert status.editions == {"sent": 1}


def test_status_names_editions_that_are_not_done(desk: Desk) -> None:
    desk.add()
    going = desk.publish(desk.write("articles/tides.md")).editions[0]
    paused = desk.publish(desk.write("articles/quay.md", QUAY)).editions[0]
    desk.newsroom.pause_edition(paused.uid)

    unfinished = {report.edition.uid: report.balance for report in desk.newsroom.status().unfinished}

    assert {uid: balance.state for uid, balance in unfinished.items()} == {
        going.uid: EditionState.SENDING,
        paused.uid: EditionState.PAUSED,
    }
    assert all(balance.adds_up for balance in unfinished.values())


def test_status_names_deliveries_nobody_knows_the_end_of(desk: Desk) -> None:
    desk.add()
    edition = desk.publish(desk.write("articles/tides.md")).editions[0]
    with desk.store.writing() as connection:
        connection.execute(deliveries.update().values(state=int(DeliveryState.UNKNOWN)))

    assert desk.newsroom.status().unknown == {edition.uid: 1}


def test_edited_file_shows_as_changed_until_it_is_published_again(desk: Desk) -> None:
    file = desk.write("articles/tides.md")
    desk.publish(file)
    desk.write("articles/tides.md", TIDES.replace("higher", "much higher"))
    before = desk.newsroom.status().changed

    desk.publish(file)

    assert (before, desk.newsroom.status().changed) == (("articles/tides.md",), ())


def test_edit_that_readers_do_not_see_does_not_show_for_ever(desk: Desk) -> None:
    """A blank line more is the same article, and another file."""
    file = desk.write("articles/tides.md")
    desk.publish(file)
    desk.write("articles/tides.md", TIDES + "\n\n")

    desk.publish(file)

    assert desk.newsroom.status().changed == ()


def test_list_says_how_each_file_is_and_changes_nothing(desk: Desk) -> None:
    for name, text in (("tides.md", TIDES), ("quay.md", QUAY), ("marees.md", MAREES)):
        desk.publish(desk.write(f"articles/{name}", text))
        desk.pass_time(hours=1)
    before = desk.outputs()
    (desk.folder / "articles/quay.md").unlink()
    desk.write("articles/marees.md", MAREES + "Et plus hautes.\n")

    lines = [(line.source_path, line.file, line.state) for line in desk.newsroom.list_articles()]
    desk.newsroom.renew_outputs(everything=True)

    assert lines == [
        ("articles/marees.md", "changed", "published"),
        ("articles/quay.md", "gone", "published"),
        ("articles/tides.md", "", "published"),
    ]
    assert desk.outputs() == before


def test_why_tells_what_a_reader_got_and_what_not(desk: Desk) -> None:
    desk.publish(desk.write("articles/early.md", TIDES.replace("The tide", "Early tide")))
    desk.pass_time(days=1)
    desk.add(topics=("diplomacy",))
    desk.pass_time(days=1)
    harbour = TIDES.replace("---\n", "---\ntopics: [harbour]\n", 1)
    desk.mail(desk.write("articles/tides.md", harbour))
    desk.mail(desk.write("articles/quay.md", QUAY.replace("---\n", "---\ntopics: [diplomacy]\n", 1)))

    told = desk.newsroom.why("Ada@Example.org")

    assert [(line.subject, line.became, line.explained) for line in told.editions] == [
        ("The quay is mended", "sent", "2026-11-26 09:00 UTC"),
        ("The tide tables are out", "not due", "left out when it was released"),
        ("Early tide tables are out", "not due", "joined after it was released"),
    ]
    assert told.would_get == "yes, if its topics include diplomacy"


def test_why_tells_of_those_who_left_and_of_strangers(desk: Desk) -> None:
    desk.add("cleo@example.org")
    desk.publish(desk.write("articles/tides.md"))
    desk.leave("cleo@example.org")

    cleo, stranger = desk.newsroom.why("cleo@example.org"), desk.newsroom.why("nobody@example.org")

    assert cleo.would_get == "no: unsubscribed"
    assert [(line.became, line.explained) for line in cleo.editions] == [("cancelled", "unsubscribed")]
    assert (stranger.subscriber, stranger.editions) == (None, ())
    assert stranger.would_get == "no: no subscriber has this address"


def test_shown_edition_has_its_articles_variants_and_balance(desk: Desk) -> None:
    desk.add()
    desk.add("farid@example.org", language="fr")
    edition = desk.publish(desk.write("articles/tides.md"), desk.write("articles/tides.fr.md", MAREES)).editions[0]

    report = desk.newsroom.show_edition(edition.uid)

    assert report.articles == ("The tide tables are out", "Les marées")
    assert [one.variant.language for one in report.variants] == ["en", "fr"]
    assert (report.balance.audience, report.balance.adds_up) == (2, True)


def test_deliveries_are_listed_by_state(desk: Desk) -> None:
    desk.add()
    desk.add("farid@example.org")
    edition = desk.publish(desk.write("articles/tides.md")).editions[0]
    desk.leave("farid@example.org")
    desk.newsroom.send(edition)

    everyone = desk.newsroom.deliveries.lines(edition.uid, only=None, limit=10)
    cancelled = desk.newsroom.deliveries.lines(edition.uid, only=DeliveryState.CANCELLED, limit=10)

    assert [(line.address, line.state) for line in everyone] == [
        ("ada@example.org", DeliveryState.SENT),
        ("farid@example.org", DeliveryState.CANCELLED),
    ]
    assert cancelled == everyone[1:]


def test_plan_names_the_feeds_that_change(desk: Desk) -> None:
    file = desk.write("articles/tides.md", TIDES.replace("---\n", "---\ntopics: [harbour]\n", 1))
    plan = desk.plan(file)

    said = set(desk.newsroom.looks.feeds_that_change(plan))
    before = desk.newsroom.renew_outputs().changed
    desk.newsroom.publish(plan)

    changed = {path for path, content in desk.outputs().items() if b"tide tables" in content}
    assert said == {path for path in changed if path.startswith("feeds/")}
    assert "feeds/rss.xml" in before
    assert desk.newsroom.looks.feeds_that_change(desk.plan(file)) == ()


def test_lost_key_is_not_replaced_while_there_are_readers(desk: Desk) -> None:
    """A new one would make every unsubscribe link in sent mail worthless."""
    desk.add()
    (desk.folder / "newsletter.key").unlink()

    with pytest.raises(ConfigError, match="the key is missing"):
        _ = desk.reopen().keys


def test_clock_is_the_worlds(desk: Desk) -> None:
    desk.pass_time(days=400)

    assert desk.newsroom.now == desk.now
    assert desk.newsroom.now - timedelta(days=400) < desk.now


def test_test_copy_of_an_article_stands_in_no_ledger(desk: Desk) -> None:
    desk.add()
    plan = desk.plan(desk.write("articles/tides.md"), sample=True)

    number = desk.newsroom.looks.send_test(plan, "owner@example.org")

    assert (number, desk.count(deliveries)) == (1, 0)
    assert [str(message["To"]) for message in desk.outbox()] == ["owner@example.org"]
    with pytest.raises(UsageError):
        desk.newsroom.looks.send_test(plan, "no address")
