"""What a publish would do is shown before it is done."""

from __future__ import annotations

import pytest
from real_newsroom import MAREES, QUAY, TIDES, Desk

from newsletter.editions import Standing, Wishes
from newsletter.errors import UsageError
from newsletter.model import EditionKind
from newsletter.store.tables import articles, editions, events, revisions


def languages_of(desk: Desk, *files: str) -> dict[str, tuple[str, str]]:
    """Reader language → (body language, furniture) in the plan of `files`."""
    plan = desk.plan(*(desk.folder / file for file in files))
    return {
        language: (one.variant.language, one.variant.furniture)
        for one in plan.editions[0].dressed
        for language in one.reader_languages
    }


def test_plan_changes_nothing(desk: Desk) -> None:
    desk.add()
    before = desk.rows(events)

    plan = desk.plan(desk.write("articles/tides.md"))

    assert plan.changes_something
    assert [desk.count(table) for table in (articles, revisions, editions)] == [0, 0, 0]
    assert desk.rows(events) == before
    assert desk.outputs() == {}


def test_each_reader_gets_the_translation_in_their_language_or_the_fallbacks(desk: Desk) -> None:
    for address, language in (("ada", "en"), ("farid", "fr"), ("amal", "ar")):
        desk.add(f"{address}@example.org", language=language)
    desk.write("articles/tides.md")
    desk.write("articles/tides.fr.md", MAREES)

    chosen = languages_of(desk, "articles/tides.md", "articles/tides.fr.md")

    assert chosen == {"en": ("en", "en"), "fr": ("fr", "fr"), "ar": ("fr", "ar")}


def test_article_without_translation_goes_to_everyone_with_their_own_furniture(desk: Desk) -> None:
    for address, language in (("ada", "en"), ("farid", "fr")):
        desk.add(f"{address}@example.org", language=language)
    desk.write("articles/tides.md")

    assert languages_of(desk, "articles/tides.md") == {"en": ("en", "en"), "fr": ("en", "fr")}


def test_newsrooms_language_comes_before_any_other(desk: Desk) -> None:
    desk.add("farid@example.org", language="fr")
    desk.write("articles/tides.ar.md", "# المد\n\nيأتي المد مبكرا هذا العام.\n")
    desk.write("articles/tides.md")

    assert languages_of(desk, "articles/tides.ar.md", "articles/tides.md") == {"fr": ("en", "fr")}


def test_newsroom_without_readers_dresses_its_own_language(desk: Desk) -> None:
    plan = desk.plan(desk.write("articles/tides.md"))

    assert plan.editions[0].dressed[0].reader_languages == ("en",)
    assert (plan.recipients, plan.editions[0].count.considered) == (0, 0)


def test_several_articles_need_a_subject(desk: Desk) -> None:
    files = desk.write("articles/tides.md"), desk.write("articles/quay.md", QUAY)

    with pytest.raises(UsageError, match=r"--subject .* --each"):
        desk.plan(*files)


def test_subject_makes_one_edition_of_several_articles(desk: Desk) -> None:
    files = desk.write("articles/tides.md"), desk.write("articles/quay.md", QUAY)

    plan = desk.plan(*files, subject="This week at the harbour")

    assert [(e.kind, e.subject) for e in plan.editions] == [(EditionKind.SET, "This week at the harbour")]


def test_set_with_a_translation_shows_each_reader_one_of_the_two(desk: Desk) -> None:
    desk.add()
    desk.add("farid@example.org", language="fr")
    files = [
        desk.write(f"articles/{name}", text) for name, text in (("t.md", TIDES), ("t.fr.md", MAREES), ("q.md", QUAY))
    ]

    plan = desk.plan(*files, subject="This week")

    assert {one.reader_languages: [draft.article.slug for draft in one.drafts] for one in plan.editions[0].dressed} == {
        ("en",): ["the-tide-tables-are-out", "the-quay-is-mended"],
        ("fr",): ["les-marees", "the-quay-is-mended"],
    }
    assert plan.recipients == 2


def test_each_makes_one_edition_per_article(desk: Desk) -> None:
    files = desk.write("articles/tides.md"), desk.write("articles/quay.md", QUAY)

    plan = desk.plan(*files, each=True)

    assert [(e.kind, e.subject) for e in plan.editions] == [
        (EditionKind.SINGLE, "The tide tables are out"),
        (EditionKind.SINGLE, "The quay is mended"),
    ]


def test_articles_already_out_are_left_out_of_the_edition(desk: Desk) -> None:
    tides, quay = desk.write("articles/tides.md"), desk.write("articles/quay.md", QUAY)
    desk.publish(tides)

    plan = desk.plan(tides, quay)

    assert [edition.subject for edition in plan.editions] == ["The quay is mended"]


def test_subject_given_for_one_article_is_the_emails_only(desk: Desk) -> None:
    plan = desk.plan(desk.write("articles/tides.md"), subject="High water")

    assert (plan.editions[0].subject, plan.drafts[0].article.title) == ("High water", "The tide tables are out")


def test_feed_only_plans_no_edition(desk: Desk) -> None:
    desk.add()

    plan = desk.plan(desk.write("articles/tides.md"), feed_only=True)

    assert (plan.editions, plan.recipients, plan.changes_something) == ((), 0, True)


def test_article_published_to_feeds_can_be_mailed_to_everyone_later(desk: Desk) -> None:
    desk.add()
    desk.add("wim@example.org", rhythm="weekly")
    file = desk.write("articles/tides.md")
    desk.publish(file, feed_only=True)

    assert desk.plan(file).editions == ()
    assert desk.plan(file, everyone=True).recipients == 2


def test_everyone_reaches_digest_readers_after_the_others(desk: Desk) -> None:
    desk.add()
    desk.add("wim@example.org", rhythm="weekly")
    file = desk.write("articles/tides.md")
    desk.publish(file)

    again = desk.plan(file, everyone=True)
    desk.newsroom.publish(again)

    assert (again.recipients, dict(again.editions[0].count.excluded)) == (1, {"received": 1})
    assert desk.plan(file, everyone=True).editions == ()


def test_unfinished_edition_is_shown_to_be_gone_on_with(desk: Desk) -> None:
    desk.add()
    file = desk.write("articles/tides.md")
    edition = desk.publish(file).editions[0]

    plan = desk.plan(file)

    assert [open_.uid for open_ in plan.open] == [edition.uid]
    assert (plan.editions, plan.changes_something) == ((), False)


def test_finding_about_mail_does_not_keep_a_feed_only_article_home(desk: Desk) -> None:
    """What is too long for a mailbox may stand in the feeds."""
    words = " ".join(f"word{n}" for n in range(14_000))
    file = desk.write("articles/long.md", f"---\ntitle: Long\nlanguage: en\n---\n{words}\n")

    assert [finding.output for _, finding in desk.plan(file).errors] == ["mail"]
    assert desk.plan(file, feed_only=True).errors == ()


def test_findings_name_their_article(desk: Desk) -> None:
    fine = desk.write("articles/tides.md")
    odd = desk.write("articles/quay.md", QUAY.replace("---\n", "---\ntopics: [Seagulls]\n", 1))

    plan = desk.plan(fine, odd, each=True)

    assert [path for path, finding in plan.findings if finding.code == "undeclared"] == ["articles/quay.md"]


def test_relay_needs_a_public_address(desk: Desk) -> None:
    desk.configure('kind = "maildir"\npath = "outbox"', 'kind = "smtp"\nhost = "127.0.0.1"\nport = 2525\ntls = "none"')
    desk.configure("https://news.example.org", "http://localhost:8000")
    file = desk.write("articles/tides.md")

    assert [path for path, _ in desk.plan(file).errors] == ["articles/tides.md"]
    assert desk.newsroom.looks.check(file, wishes=Wishes()) == ()


def test_sample_is_dressed_though_mailed_before(desk: Desk) -> None:
    file = desk.write("articles/tides.md")
    desk.publish(file)

    plan = desk.plan(file, sample=True)

    assert plan.drafts[0].standing is Standing.SAME
    assert "Spring tides" in plan.editions[0].dressed[0].variant.html


def test_revision_plans_no_edition(desk: Desk) -> None:
    file = desk.write("articles/tides.md")
    desk.publish(file)

    plan = desk.plan(desk.write("articles/tides.md", TIDES.replace("higher", "much higher")))

    assert (plan.editions, plan.changes_something) == ((), True)
