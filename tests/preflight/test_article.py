"""What keeps an article out of the feeds or off its page."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from newsletter.model import Output, Severity
from newsletter.preflight import check_article


@pytest.fixture
def check(article, now):
    def run(**changes):
        return check_article(replace(article, **changes), now=now)

    return run


def codes(findings):
    return [finding.code for finding in findings]


def test_nothing_is_found_in_a_sound_article(check):
    assert check() == ()


def test_all_faults_are_told_at_once(check):
    found = check(uid="17", url="/en/", language="", title="", body_html="", summary="", slug="")

    assert codes(found) == ["uid-shape", "url-relative", "language-shape", "title-empty", "body-empty", "slug-shape"]


@pytest.mark.parametrize("uid", ["tag:example.org,2026:1", "urn:uuid:0b6cf1a6", "https://old.example.org/?p=1"])
def test_an_absolute_uri_is_a_uid(check, uid):
    assert check(uid=uid) == ()


@pytest.mark.parametrize("uid", ["", "17", "tag: x", "1tag:x", "tag:", "tag:<x>"])
def test_anything_else_is_not(check, uid):
    (finding,) = check(uid=uid)

    assert (finding.code, finding.output) == ("uid-shape", Output.FEED)


@pytest.mark.parametrize("field", ["published_at", "updated_at"])
def test_a_date_after_the_hour_of_publication_is_an_error(check, now, field):
    assert codes(check(**{field: now + timedelta(seconds=1)})) == ["date-in-future"]
    assert codes(check(**{field: now})) == []


def test_a_date_without_a_zone_is_an_error(check):
    assert codes(check(published_at=datetime(2026, 11, 24))) == ["date-shape"]  # noqa: DTZ001  # that is the fault


@pytest.mark.parametrize("slug", ["tides", "tides-2026", "marée-haute", "أخبار-الميناء", "a" * 240])
def test_a_slug_of_any_script_is_sound(check, slug):
    assert check(slug=slug) == ()


@pytest.mark.parametrize(
    "slug", ["", "Tides", "a/b", "..", "a--b", "-a", "a b", "a\x00", "a_b", ".a", "a" * 241, "%2e"]
)
def test_a_slug_that_is_no_folder_name_keeps_the_page_home(check, slug):
    (finding,) = check(slug=slug)

    assert (finding.code, finding.output, finding.severity) == ("slug-shape", Output.PAGE, Severity.ERROR)


@pytest.mark.parametrize(
    "html",
    [
        '<a href="/x">a</a>',
        '<a href="#x">a</a>',
        '<img src="/x">',
        '<video poster="/x"></video>',
        '<blockquote cite="/x">a</blockquote>',
        '<img srcset="https://example.org/a.png 1x, /x 2x">',
    ],
)
def test_a_relative_address_keeps_the_feed_home(check, html):
    (finding,) = check(body_html=html)

    assert (finding.code, finding.output) == ("url-relative", Output.FEED)
    assert finding.place.endswith("x")


@pytest.mark.parametrize("url", ["https://example.org", "http://example.org/", "mailto:a@example.org", "tel:+331"])
def test_an_absolute_address_is_sound(check, url):
    assert check(body_html=f'<a href="{url}">a</a>') == ()


@pytest.mark.parametrize(
    "html", ["<script>x</script>", "<p onload=x>a</p>", "<object></object>", "<link rel=x>", "<meta>", "<input>"]
)
def test_active_content_keeps_everything_home(check, html):
    (finding,) = check(body_html=f"a{html}")

    assert (finding.code, finding.output, finding.severity) == ("active-content", Output.ALL, Severity.ERROR)


@pytest.mark.parametrize("field", ["title", "summary", "author", "body_html"])
def test_control_characters_are_a_warning(check, field):
    (finding,) = check(**{field: "a\x0bb"})

    assert (finding.code, finding.severity) == ("control-characters", Severity.WARNING)
