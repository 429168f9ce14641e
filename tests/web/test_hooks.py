"""Providers' hooks at the web door: what is answered when, and how much may be said."""

from __future__ import annotations

import pytest

from newsletter.errors import StoreBusy

from .conftest import InMemoryHooks


@pytest.fixture
def hooks(newsroom):
    """The hooks of a newsroom that has some; the browser is made afterwards."""

    newsroom.hooks = InMemoryHooks()
    return newsroom.hooks


def test_without_hooks_there_is_no_such_address(browser) -> None:
    assert browser.post("/hooks/ses", content=b"{}").status_code in (404, 405)


def test_a_report_is_handed_on_with_its_signature(hooks, browser) -> None:
    answer = browser.post("/hooks/ses", content=b'{"a": 1}', headers={"X-Signature": "s"})

    assert (answer.status_code, answer.text) == (200, "Received.\n")
    assert answer.headers["cache-control"] == "no-store"
    ((provider, headers, body),) = hooks.taken
    assert (provider, headers["x-signature"], body) == ("ses", "s", b'{"a": 1}')


def test_what_is_not_proven_is_refused(hooks, browser) -> None:
    hooks.status = 403

    assert browser.post("/hooks/ses", content=b"{}").status_code == 403


def test_a_busy_database_asks_to_be_told_again(hooks, browser) -> None:
    hooks.failure = StoreBusy("newsletter.db: another process holds the database.")

    answer = browser.post("/hooks/ses", content=b"{}")

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(("octets", "status"), [(1024 * 1024, 200), (1024 * 1024 + 1, 413)])
def test_a_report_may_hold_a_thousand_events_and_no_flood(hooks, browser, octets: int, status: int) -> None:
    assert browser.post("/hooks/ses", content=b"x" * octets).status_code == status


def test_forms_stay_small_beside_it(hooks, browser) -> None:
    assert browser.post("/subscribe", content=b"x" * 70_000).status_code == 413


def test_looking_at_a_hook_does_nothing(hooks, browser) -> None:
    assert browser.get("/hooks/ses").status_code == 404
    assert hooks.taken == []
