"""What readers of feeds are told of corrections: a last paragraph of the full text, in its language."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import feedparser
import pytest

from newsletter.model import Change

HERE = Path(__file__).parent


@pytest.fixture
def corrected(article, now):
    """The tide tables, corrected twice in the days after."""
    changes = (
        Change(at=now + timedelta(days=1), note="The tide of 3 March is at 04:10."),
        Change(at=now + timedelta(days=2), note="The harbour office is in Quay Street."),
    )
    return replace(article, changes=changes, updated_at=changes[-1].at)


def bodies(feed):
    rss = feed.in_rss("channel/item/content:encoded/text()")
    assert rss == feed.in_atom("a:entry/a:content/text()") == [item["content_html"] for item in feed.json["items"]]
    return rss


def test_corrections_close_the_full_text_oldest_first(publish, corrected):
    (body,) = bodies(publish(corrected))

    assert body == (
        f"{corrected.body_html}"
        "<p><em>Changed on November 25, 2026: The tide of 3 March is at 04:10.</em></p>"
        "<p><em>Changed on November 26, 2026: The harbour office is in Quay Street.</em></p>"
    )


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("fr", "Modifié le 25 novembre 2026 : The tide of 3 March is at 04:10."),
        ("ar", "عُدِّل في 25 نوفمبر 2026: The tide of 3 March is at 04:10."),
    ],
)
def test_they_are_told_in_the_language_of_the_article(publish, corrected, language, sentence):
    (body,) = bodies(publish(replace(corrected, language=language)))

    assert f"<p><em>{sentence}</em></p>" in body


def test_in_a_text_from_right_to_left_they_run_with_it(publish, corrected):
    (body,) = bodies(publish(replace(corrected, language="ar")))

    assert body.startswith('<div dir="rtl" lang="ar">')
    assert body.endswith("</em></p></div>")


def test_the_day_is_that_of_the_newsrooms_clock(publish, article, now):
    late = replace(article, changes=(Change(at=now.replace(hour=23, minute=30), note="A word."),))

    assert "November 24, 2026" in bodies(publish(late))[0]
    assert "November 25, 2026" in bodies(publish(late, time_zone="Europe/Paris"))[0]


def test_markup_in_a_note_is_text_and_braces_are_nothing_special(publish, article, now):
    note = "<script>alert(1)</script> {date} {0} & \x00\r\n more"
    (body,) = bodies(publish(replace(article, changes=(Change(at=now, note=note),))))

    sentence = "&lt;script&gt;alert(1)&lt;/script&gt; {date} {0} &amp; more"
    assert body.endswith(f"<p><em>Changed on November 24, 2026: {sentence}</em></p>")


def test_an_empty_note_says_nothing(publish, article, now):
    feed = publish(replace(article, changes=(Change(at=now, note=" \x00\n"),)))

    assert feed.feeds == publish(article).feeds


def test_a_text_too_long_for_a_feed_keeps_its_corrections(publish, corrected):
    (body,) = bodies(publish(replace(corrected, body_html="<p>wave</p>" * 90_000)))

    assert body.startswith(f"<p>{corrected.summary}</p><p><em>Changed on")


def test_a_correction_moves_the_last_change_and_not_the_summary(publish, corrected, article):
    feed = publish(corrected)

    assert feed.in_atom("a:updated/text()") == ["2026-11-26T09:00:00+00:00"]
    assert feed.json["items"][0]["summary"] == article.summary


def test_corrections_survive_a_reader_that_sanitises_and_are_valid(publish, corrected, external_tool, tmp_path):
    feed = publish(corrected)
    path = tmp_path / "corrected.atom"
    path.write_bytes(feed.feeds.atom)

    judged = subprocess.run([external_tool("jing"), "-c", HERE / "atom.rnc", path], capture_output=True, text=True)

    assert (judged.stdout, judged.returncode) == ("", 0)
    for data in (feed.feeds.rss, feed.feeds.atom):
        assert feedparser.parse(data).entries[0].content[0].value == bodies(feed)[0]
