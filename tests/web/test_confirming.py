"""The link in a notice: looking does nothing, the button does it, twice is fine, and late is too late."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.errors import StoreBusy
from newsletter.subscribers import ConfirmationKind, ConfirmationState

from .conftest import TOKEN
from .test_subscribing import seal_in

LINK = f"/c/{TOKEN}"
SCANNERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120 Safari/537.36",
    "Barracuda Sentinel (EE)",
    "Mimecast",
    "Proofpoint URL Defense",
    "GoogleImageProxy",
    "curl/8.5.0",
)


def press(browser, link: str = LINK, **headers: str):
    return browser.post(link, data={"seal": seal_in(browser.get(link).text)}, headers=headers)


@pytest.mark.parametrize("link", [LINK, f"/u/{TOKEN}", f"/p/{TOKEN}", f"/u/{TOKEN}/return"])
@pytest.mark.parametrize("agent", SCANNERS)
def test_s13_get_never_writes(browser, newsroom, link: str, agent: str) -> None:
    for _ in range(25):
        browser.get(link, headers={"User-Agent": agent})
        browser.head(link, headers={"User-Agent": agent})

    assert newsroom.readers.done == []


@pytest.mark.parametrize("kind", ConfirmationKind)
def test_button_confirms_and_leads_to_the_choices(browser, newsroom, kind: ConfirmationKind) -> None:
    newsroom.readers.confirmations[TOKEN] = replace(newsroom.readers.confirmations[TOKEN], kind=kind)

    answer = press(browser)

    assert answer.status_code == 200
    assert newsroom.readers.done == [("confirm", TOKEN)]
    assert f'href="/p/{TOKEN}"' in answer.text


def test_second_press_says_the_same(browser) -> None:
    seal = seal_in(browser.get(LINK).text)

    first, second = (browser.post(LINK, data={"seal": seal}) for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.text == second.text


def test_link_that_is_too_old_says_so_and_leads_to_the_form(browser, newsroom) -> None:
    old = replace(newsroom.readers.confirmations[TOKEN], state=ConfirmationState.EXPIRED)
    newsroom.readers.confirmations[TOKEN] = old

    page = browser.get(LINK).text

    assert "This link is too old" in page
    assert 'href="/subscribe?lang=en"' in page


@pytest.mark.parametrize("token", ["A" * 26, "x", "a" * 500, "%00", TOKEN[:-1] + "A", "é" * 26])
def test_s14_link_nobody_has_gets_a_neutral_page(browser, newsroom, token: str) -> None:
    answer = browser.get(f"/c/{token}")

    assert answer.status_code in (400, 404)
    assert newsroom.readers.done == []


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Content-Type": "text/plain"}]
)
@pytest.mark.parametrize("link", [LINK, f"/p/{TOKEN}", f"/u/{TOKEN}/return"])
def test_s7_forms_of_other_sites_do_nothing(browser, newsroom, link: str, headers: dict[str, str]) -> None:
    answer = browser.post(link, content=b"wish=erase&sure=yes", headers={"Content-Type": FORM_TYPE, **headers})

    assert answer.status_code == 403
    assert newsroom.readers.done == []


FORM_TYPE = "application/x-www-form-urlencoded"


def test_seal_of_one_link_opens_no_other(browser, newsroom) -> None:
    seal = seal_in(browser.get(f"/p/{TOKEN}").text)

    answer = browser.post(LINK, data={"seal": seal})

    assert (answer.status_code, newsroom.readers.done) == (403, [])


def test_page_left_open_for_a_day_is_opened_again(browser, newsroom) -> None:
    seal = seal_in(browser.get(LINK).text)
    newsroom.now += timedelta(hours=25)

    answer = browser.post(LINK, data={"seal": seal})

    assert (answer.status_code, newsroom.readers.done) == (403, [])
    assert f'href="/c/{TOKEN}"' in answer.text


def test_busy_database_is_a_sentence_and_a_time(browser, newsroom) -> None:
    newsroom.readers.failure = StoreBusy("newsletter.db: another process holds the database.")

    answer = browser.get(LINK)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "newsletter.db" not in answer.text
