"""Lists of readers as other programs write them, with readers we made up."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime

import pytest

from newsletter.errors import UsageError
from newsletter.model import Masthead, SubscriberState
from newsletter.store import Store
from newsletter.store.tables import consents, suppressions
from newsletter.subscribers import (
    Consent,
    ImportReport,
    Intake,
    OriginName,
    SuppressionReason,
    Wishes,
    add,
    counts,
    find,
    import_rows,
    open_source,
    origin_named,
)
from newsletter.subscribers.choices import offer_of
from newsletter.subscribers.examining import Newcomer
from newsletter.subscribers.origins import PLAIN, read_moment, read_row

Import = Callable[..., ImportReport]
Rows = Callable[..., list[dict[str, object]]]

MAILCHIMP = (
    """\
"Email Address","First Name","Last Name",MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LATITUDE,\
LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS
ada@example.org,Ada,Quay,2,"2021-03-04 11:22:33",192.0.2.7,"2021-03-04 11:25:00",192.0.2.7,,,1,2,Europe/Paris,FR,,\
"2021-03-05 08:00:00",1001,aa11,,"""
    + '''"""Diplomacy"",""VIP"""
farid@example.org,,,2,,,,,,,,,US/Nowhere,,,,1002,aa12,,
'''
)
UNSUBSCRIBED = """\
"Email Address","First Name","Last Name",MEMBER_RATING,OPTIN_TIME,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_REASON,LEID,EUID
cleo@example.org,Cleo,,2,"2020-01-02 03:04:05","2022-02-02 02:02:02",Spring,NORMAL,1003,aa13
"""
CLEANED = """\
"Email Address","First Name","Last Name",MEMBER_RATING,CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,LEID,EUID
dan@example.org,Dan,,2,"2022-02-02 02:02:02",Spring,1004,aa14
"""
SUBSTACK = """\
email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at
ada@example.org,false,,other,false,2021-03-04T11:22:33.000Z,
wim@example.org,true,2027-01-01T00:00:00.000Z,yearly,false,2022-01-01T00:00:00.000Z,2022-01-01T00:00:00.000Z
ben@example.org,false,,other,true,2021-05-05T00:00:00.000Z,
"""
GHOST = """\
id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers
1,ada@example.org,Ada Quay,Met at the fair,true,false,,2021-03-04T11:22:33.000Z,,"Diplomatie,Founders",
2,cleo@example.org,Cleo,,false,false,,2021-03-04T11:22:33.000Z,,,
3,ben@example.org,Ben,,true,false,,2021-03-04T11:22:33.000Z,2022-01-01T00:00:00.000Z,,
"""
BUTTONDOWN = """\
id,email,notes,metadata,tags,referrer_url,creation_date,type
a1,ada@example.org,,{},"diplomacy, early",https://example.com,2021-03-04T11:22:33.123456Z,regular
a2,wim@example.org,,{},,,2021-03-04T11:22:33Z,premium
a3,ben@example.org,,{},,,2021-03-04T11:22:33Z,unactivated
a4,cleo@example.org,,{},,,2021-03-04T11:22:33Z,unsubscribed
a5,dan@example.org,,{},,,2021-03-04T11:22:33Z,undeliverable
"""
LISTMONK = """\
uuid,email,name,attributes,status,created_at,updated_at
0b6c,ada@example.org,Ada Quay,"{""city"": ""Exampletown""}",enabled,2021-03-04 11:22:33+01:00,2021-03-04 11:22:33+01:00
0b6d,ben@example.org,Ben,{},disabled,2021-03-04 11:22:33+01:00,2021-03-04 11:22:33+01:00
0b6e,cleo@example.org,Cleo,{},blocklisted,2021-03-04 11:22:33+01:00,2021-03-04 11:22:33+01:00
"""


@pytest.fixture
def imported(store: Store, intake: Intake) -> Import:
    def run(text: str, *, origin: str | None = None, name: str = "list.csv", **wishes: bool) -> ImportReport:
        chosen = None if origin is None else origin_named(origin)
        source = open_source(io.BytesIO(text.encode()), name=name, origin=chosen)
        consent = Consent(wording="Asked on our site.", source=f"import {name}", method="import")
        return import_rows(store, source.rows, consent=consent, intake=intake, wishes=Wishes(**wishes))

    return run


def tally(report: ImportReport) -> dict[str, int]:
    return {arrival.value: number for arrival, number in report.counts.items() if number}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (MAILCHIMP, "mailchimp"),
        (UNSUBSCRIBED, "mailchimp"),
        (CLEANED, "mailchimp"),
        (SUBSTACK, "substack"),
        ("Email,Name,Stripe plan,Cancel date,Start date,Paid upgrade date\n", "substack"),
        (GHOST, "ghost"),
        (BUTTONDOWN, "buttondown"),
        ("email,notes,metadata,tags,referrer_url,creation_date,subscriber_type\n", "buttondown"),
        (LISTMONK, "listmonk"),
        ("email,name,status\n", "csv"),
        ("address,name,state,language,time_zone,rhythm,hour,topics,consent,joined_at\n", "csv"),
    ],
)
def test_a_program_is_recognised_by_its_header(text: str, name: str) -> None:
    assert open_source(io.BytesIO(text.encode()), name="list.csv").origin.name == name


def test_a_person_may_say_which_program_wrote_a_list(imported: Import) -> None:
    plain = imported(GHOST, origin="csv", dry_run=True)

    assert tally(plain) == {"added": 3}
    assert tally(imported(GHOST, dry_run=True)) == {"added": 1, "withheld": 2}


def test_a_program_nobody_knows_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="--from pigeon: there is no such origin"):
        origin_named("pigeon")


def test_a_reader_of_mailchimp_keeps_name_zone_topics_and_the_proof_of_sign_up(
    store: Store, imported: Import, rows: Rows, now: datetime
) -> None:
    report = imported(MAILCHIMP)

    ada = find(store, "ada@example.org")
    assert ada is not None
    assert (ada.name, ada.time_zone, ada.topics) == ("Ada Quay", "Europe/Paris", ("diplomacy",))
    assert report.labels == {"VIP": 1}
    first, second = rows(consents)
    assert first["source"] == (
        "Mailchimp, signed up 2021-03-04 11:22 UTC, confirmed 2021-03-04 11:25 UTC, import list.csv"
    )
    assert (first["what"], first["method"], first["at"]) == ("import", "import", now)
    assert second["source"] == "Mailchimp, import list.csv"


def test_what_another_program_guessed_and_we_do_not_have_costs_nobody_the_subscription(
    store: Store, imported: Import
) -> None:
    imported(MAILCHIMP)

    farid = find(store, "farid@example.org")
    assert farid is not None
    assert (farid.name, farid.time_zone, farid.topics) == ("", "Europe/Paris", ())


@pytest.mark.parametrize(("text", "reason"), [(UNSUBSCRIBED, "objected"), (CLEANED, "bounced")])
def test_a_list_of_those_who_left_lets_nobody_in_and_keeps_them_out(
    imported: Import, rows: Rows, text: str, reason: str
) -> None:
    report = imported(text)

    assert (tally(report), report.refusals) == ({"withheld": 1}, 1)
    assert [(row["reason"], row["source"]) for row in rows(suppressions)] == [(reason, "import list.csv")]
    address = text.splitlines()[-1].partition(",")[0]
    assert tally(imported(f"email\n{address}\n")) == {"suppressed": 1}


def test_refusals_are_forgotten_when_a_person_says_so(imported: Import, rows: Rows) -> None:
    report = imported(UNSUBSCRIBED, remember_refusals=False)

    assert (tally(report), report.refusals, rows(suppressions)) == ({"withheld": 1}, 0, [])


@pytest.mark.parametrize(
    ("text", "expected", "refusals"),
    [
        (SUBSTACK, {"added": 2, "withheld": 1}, 0),
        (GHOST, {"added": 1, "withheld": 2}, 1),
        (BUTTONDOWN, {"added": 2, "withheld": 3}, 2),
        (LISTMONK, {"added": 1, "withheld": 2}, 1),
    ],
)
def test_each_program_says_who_may_be_mailed_in_its_own_words(
    imported: Import, text: str, expected: dict[str, int], refusals: int
) -> None:
    foreseen = imported(text, dry_run=True)
    report = imported(text)

    assert (tally(report), report.refusals) == (expected, refusals)
    assert (foreseen.counts, foreseen.refusals) == (report.counts, report.refusals)


def test_a_list_of_listmonk_with_subscriptions_lets_in_the_confirmed_ones(imported: Import) -> None:
    header = "uuid,email,name,attributes,status,subscription_status\n"
    people = (("ada", "enabled,confirmed"), ("ben", "enabled,unconfirmed"), ("cleo", "enabled,unsubscribed"))

    report = imported(header + "".join(f"0b,{who}@example.org,,{{}},{said}\n" for who, said in people))

    assert (tally(report), report.refusals) == ({"added": 1, "withheld": 2}, 1)


def test_who_left_elsewhere_after_an_import_gets_no_more_mail_here(store: Store, imported: Import) -> None:
    imported("email\ncleo@example.org\n")

    report = imported(UNSUBSCRIBED)

    assert counts(store)[SubscriberState.ACTIVE] == 0
    assert report.problems[0].message.endswith("an earlier import had added it, and its mail ends.")


def test_who_agreed_here_stays_whatever_an_old_list_says(
    store: Store, imported: Import, intake: Intake, consent: Consent, rows: Rows
) -> None:
    add(store, Newcomer(address="cleo@example.org"), consent=consent, intake=intake)

    report = imported(UNSUBSCRIBED)

    assert counts(store)[SubscriberState.ACTIVE] == 1
    assert rows(suppressions) == []
    assert report.problems[0].message.endswith("it agreed here itself, so it stays.")


def test_a_reason_that_stood_before_an_import_stands_after_it(
    store: Store, imported: Import, intake: Intake, rows: Rows
) -> None:
    from newsletter.subscribers import erase

    erase(store, "cleo@example.org", keys=intake.keys, source="cli", now=intake.now)

    imported(UNSUBSCRIBED)

    assert [row["reason"] for row in rows(suppressions)] == [SuppressionReason.ERASED]


def test_a_reader_in_both_lists_is_refused_also_in_thought(imported: Import) -> None:
    both = "email,status\ncleo@example.org,unsubscribed\nCleo@example.org,subscribed\n"

    foreseen = imported(both, dry_run=True)

    assert tally(foreseen) == {"suppressed": 1, "withheld": 1}
    assert foreseen.counts == imported(both).counts


@pytest.mark.parametrize(
    "text",
    [
        "Adresse e-mail;Prénom;Nom;Langue;Statut\nada@example.org;Ada;Quay;fr;abonnée\n",
        "Courriel,Nom complet,Langue\nada@example.org,Ada Quay,fr\n",
        "البريد الإلكتروني,الاسم,اللغة,الحالة\nada@example.org,Ada Quay,fr,نشط\n",
        "EMAIL,FNAME,LNAME,Locale\nada@example.org,Ada,Quay,fr_FR\n",
    ],
)
def test_titles_in_french_and_arabic_are_understood(store: Store, imported: Import, text: str) -> None:
    imported(text)

    ada = find(store, "ada@example.org")
    assert ada is not None
    assert (ada.name, ada.language) == ("Ada Quay", "fr")


def test_words_for_leaving_in_french_are_refusals(imported: Import) -> None:
    report = imported(
        "Courriel,Statut\ncleo@example.org,Désabonnée\ndan@example.org,Rebond\nben@example.org,En attente\n"
    )

    assert (tally(report), report.refusals) == ({"withheld": 3}, 2)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("a;b", ("a", "b")),
        ("a, b,a", ("a", "b")),
        ('"a","b, c"', ("a", "b, c")),
        ('["a", "b"]', ("a", "b")),
        (" ; ", ()),
    ],
)
def test_labels_are_read_however_they_are_set_apart(
    masthead: Masthead, now: datetime, cell: str, expected: tuple[str, ...]
) -> None:
    reading = read_row({"address": "ada@example.org", "labels": cell}, PLAIN, offer_of(masthead), now)

    assert reading.labels == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-03-04 11:22:33", "2021-03-04 11:22"),
        ("2021-03-04T11:22:33.123456Z", "2021-03-04 11:22"),
        ("2021-03-04T11:22:33+01:00", "2021-03-04 10:22"),
        ("2021-03-04", "2021-03-04 00:00"),
        ("2021-03-04 11:22:33 UTC", "2021-03-04 11:22"),
        ("03/04/2021", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("1970-01-01", None),
        ("2027-01-01", None),
        ("yesterday", None),
    ],
)
def test_only_a_sane_and_unambiguous_date_of_sign_up_is_kept(now: datetime, text: str, expected: str | None) -> None:
    moment = read_moment(text, now)

    assert (None if moment is None else f"{moment:%Y-%m-%d %H:%M}") == expected


def test_every_program_can_be_named() -> None:
    assert [origin_named(name).name for name in OriginName] == list(OriginName)


@pytest.mark.parametrize(
    "name",
    [
        "unsubscribed_members_export_1.csv",
        "Unsubscribes 2026.csv",
        "cleaned.csv",
        "bounces.csv",
        "opt-outs.csv",
        "suppression_list.csv",
        "lists/désabonnés.csv",
        "complaints.csv",
    ],
)
def test_a_list_of_those_who_left_is_told_by_its_name_whoever_wrote_it(
    imported: Import, store: Store, name: str
) -> None:
    report = imported("email,name\ncleo@example.org,Cleo\n", name=name)

    assert tally(report) == {"withheld": 1}
    assert report.refusals == 1
    assert find(store, "cleo@example.org") is None


@pytest.mark.parametrize(
    ("title", "cell", "is_let_in"),
    [
        ("Unsubscribed At", "2022-01-01", False),
        ("unsubscribed", "yes", False),
        ("unsubscribed", "1", False),
        ("unsubscribed", "false", True),
        ("unsubscribed", "0", True),
        ("unsubscribed_at", "", True),
        ("unsubscribed_at", "null", True),
        ("UNSUB_TIME", "", False),
        ("OPTOUT_TIME", "2022-01-01", False),
        ("bounced_at", "2022-01-01", False),
        ("complained", "x", False),
    ],
)
def test_a_column_of_leaving_counts_in_a_list_of_any_program(
    imported: Import, store: Store, title: str, cell: str, is_let_in: bool
) -> None:
    report = imported(f"email,{title},status\ncleo@example.org,{cell},active\n")

    assert tally(report) == ({"added": 1} if is_let_in else {"withheld": 1})
    assert (find(store, "cleo@example.org") is not None) is is_let_in
