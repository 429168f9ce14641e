"""The page behind the preferences link: each wish is one button, and says what it did."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.model import SubscriberState
from newsletter.subscribers import Answer, Choices

from .conftest import TOKEN
from .test_subscribing import seal_in

LINK = f"/p/{TOKEN}"


def wish(browser, what: str, **fields: str | list[str]):
    return browser.post(LINK, data={"seal": seal_in(browser.get(LINK).text), "wish": what, **fields})


def test_page_shows_what_was_chosen_and_the_masked_address(browser, newsroom) -> None:
    view = newsroom.readers.choosers[TOKEN]
    newsroom.readers.choosers[TOKEN] = replace(view, rhythm="weekly", topics=("diplomacy",), hour=7)

    answer = browser.get(LINK)

    assert 'value="weekly" checked' in answer.text
    assert 'value="diplomacy" aria-describedby="all-topics" checked' in answer.text
    assert '<option value="7" selected>07:00' in answer.text
    assert "@example.org" in answer.text
    assert "ada@" not in answer.text.replace("ada@example.org.", "")
    assert (answer.headers["cache-control"], answer.headers["x-robots-tag"]) == ("no-store", "noindex")


def test_saving_keeps_all_choices_and_speaks_the_new_language(browser, newsroom) -> None:
    fields = {"rhythm": "feed", "language": "fr", "hour": "", "name": "", "time_zone": "UTC"}

    answer = wish(browser, "save", topics=["diplomacy"], **fields)

    expected = Choices(name="", language="fr", time_zone="UTC", rhythm="feed", hour="", topics=("diplomacy",))
    assert newsroom.readers.done == [("save", TOKEN, expected)]
    assert "Enregistré." in answer.text


def rhythms_in(page: str) -> list[str]:
    return re.findall(r'name="rhythm" value="([^"]+)"', page)


def test_rhythms_are_those_served_and_the_one_the_reader_has(browser, newsroom) -> None:
    newsroom.masthead = replace(newsroom.masthead, rhythms=("each", "weekly", "tides", "feed"))
    served = browser.get(LINK).text
    newsroom.readers.choosers[TOKEN] = replace(newsroom.readers.choosers[TOKEN], rhythm="monthly")

    old = browser.get(LINK).text

    assert rhythms_in(served) == ["each", "weekly", "tides", "feed"]
    assert "Once a week, what is new" in served
    assert "<span>\u2068tides\u2069</span>" in served
    assert rhythms_in(old) == ["each", "weekly", "tides", "feed", "monthly"]
    assert 'value="monthly" checked' in old


def test_odd_choice_is_said_and_nothing_changes(browser, newsroom) -> None:
    newsroom.readers.answer = Answer.ODD_CHOICE

    answer = wish(browser, "save", rhythm="hourly")

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize(
    ("fields", "done"), [({"weeks": "3"}, (3, False)), ({"weeks": "2", "catch_up": "yes"}, (2, True))]
)
def test_pause_lasts_as_long_as_chosen(browser, newsroom, fields: dict[str, str], done: tuple[int, bool]) -> None:
    wish(browser, "pause", **fields)

    assert newsroom.readers.done == [("pause", TOKEN, *done)]


@pytest.mark.parametrize("weeks", ["", "-1", "5", "999999", "٣", "two"])
def test_pause_of_no_length_we_offer_does_nothing(browser, newsroom, weeks: str) -> None:
    assert wish(browser, "pause", weeks=weeks).status_code == 422
    assert newsroom.readers.done == []


def test_running_pause_is_shown_with_its_end_and_can_be_ended(browser, newsroom) -> None:
    until = newsroom.now + timedelta(weeks=3)
    newsroom.readers.choosers[TOKEN] = replace(newsroom.readers.choosers[TOKEN], paused_until=until, catch_up=True)

    page = browser.get(LINK).text
    wish(browser, "pause", weeks="0")

    assert "Nothing comes before December 15, 2026. What you miss is kept for you." in page
    assert newsroom.readers.done == [("pause", TOKEN, 0, False)]


@pytest.mark.parametrize(("answer", "status"), [(Answer.TAKEN, 200), (Answer.ODD_ADDRESS, 422), (Answer.TOO_MANY, 429)])
def test_another_address_is_asked_for(browser, newsroom, answer: Answer, status: int) -> None:
    newsroom.readers.answer = answer

    assert wish(browser, "address", address="ada@example.com").status_code == status
    assert newsroom.readers.done == [("address", TOKEN, "ada@example.com")]


def test_data_come_as_a_file_that_nobody_keeps(browser) -> None:
    answer = wish(browser, "data")

    assert answer.json() == {"subscriber": {}}
    assert answer.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    assert answer.headers["cache-control"] == "no-store"


def test_forgetting_needs_the_box_to_be_ticked(browser, newsroom) -> None:
    refused = wish(browser, "erase")
    done = wish(browser, "erase", sure="yes")

    assert (refused.status_code, done.status_code) == (422, 200)
    assert newsroom.readers.done == [("erase", TOKEN)]
    assert "You are forgotten" in done.text


@pytest.mark.parametrize("state", [state for state in SubscriberState if state is not SubscriberState.ACTIVE])
def test_reader_who_is_not_active_gets_the_neutral_page(browser, newsroom, state: SubscriberState) -> None:
    newsroom.readers.choosers[TOKEN] = replace(newsroom.readers.choosers[TOKEN], state=state)

    assert browser.get(LINK).status_code == 404


def test_name_with_markup_is_shown_as_text(browser, newsroom) -> None:
    view = replace(newsroom.readers.choosers[TOKEN], name='"><script>alert(1)</script>')
    newsroom.readers.choosers[TOKEN] = view

    assert "<script>alert" not in browser.get(LINK).text


def test_unknown_wish_does_nothing(browser, newsroom) -> None:
    assert wish(browser, "become admin").status_code == 200
    assert newsroom.readers.done == []


def test_undo_after_leaving_is_asked_at_the_mailbox(browser, newsroom) -> None:
    page = browser.post(f"/u/{TOKEN}").text

    answer = browser.post(f"/u/{TOKEN}/return", data={"seal": seal_in(page)})

    assert newsroom.readers.done == [("unsubscribe", TOKEN, "page"), ("return", TOKEN)]
    assert "A message is on its way to" in answer.text
