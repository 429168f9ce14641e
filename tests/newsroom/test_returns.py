"""What comes back: only our own signature counts, policies harm nobody, and nothing is done twice."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from real_newsroom import QUAY, TIDES, Desk
from sqlalchemy import update

from newsletter.errors import StoreBusy, UsageError
from newsletter.model import DeliveryState, EditionId, EditionState, Subscriber, SubscriberState
from newsletter.returns_desk import Taken
from newsletter.store.suppressions import suppression_of
from newsletter.store.tables import bounces, deliveries, editions, notices, revocations, suppressions
from newsletter.subscribers import (
    Done,
    bounce_token,
    erase,
    find,
    parse_address,
    suppression_key,
    unsubscribe_token,
    unsuppress,
)

UNKNOWN_USER = "550 5.1.1 The mailbox does not exist"
FULL = "452 4.2.2 The mailbox is full"
POLICY = "550 5.7.26 Unauthenticated email is not accepted"


def token(desk: Desk, reader: Subscriber, edition: int = 1) -> str:
    """The VERP token of the reader's copy of the first, second, … edition; of none where there are not so many."""
    released = dict(enumerate((int(str(row["id"])) for row in desk.rows(editions)), 1))
    return bounce_token(desk.newsroom.keys, EditionId(released.get(edition, 10**6)), reader.id)


def report(to: str, status: str, words: str, *, action: str = "failed", address: str = "ada@example.org") -> bytes:
    """A failure report as Postfix writes it, sent to the VERP address `to`."""
    return f"""\
Return-Path: <>
To: {to}
From: MAILER-DAEMON@mx.example.net
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I could not deliver your message.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {words}
--b--
""".replace("\n", "\r\n").encode()


def bounce(desk: Desk, reader: Subscriber, words: str, *, edition: int = 1, **more: str) -> Taken:
    """Take a report about that edition's message to the reader."""
    code = words.split()[1]
    to = f"b+{token(desk, reader, edition)}@example.org"
    message = report(to, code, words, **{"address": reader.address} | more)
    return desk.newsroom.returns_desk().take(message, source="file")


def complaint(desk: Desk, reader: Subscriber) -> bytes:
    """A spam report in ARF, with the headers of our message."""
    link = unsubscribe_token(desk.newsroom.keys, reader.id)
    return f"""\
From: staff@mail.example.net
To: abuse@example.org
Subject: FW: The tide tables are out
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an email abuse report.
--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Reporter/1.0
Version: 1
--b
Content-Type: message/rfc822

From: news@example.org
To: undisclosed
Subject: The tide tables are out
List-Unsubscribe: <https://news.example.org/u/{link}>

The tide.
--b--
""".replace("\n", "\r\n").encode()


def state(desk: Desk, address: str = "ada@example.org") -> SubscriberState:
    reader = find(desk.store, address)
    assert reader is not None
    return reader.state


def mailed(desk: Desk) -> Subscriber:
    """A reader who was sent the first edition."""
    ada = desk.add()
    assert desk.mail(desk.write("articles/tides.md", TIDES)) == ["ada@example.org"]
    return ada


def mailed_often(desk: Desk, times: int) -> Subscriber:
    ada = desk.add()
    for number in range(times):
        text = TIDES.replace("The tide tables are out", f"Tide tables, part {number}").replace(
            "Spring", f"Spr {number}"
        )
        desk.mail(desk.write(f"articles/tides-{number}.md", text), wishes=None)
    return ada


def test_a_mailbox_that_does_not_exist_gets_no_more_mail(either_desk: Desk) -> None:
    desk, ada = either_desk, mailed(either_desk)

    taken = bounce(desk, ada, UNKNOWN_USER)

    assert (taken.kind, taken.done) == ("bounce", Done.SUPPRESSED)
    assert state(desk) is SubscriberState.BOUNCED
    (kept,) = desk.rows(suppressions)
    assert (kept["reason"], kept["source"]) == ("bounced", "bounce by file 5.1.1")
    assert desk.rows(revocations)[-1]["subscriber_id"] == ada.id
    assert desk.mail(desk.write("articles/quay.md", QUAY)) == []


def test_the_same_report_twice_counts_once(either_desk: Desk) -> None:
    desk, ada = either_desk, mailed(either_desk)

    first, second = bounce(desk, ada, FULL), bounce(desk, ada, FULL)

    assert first.id is not None
    assert second.id is None
    assert desk.count(bounces) == 1


def test_a_report_from_disk_and_from_a_server_is_the_same(desk: Desk) -> None:
    ada = mailed(desk)
    message = report(f"b+{token(desk, ada)}@example.org", "4.2.2", FULL)
    returns = desk.newsroom.returns_desk()

    over_the_wire = returns.take(message, source="imap")
    on_disk = returns.take(message.replace(b"\r\n", b"\n"), source="maildir")

    assert (over_the_wire.id, on_disk.id) == (1, None)


@pytest.mark.parametrize("forged", ["", "a" * 39, "x", "b" * 38 + "7"])
def test_a_forged_report_changes_nothing_and_is_kept(desk: Desk, forged: str) -> None:
    mailed(desk)
    message = report(f"b+{forged}@example.org", "5.1.1", UNKNOWN_USER)

    taken = desk.newsroom.returns_desk().take(message, source="file")

    assert taken.done is Done.UNPROVEN
    assert state(desk) is SubscriberState.ACTIVE
    assert desk.count(suppressions) == 0
    assert taken.id is not None
    assert desk.newsroom.returns_desk().show(taken.id)[1] == message


def test_a_token_for_an_edition_the_reader_never_got_proves_nothing(desk: Desk) -> None:
    ada, cleo = mailed(desk), desk.add("cleo@example.org")

    assert bounce(desk, cleo, UNKNOWN_USER).done is Done.UNPROVEN
    assert bounce(desk, ada, UNKNOWN_USER, edition=7).done is Done.UNPROVEN
    assert {state(desk), state(desk, "cleo@example.org")} == {SubscriberState.ACTIVE}


def test_a_policy_never_harms_a_reader(desk: Desk) -> None:
    ada = mailed(desk)

    taken = bounce(desk, ada, POLICY)

    assert taken.done is Done.NOTED
    assert state(desk) is SubscriberState.ACTIVE
    assert desk.count(suppressions) == 0


def test_several_policies_pause_an_edition_and_tell_the_owner_once_with_the_records(desk: Desk) -> None:
    desk.configure("[topics.harbour]", "[bounces]\npolicy = 3\n[topics.harbour]")
    readers = [desk.add(f"r{number}@example.org") for number in range(5)]
    released = desk.publish(desk.write("articles/tides.md"))
    desk.send(released)
    with desk.store.writing() as connection:
        connection.execute(update(editions).values(state=EditionState.SENDING))

    for reader in readers:
        bounce(desk, reader, POLICY)

    (edition,) = desk.rows(editions)
    assert edition["state"] == EditionState.PAUSED
    assert "3 mail servers refuse it" in str(edition["reason"])
    (told,) = desk.rows(notices)
    assert told["kind"] == "mail refused"
    words = message_from_bytes(bytes(told["message"]), policy=policy.default).get_body(("plain",)).get_content()
    assert "one says: 550 5.7.26 Unauthenticated email is not accepted" in words
    assert "_dmarc.example.org. IN TXT" in words
    assert {state(desk, reader.address) for reader in readers} == {SubscriberState.ACTIVE}


def test_a_full_mailbox_counts_as_dead_after_some_editions_within_a_month(either_desk: Desk) -> None:
    desk = either_desk
    desk.configure("[topics.harbour]", "[bounces]\nsoft = 3\n[topics.harbour]")
    ada = mailed_often(desk, 3)

    first, again, second = (bounce(desk, ada, f"{FULL} ({n})", edition=e) for n, e in enumerate((1, 1, 2)))

    assert [each.done for each in (first, again, second)] == [Done.COUNTED] * 3
    assert state(desk) is SubscriberState.ACTIVE
    assert bounce(desk, ada, FULL, edition=3).done is Done.SUPPRESSED
    assert state(desk) is SubscriberState.BOUNCED


def test_full_mailboxes_of_long_ago_are_forgotten(desk: Desk) -> None:
    desk.configure("[topics.harbour]", '[bounces]\nsoft = 2\nsoft_within = "30d"\n[topics.harbour]')
    ada = mailed_often(desk, 2)
    bounce(desk, ada, FULL, edition=1)

    desk.pass_time(days=31)

    assert bounce(desk, ada, FULL, edition=2).done is Done.COUNTED
    assert desk.newsroom.returns_desk().tidy() == 0
    assert state(desk) is SubscriberState.ACTIVE


def test_a_message_that_is_only_late_is_no_bounce(desk: Desk) -> None:
    ada = mailed(desk)

    taken = bounce(desk, ada, "450 4.4.1 No answer yet", action="delayed")

    assert (taken.kind, taken.done) == ("delayed", Done.NOTED)
    assert state(desk) is SubscriberState.ACTIVE


def test_who_complains_is_never_mailed_again(either_desk: Desk) -> None:
    desk, ada = either_desk, mailed(either_desk)

    taken = desk.newsroom.returns_desk().take(complaint(desk, ada), source="imap")

    assert (taken.kind, taken.done) == ("complaint", Done.SUPPRESSED)
    assert state(desk) is SubscriberState.COMPLAINED
    assert desk.rows(suppressions)[0]["reason"] == "complained"


def test_a_bounce_does_not_cover_up_a_complaint(desk: Desk) -> None:
    ada = mailed(desk)
    desk.newsroom.returns_desk().take(complaint(desk, ada), source="imap")

    bounce(desk, ada, UNKNOWN_USER)

    assert state(desk) is SubscriberState.COMPLAINED
    assert desk.rows(suppressions)[0]["reason"] == "complained"


def test_leaving_by_mail_ends_the_subscription_without_a_suppression(desk: Desk) -> None:
    ada = mailed(desk)
    link = unsubscribe_token(desk.newsroom.keys, ada.id)
    message = f"From: ada@example.org\r\nTo: unsub+{link}@example.org\r\nSubject: unsubscribe\r\n\r\n".encode()

    taken = desk.newsroom.returns_desk().take(message, source="lmtp")

    assert (taken.kind, taken.done) == ("leaving", Done.UNSUBSCRIBED)
    assert state(desk) is SubscriberState.UNSUBSCRIBED
    assert desk.count(suppressions) == 0


def test_the_answer_of_a_machine_is_counted_and_changes_nothing(desk: Desk) -> None:
    ada = mailed(desk)
    to = f"b+{token(desk, ada)}@example.org"
    message = (
        f"To: {to}\r\nFrom: ada@example.org\r\nAuto-Submitted: auto-replied\r\nSubject: Away\r\n\r\nBack soon.\r\n"
    )

    taken = desk.newsroom.returns_desk().take(message.encode(), source="lmtp")

    assert (taken.kind, taken.done) == ("auto_reply", Done.NOTED)
    assert state(desk) is SubscriberState.ACTIVE


def test_what_nobody_can_read_waits_for_a_person(desk: Desk) -> None:
    message = b"Subject: hello\r\n\r\nWhere is my parcel?\r\n"
    returns = desk.newsroom.returns_desk()

    taken = returns.take(message, source="lmtp")

    assert (taken.kind, taken.done) == ("unclear", Done.KEPT)
    assert [one.id for one in returns.list(kept=True)] == [taken.id]
    assert taken.id is not None
    assert returns.close(taken.id).outcome == Done.SETTLED
    assert returns.list(kept=True) == []
    assert returns.show(taken.id)[1] is None


def test_a_flood_of_nonsense_stays_where_it_came_from(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.returns_desk.MOST_KEPT", 2)
    returns = desk.newsroom.returns_desk()
    for number in range(2):
        returns.take(f"Subject: {number}\r\n\r\n?\r\n".encode(), source="lmtp")

    with pytest.raises(StoreBusy, match="2 reports wait for you"):
        returns.take(b"Subject: another\r\n\r\n?\r\n", source="lmtp")

    assert desk.count(bounces) == 2


def test_a_report_about_a_former_mailbox_does_not_harm_the_present_one(desk: Desk) -> None:
    ada = mailed(desk)
    desk.pass_time(hours=1)
    with desk.store.writing() as connection:
        from newsletter.store.consents import insert_consents

        row = {"what": "address", "wording": "", "source": "link", "method": "confirm", "at": desk.now}
        insert_consents(connection, [{"subscriber_id": ada.id, **row}])

    assert bounce(desk, ada, UNKNOWN_USER, address="old@example.org").done is Done.NOTED
    assert state(desk) is SubscriberState.ACTIVE


def test_a_report_settles_a_delivery_whose_end_was_not_known(either_desk: Desk) -> None:
    desk, ada = either_desk, mailed(either_desk)
    with desk.store.writing() as connection:
        connection.execute(update(deliveries).values(state=int(DeliveryState.UNKNOWN)))

    bounce(desk, ada, FULL)

    (row,) = desk.rows(deliveries)
    assert row["state"] == int(DeliveryState.SENT)


def test_why_tells_what_came_back_and_what_it_led_to(desk: Desk) -> None:
    ada = mailed(desk)
    bounce(desk, ada, UNKNOWN_USER)

    told = desk.newsroom.why("ada@example.org")

    assert told.suppression is not None
    assert told.suppression.source == "bounce by file 5.1.1"
    (came,) = told.reports
    assert (came.kind, came.weight, came.status) == ("bounce", "hard", "5.1.1")
    assert "does not exist" in came.diagnostic


def test_a_dead_mailbox_elsewhere_is_no_more_than_a_soft_bounce(desk: Desk) -> None:
    ada = mailed(desk)

    elsewhere = bounce(desk, ada, UNKNOWN_USER, address="someone@elsewhere.example")

    assert elsewhere.done is Done.COUNTED
    assert state(desk) is SubscriberState.ACTIVE


def test_a_diagnostic_names_nobody(desk: Desk) -> None:
    ada = mailed(desk)

    bounce(desk, ada, "550 5.1.1 <Ada@Example.org> unknown, says\x07 postmaster")

    (row,) = desk.rows(bounces)
    assert "ada@" not in str(row["diagnostic"]).lower()
    assert "\x07" not in str(row["diagnostic"])


def test_erasing_a_reader_takes_their_reports_along(desk: Desk) -> None:
    ada = mailed(desk)
    bounce(desk, ada, FULL)
    kept = desk.newsroom.returns_desk().take(b"Subject: ?\r\n\r\nADA@example.org moved\r\n", source="lmtp")

    erase(desk.store, "ada@example.org", keys=desk.newsroom.keys, source="test", now=desk.now)

    assert [(row["id"], row["message"]) for row in desk.rows(bounces)] == [(kept.id, None)]


def test_taking_a_suppression_back_brings_no_mail_back(desk: Desk) -> None:
    ada = mailed(desk)
    bounce(desk, ada, UNKNOWN_USER)

    done = unsuppress(desk.store, ada.address, keys=desk.newsroom.keys, because="asked", now=desk.now, revive=False)

    assert done.was is not None
    assert state(desk) is SubscriberState.UNSUBSCRIBED
    assert desk.count(suppressions) == 0
    assert desk.mail(desk.write("articles/quay.md", QUAY)) == []


def test_a_mended_mailbox_can_be_revived_and_gets_only_what_comes(desk: Desk) -> None:
    ada = mailed(desk)
    bounce(desk, ada, UNKNOWN_USER)

    unsuppress(desk.store, ada.address, keys=desk.newsroom.keys, because="mended", now=desk.now, revive=True)

    assert state(desk) is SubscriberState.ACTIVE
    assert desk.mail(desk.write("articles/quay.md", QUAY)) == ["ada@example.org"]


def test_who_said_no_is_not_revived(desk: Desk) -> None:
    ada = mailed(desk)
    desk.newsroom.returns_desk().take(complaint(desk, ada), source="imap")

    with pytest.raises(UsageError, match="have to sign up again"):
        unsuppress(desk.store, ada.address, keys=desk.newsroom.keys, because="?", now=desk.now, revive=True)

    with desk.store.reading() as connection:
        key = suppression_key(desk.newsroom.keys, parse_address(ada.address).key)
        assert suppression_of(connection, key) is not None


def test_old_answers_of_machines_are_forgotten_and_bounces_are_not(desk: Desk) -> None:
    ada = mailed(desk)
    bounce(desk, ada, FULL)
    bounce(desk, ada, "450 4.4.1 No answer yet", action="delayed")

    desk.now += timedelta(days=91)
    desk.newsroom.returns_desk().tidy()

    assert [row["kind"] for row in desk.rows(bounces)] == ["bounce"]
