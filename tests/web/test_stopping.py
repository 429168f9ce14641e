"""The owner's link in a notice: looking does nothing, the button stops the edition, twice is fine, late is too late."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.errors import StoreBusy
from newsletter.model import EditionState

from .conftest import TOKEN
from .test_confirming import FORM_TYPE, SCANNERS
from .test_subscribing import seal_in

LINK = f"/editions/stop/{TOKEN}"
BUTTON = ">Stop this edition</button>"


def press(browser, **headers: str):
    return browser.post(LINK, data={"seal": seal_in(browser.get(LINK).text)}, headers=headers)


def turn(newsroom, **values: object) -> None:
    """Change the edition that waits behind the link."""
    waiting = newsroom.owner.waiting
    waiting[TOKEN] = replace(waiting[TOKEN], **values)


def test_page_names_the_edition_and_its_hour_in_the_newsrooms_zone_with_one_button(browser, newsroom) -> None:
    turn(newsroom, at=newsroom.now.replace(month=12, day=1, hour=23, minute=30))

    page = browser.get(LINK).text

    assert "The Harbour Post, November 24" in page
    assert "goes out on December 2, 2026 at 00:30 (\u2068Europe/Paris\u2069)" in page
    assert page.count("<form") == page.count("<button") == 1
    assert f'<form method="post" action="{LINK}">' in page


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("agent", SCANNERS)
def test_s13_link_scanner_stops_no_edition(browser, newsroom, method: str, agent: str) -> None:
    before = dict(newsroom.owner.waiting)

    for _ in range(25):
        assert browser.request(method, LINK, headers={"User-Agent": agent}).status_code == 200

    assert newsroom.owner.done == []
    assert newsroom.owner.waiting == before


def test_button_stops_the_edition_and_says_that_nobody_gets_it(browser, newsroom) -> None:
    answer = press(browser)

    assert answer.status_code == 200
    assert newsroom.owner.done == [TOKEN]
    assert "This edition is stopped" in answer.text
    assert "Nobody gets “\u2068The Harbour Post, November 24\u2069”." in answer.text
    assert "stay unpublished" in answer.text
    assert "<form" not in answer.text


def test_second_press_says_the_same(browser) -> None:
    seal = seal_in(browser.get(LINK).text)

    first, second = (browser.post(LINK, data={"seal": seal}) for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.text == second.text


def test_press_that_comes_too_late_says_that_it_had_gone_out(browser, newsroom) -> None:
    seal = seal_in(browser.get(LINK).text)
    turn(newsroom, state=EditionState.SENT, at=None)

    answer = browser.post(LINK, data={"seal": seal})

    assert answer.status_code == 200
    assert "This edition has gone out" in answer.text
    assert "cannot be stopped any more" in answer.text


@pytest.mark.parametrize("state", EditionState)
@pytest.mark.parametrize("is_out", [False, True])
def test_button_stands_where_something_can_still_be_stopped(browser, newsroom, state, is_out: bool) -> None:
    turn(newsroom, state=state, **({"at": None} if is_out else {}))

    page = browser.get(LINK)

    over = {EditionState.SENT, EditionState.CANCELLED, EditionState.DRAFT}
    assert page.status_code == 200
    assert (BUTTON in page.text) is (state not in over)


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (EditionState.SENDING, "is being sent."),
        (EditionState.PAUSED, "is paused, and goes out when somebody lets it go on."),
        (EditionState.HELD, "is held, and goes out only when somebody lets it go."),
    ],
)
def test_page_says_how_the_edition_is(browser, newsroom, state: EditionState, sentence: str) -> None:
    turn(newsroom, state=state)

    assert sentence in browser.get(LINK).text


def test_edition_whose_hour_has_come_is_said_to_go_out_at_any_moment(browser, newsroom) -> None:
    turn(newsroom, at=newsroom.now - timedelta(seconds=1))

    page = browser.get(LINK).text

    assert "is due, and goes out at any moment." in page
    assert BUTTON in page


def test_readers_who_have_it_already_are_spoken_of(browser, newsroom) -> None:
    turn(newsroom, state=EditionState.SENDING, at=None)

    asked, stopped = browser.get(LINK).text, press(browser).text

    assert "nobody else gets it. Who has it already keeps it." in asked
    assert "already keeps it; nobody else gets it." in stopped
    assert "Nobody gets" not in stopped


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Stop this edition?"), ("fr", "Arrêter cette édition ?"), ("ar", "هل تريد إيقاف")]
)
def test_page_speaks_the_newsrooms_language_whatever_the_browser_wants(browser, newsroom, language, title) -> None:
    newsroom.masthead = replace(newsroom.masthead, language=language)

    page = browser.get(LINK, headers={"Accept-Language": "en" if language == "fr" else "fr"}).text

    assert title in page
    assert f'<html lang="{language}"' in page


@pytest.mark.parametrize(
    "token",
    [TOKEN[:-1] + "A", TOKEN.lower(), "x", "A" * 500, "", f"{TOKEN}/x", f"/{TOKEN}", "<script>alert(1)</script>"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unknown_token_gets_the_page_of_every_unknown_token(browser, newsroom, method: str, token: str) -> None:
    answer = browser.request(method, f"/editions/stop/{token}")

    assert answer.status_code == 404
    assert newsroom.owner.done == []
    assert answer.text == browser.get("/u/" + "z" * 26).text


def test_slash_at_the_end_changes_nothing(browser) -> None:
    assert browser.get(f"{LINK}/").status_code == 200


def test_editions_own_pages_are_still_served(browser) -> None:
    assert browser.get("/editions/e1/").text == "<h1>edition</h1>"
    assert browser.get("/editions/stop").status_code == 404


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Content-Type": "text/plain"}]
)
def test_s7_forms_of_other_sites_stop_nothing(browser, newsroom, headers: dict[str, str]) -> None:
    seal = seal_in(browser.get(LINK).text)

    answer = browser.post(LINK, content=f"seal={seal}", headers={"Content-Type": FORM_TYPE, **headers})

    assert (answer.status_code, newsroom.owner.done) == (403, [])
    assert f'href="{LINK}"' in answer.text


@pytest.mark.parametrize("data", [{}, {"seal": ""}, {"seal": "0.0"}])
def test_post_without_a_seal_stops_nothing(browser, newsroom, data: dict[str, str]) -> None:
    answer = browser.post(LINK, data=data, headers={"Content-Type": FORM_TYPE})

    assert (answer.status_code, newsroom.owner.done) == (403, [])


def test_seal_of_another_link_stops_nothing(browser, newsroom) -> None:
    seal = seal_in(browser.get(f"/c/{TOKEN}").text)

    answer = browser.post(LINK, data={"seal": seal})

    assert (answer.status_code, newsroom.owner.done) == (403, [])


def test_too_many_presses_from_one_network_are_slowed_down(browser, newsroom) -> None:
    seal = seal_in(browser.get(LINK).text)

    statuses = [browser.post(LINK, data={"seal": seal}).status_code for _ in range(61)]

    assert statuses == [200] * 60 + [429]
    assert len(newsroom.owner.done) == 60


def test_page_is_personal(browser) -> None:
    for answer in (browser.get(LINK), press(browser), browser.get("/editions/stop/" + "z" * 26)):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex"
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_broken_theme_keeps_nobody_from_stopping_it(browser, newsroom) -> None:
    newsroom.templates = {**newsroom.templates, "pages/message.html": "{{ nonsense }}"}

    answer = press(browser)

    assert (answer.status_code, newsroom.owner.done) == (200, [TOKEN])


def test_markup_in_a_subject_is_text(browser, newsroom) -> None:
    turn(newsroom, subject="<img src=x onerror=alert(1)> {zone}")

    page = browser.get(LINK).text

    assert "&lt;img src=x onerror=alert(1)&gt; {zone}" in page


def test_busy_database_is_a_sentence_and_a_time(browser, newsroom) -> None:
    newsroom.owner.failure = StoreBusy("newsletter.db: another process holds the database.")

    answer = browser.get(LINK)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "newsletter.db" not in answer.text


def test_token_is_not_in_the_log(browser, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    press(browser)
    browser.get(f"/Editions/Stop/{TOKEN}?x={TOKEN}")
    browser.get(f"/editions//stop/{TOKEN}")

    ours = "\n".join(each.getMessage() for each in caplog.records if each.name.startswith("newsletter"))

    assert "POST /editions/stop/… 200" in ours
    assert TOKEN not in ours
