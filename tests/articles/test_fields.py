from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from newsletter.model import EmailMode, Manuscript

Read = Callable[..., Manuscript]
Refuse = Callable[..., list[str]]

FULL = """---
title: "The tide  tables"
summary: >
  They hang
  at the office.
author: Ada Quay
date: 2026-11-24
updated: 2026-11-25
language: fr-CA
topics: [Harbour, Culture, Harbour]
tags: "Tides, Culture"
image: images/quay.jpg
image_alt: A quay
slug: tide-tables
uid: https://example.org/?p=12
draft: true
translation_of: tides
email: excerpt
---
Text.
"""


def with_field(line: str) -> str:
    return f"---\ntitle: Quay\n{line}\n---\nText."


def test_every_field_arrives(read: Read) -> None:
    manuscript = read(FULL)

    assert manuscript.title == "The tide tables"
    assert manuscript.summary == "They hang at the office."
    assert manuscript.author == "Ada Quay"
    assert manuscript.language == "fr-ca"
    assert manuscript.topics == ("Harbour", "Culture", "Tides")
    assert (manuscript.image, manuscript.image_alt) == ("images/quay.jpg", "A quay")
    assert (manuscript.slug, manuscript.uid) == ("tide-tables", "https://example.org/?p=12")
    assert (manuscript.draft, manuscript.email) == (True, EmailMode.EXCERPT)
    assert manuscript.translation_of == "tides"
    assert (manuscript.lines["title"], manuscript.lines["email"]) == (2, 18)


def test_an_image_may_be_a_table(read: Read) -> None:
    manuscript = read(with_field("image: {src: images/quay.jpg, alt: A quay}"))

    assert (manuscript.image, manuscript.image_alt) == ("images/quay.jpg", "A quay")


def test_all_faults_of_a_file_are_told_at_once_in_its_order(refuse: Refuse) -> None:
    faults = refuse("---\ntopic: x\ndate: 2026-13-01\nlanguage: english\ndraft: perhaps\n---\n<div>" + "<b>" * 100)

    assert [fault.split(": ")[0:2] for fault in faults] == [
        ["quay.md", "the text cannot be read"],
        ["quay.md:2", "topic"],
        ["quay.md:3", "date"],
        ["quay.md:4", "language"],
        ["quay.md:5", "draft"],
    ]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("topic: x", 'topic: there is no such field. Did you mean "topics"?'),
        ("Author: x", 'Author: there is no such field. Did you mean "author"?'),
        ("description: x", 'description: there is no such field. Did you mean "summary"?'),
        ("qqq: x", "qqq: there is no such field. The fields are title, summary, author,"),
        ("author: [Ada, Ben]", "author: a list stands where text belongs. Write one line of text."),
        ("author: {name: Ada}", "author: a table stands where text belongs."),
        ('author: "Ada\\r\\nBcc: ben@example.org"', "author: the text holds the control character U+000D."),
        ("author: " + "x" * 256, "author: the text has 256 characters; it may have 255. Shorten it."),
        ("topics: [" + "x" * 256 + "]", "topics: the text has 256 characters"),
        ("topics: [[a]]", "topics: something other than text is among the topics."),
        ('topics: ["a\\nb"]', "topics: the text holds the control character U+000A."),
        ("draft: perhaps", 'draft: "perhaps" is neither true nor false. Write draft: true, or leave it out.'),
        ("draft: 1", 'draft: "1" is neither true nor false.'),
        ("email: short", 'email: "short" is not a way to mail an article. Write "full" or "excerpt".'),
        ("slug: Tide Tables!", 'slug: "Tide Tables!" cannot stand in an address. Write "tide-tables".'),
        ("slug: ../secrets", 'slug: "../secrets" cannot stand in an address. Write "secrets".'),
        ("uid: a b", "uid: it holds a blank."),
        ("image: javascript:alert(1)", 'image: "javascript:alert(1)" is neither a file nor a web address.'),
        ("image: {alt: A quay}", "image: the image has no src. Write src: images/name.jpg."),
        ("image: {src: a.jpg, size: 3}", 'image: an image has no "size". Write src and alt.'),
        ("language: english", 'language: "english" is not a language tag. Write "en".'),
    ],
)
def test_a_wrong_field_is_told_with_its_line_and_what_to_do(refuse: Refuse, line: str, sentence: str) -> None:
    (fault,) = refuse(with_field(line))

    assert fault.startswith(f"quay.md:3: {sentence}")


@pytest.mark.parametrize(
    ("title", "sentence"),
    [
        ('"Tides\\r\\nBcc: ben@example.org"', "the title holds the control character U+000D. Write it on one line."),
        ('"Tides\\u0085out"', "the title holds the control character U+0085."),
        ('"Tides\\u2028out"', "the title holds the control character U+2028."),
        ('"  "', "the title is empty. Write one."),
        ("x" * 256, "the title has 256 characters; it may have 255. Shorten it."),
    ],
)
def test_a_title_that_cannot_be_a_subject_is_refused(refuse: Refuse, title: str, sentence: str) -> None:
    (fault,) = refuse(f"---\ntitle: {title}\n---\nText")

    assert fault.startswith(f"quay.md:2: title: {sentence}")


def test_names_at_the_limit_pass(read: Read) -> None:
    manuscript = read(f"---\ntitle: {'x' * 255}\nauthor: {'y' * 255}\ntopics: [{'z' * 255}]\n---\nText")

    assert (len(manuscript.title), len(manuscript.author), len(manuscript.topics[0])) == (255, 255, 255)


def test_an_option_with_a_header_in_it_is_refused(refuse: Refuse) -> None:
    assert refuse("Text", title="Tides\r\nBcc: ben@example.org") == [
        "quay.md: --title: the title holds the control character U+000D. Write it on one line."
    ]


def test_a_long_summary_is_cut_and_said_so(read: Read) -> None:
    manuscript = read(with_field("summary: " + "tide " * 60))

    assert len(manuscript.summary) <= 280
    assert manuscript.summary.endswith("tide…")
    assert [(each.code, each.place) for each in manuscript.findings if each.code == "summary-cut"] == [
        ("summary-cut", "quay.md:3")
    ]


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-12-01 08:00", "2026-12-01T07:00"),
        ('"2026-12-01T08:00"', "2026-12-01T07:00"),
        ("2026-12-01 08:00:30", "2026-12-01T07:00:30"),
        ("2026-07-01 08:00", "2026-07-01T06:00"),
        ("2026-12-01 08:00 America/New_York", "2026-12-01T13:00"),
        ("2026-12-01T08:00:00+03:00", "2026-12-01T05:00"),
        ("2026-12-01 08:00Z", "2026-12-01T08:00"),
        ('"2027-10-31 02:30+02:00"', "2027-10-31T00:30"),
    ],
)
def test_an_hour_to_come_is_a_moment_in_the_newsrooms_zone_unless_it_names_one(
    read: Read, written: str, moment: str
) -> None:
    manuscript = read(with_field(f"publish_at: {written}"), time_zone="Europe/Paris")

    assert manuscript.publish_at == datetime.fromisoformat(moment).replace(tzinfo=UTC)


def test_an_article_without_an_hour_to_come_has_none(read: Read) -> None:
    assert read(with_field("publish_at:")).publish_at is None
    assert read("---\ntitle: Quay\n---\nText.").publish_at is None


def test_an_hour_to_come_of_toml_is_the_same_moment(read: Read) -> None:
    source = '+++\ntitle = "Quay"\npublish_at = 2026-12-01 08:00:00\n+++\nText.'

    assert read(source, time_zone="Europe/Paris").publish_at == datetime(2026, 12, 1, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("publish_at: 2027-03-28 02:30", "publish_at: there is no 02:30 on 2027-03-28 in Europe/Paris: the clocks go"),
        ("publish_at: 2027-10-31 02:30", "publish_at: 02:30 comes twice on 2027-10-31 in Europe/Paris. Write 2027-10-"),
        ("publish_at: 2026-12-01", "publish_at: “2026-12-01” has no time. Write it as well: 2026-12-01 08:00."),
        ("publish_at: soon", "publish_at: “soon” is no moment."),
        ("publish_at: 2026-13-01 08:00", "publish_at: there is no day 2026-13-01."),
        ("publish_at: 2026-12-01 25:00", "publish_at: there is no time 25:00."),
        ("publish_at: [2026-12-01 08:00]", "publish_at: a list stands where text belongs."),
        ("publish_at: true", "publish_at: "),
        ("publish_at: 8", "publish_at: "),
        ("publishDate: 2026-12-01", 'publishDate: there is no such field. Did you mean "publish_at"?'),
        ("scheduled: 2026-12-01", 'scheduled: there is no such field. Did you mean "publish_at"?'),
    ],
)
def test_an_hour_to_come_that_cannot_be_meant_is_told_with_its_line(refuse: Refuse, line: str, sentence: str) -> None:
    (fault,) = refuse(with_field(line), time_zone="Europe/Paris")

    assert fault.startswith(f"quay.md:3: {sentence}")
