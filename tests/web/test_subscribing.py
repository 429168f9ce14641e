"""The sign-up form: one answer for every address, nothing written by a look, and nothing by a foreign page."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from newsletter.subscribers import Answer, SignUpForm

from .conftest import InMemoryNewsroom

FORM = "application/x-www-form-urlencoded"


def seal_in(page: str) -> str:
    found = re.search(r'name="seal" value="([^"]+)"', page)
    assert found
    return found[1]


def fill_in(browser: TestClient, newsroom: InMemoryNewsroom, *, after_s: int = 5, **fields: str | list[str]):
    """Open the form, wait, send it."""
    seal = seal_in(browser.get("/subscribe").text)
    newsroom.now += timedelta(seconds=after_s)
    return browser.post("/subscribe?lang=en", data={"seal": seal, "address": "ben@example.org", **fields})


def asked(newsroom: InMemoryNewsroom) -> list[SignUpForm]:
    return [act[1] for act in newsroom.readers.done if act[0] == "sign up" and isinstance(act[1], SignUpForm)]


def test_filled_in_form_is_taken_with_all_its_choices_and_the_sentence_shown(browser, newsroom) -> None:
    fields = {"rhythm": "weekly", "language": "fr", "hour": "7", "time_zone": "Asia/Beirut", "name": "Ben"}

    answer = fill_in(browser, newsroom, topics=["diplomacy"], **fields)

    (form,) = asked(newsroom)
    assert answer.status_code == 200
    assert "Now look into your mailbox" in answer.text
    assert (form.address, form.choices.rhythm, form.choices.topics) == ("ben@example.org", "weekly", ("diplomacy",))
    assert (form.choices.hour, form.choices.time_zone, form.choices.name) == ("7", "Asia/Beirut", "Ben")
    assert form.wording.startswith("With this button I agree to get The Harbour Post by email")
    assert form.wording in re.sub(r"\s+", " ", browser.get("/subscribe").text)


@pytest.mark.parametrize(("language", "word", "direction"), [("fr", "S’abonner", "ltr"), ("ar", "اشتراك", "rtl")])
def test_page_speaks_the_browsers_language(browser, language: str, word: str, direction: str) -> None:
    page = browser.get("/subscribe", headers={"Accept-Language": f"{language}, en;q=0.5"}).text

    assert word in page
    assert f'<html lang="{language}" dir="{direction}"' in page


@pytest.mark.parametrize(
    ("served", "offered"),
    [
        (("each", "weekly", "tides", "feed"), ["each", "weekly", "tides"]),
        # Nothing to choose from, so nothing is asked.
        (("each", "feed"), []),
    ],
)
def test_rhythms_on_offer_are_those_that_bring_mail_here(browser, newsroom, served, offered) -> None:
    newsroom.masthead = replace(newsroom.masthead, rhythms=served)

    page = browser.get("/subscribe?lang=en").text

    assert re.findall(r'name="rhythm" value="([^"]+)"', page) == offered
    assert ("How often" in page) is bool(offered)


def test_looking_writes_nothing(browser, newsroom) -> None:
    for path in ("/subscribe", "/subscribe?address=ben@example.org", "/subscribe/snippet"):
        browser.get(path)
        browser.head(path)

    assert newsroom.readers.done == []


def test_odd_address_is_said_at_the_field_and_all_that_was_typed_is_kept(browser, newsroom) -> None:
    newsroom.readers.answer = Answer.ODD_ADDRESS

    answer = fill_in(browser, newsroom, address='"><b>ben', name="Ben", rhythm="monthly")

    assert answer.status_code == 422
    assert 'aria-invalid="true" aria-describedby="address-fault"' in answer.text
    assert 'value="&#34;&gt;&lt;b&gt;ben"' in answer.text
    assert re.search(r'value="monthly" checked', answer.text)


def test_newsroom_that_is_asked_too_much_says_when_to_come_again(browser, newsroom) -> None:
    newsroom.readers.answer = Answer.TOO_MANY

    answer = fill_in(browser, newsroom)

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3600")


class TestSeal:
    """A POST without our page behind it shows the form, filled in, and writes nothing."""

    @pytest.mark.parametrize("seal", ["", "x", "0.0", "é.é", "6.".ljust(5_000, "f"), "-1.aa"])
    def test_form_pasted_into_another_site_leads_to_ours(self, browser, newsroom, seal: str) -> None:
        data = {"address": "ben@example.org", "seal": seal}

        answer = browser.post("/subscribe", data=data, headers={"Origin": "https://blog.example.com"})

        assert answer.status_code == 200
        assert 'value="ben@example.org"' in answer.text
        assert newsroom.readers.done == []

    @pytest.mark.parametrize("after_s", [0, 1, 24 * 3600 + 1])
    def test_form_that_is_too_fresh_or_too_old_is_asked_for_once_more(self, browser, newsroom, after_s: int) -> None:
        answer = fill_in(browser, newsroom, after_s=after_s)

        assert "Please look it over" in answer.text
        assert newsroom.readers.done == []

    @pytest.mark.parametrize(
        "headers",
        [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
    )
    def test_good_seal_does_not_help_a_foreign_page(self, browser, newsroom, headers: dict[str, str]) -> None:
        seal = seal_in(browser.get("/subscribe").text)
        newsroom.now += timedelta(seconds=5)

        browser.post("/subscribe", data={"seal": seal, "address": "ben@example.org"}, headers=headers)

        assert newsroom.readers.done == []

    @pytest.mark.parametrize("origin", ["null", "https://news.example.org", "http://localhost"])
    def test_our_own_page_is_believed_whatever_a_private_browser_says(self, browser, newsroom, origin: str) -> None:
        seal = seal_in(browser.get("/subscribe").text)
        newsroom.now += timedelta(seconds=5)

        browser.post("/subscribe", data={"seal": seal, "address": "ben@example.org"}, headers={"Origin": origin})

        assert len(asked(newsroom)) == 1

    def test_program_that_fills_the_hidden_field_is_answered_and_ignored(self, browser, newsroom) -> None:
        honest, robot = fill_in(browser, newsroom), fill_in(browser, newsroom, website="https://x.example")

        assert robot.text == honest.text
        assert len(asked(newsroom)) == 1


def test_s12_flood_from_one_neighbourhood_is_slowed_down(browser, newsroom) -> None:
    statuses = [fill_in(browser, newsroom, address=f"r{number}@example.org").status_code for number in range(30)]

    assert statuses == [200] * 10 + [429] * 20
    assert len(asked(newsroom)) == 10


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/json", ""])
def test_other_media_types_write_nothing(browser, newsroom, kind: str) -> None:
    answer = browser.post("/subscribe", content=b"address=ben%40example.org", headers={"Content-Type": kind})

    assert answer.status_code == 200
    assert newsroom.readers.done == []


def test_more_fields_than_the_form_has_are_refused(browser, newsroom) -> None:
    content = "&".join(f"f{number}=1" for number in range(60))

    answer = browser.post("/subscribe", content=content, headers={"Content-Type": FORM})

    assert (answer.status_code, newsroom.readers.done) == (400, [])


def test_snippet_leads_to_our_form_by_the_newsrooms_own_address(browser) -> None:
    page = browser.get("/subscribe/snippet").text

    assert "&lt;form action=&#34;https://news.example.org/subscribe?lang=en&#34; method=&#34;post&#34;" in page


def test_form_page_may_run_our_script_and_no_other(browser) -> None:
    answer = browser.get("/subscribe")
    script = browser.get(re.search(r'<script src="([^"]+)"', answer.text)[1])

    assert "script-src 'self';" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert script.headers["content-type"].startswith("text/javascript")
    assert "resolvedOptions().timeZone" in script.text
