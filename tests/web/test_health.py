"""What machines ask: ready or not, numbers for this machine only, and whom to write to."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from newsletter.errors import StoreBusy
from newsletter.web import create_app

from .conftest import TOKEN


def test_ready_says_what_is_broken_and_not_why(browser, newsroom) -> None:
    well = browser.get("/readyz")
    newsroom.faults = {"sender": "smtp.example.org refuses user news"}
    ill = browser.get("/readyz")

    assert (well.status_code, well.json()) == (200, {"database": "ok", "sender": "ok", "bell": "ok"})
    assert (ill.status_code, ill.json()) == (503, {"database": "ok", "sender": "broken", "bell": "ok"})
    assert "smtp" not in ill.text


def test_silent_bell_is_told_to_who_can_restart_the_process(browser, newsroom) -> None:
    well = browser.get("/healthz")
    newsroom.bell_fault = "The bell has been silent for 75 s:\nno schedule runs."
    ill, ready = browser.get("/healthz"), browser.get("/readyz")

    assert (well.status_code, well.text) == (200, "ok\n")
    assert (ill.status_code, ill.text) == (503, "The bell has been silent for 75 s: no schedule runs.\n")
    assert (ready.status_code, ready.json()["bell"]) == (503, "broken")


def test_heartbeat_asks_no_database(browser, newsroom) -> None:
    newsroom.failure = newsroom.readers.failure = StoreBusy("newsletter.db: another process holds the database.")

    assert browser.get("/healthz").status_code == 200


def test_metrics_count_editions_and_runs_and_the_owners_link_by_itself(browser) -> None:
    browser.get(f"/editions/stop/{TOKEN}")
    browser.get("/editions/e1/")

    text = browser.get("/metrics").text

    assert 'newsletter_editions{state="scheduled"} 1.0' in text
    assert 'newsletter_runs{state="released"} 4.0' in text
    assert 'newsletter_requests_total{route="stop",status="200"} 1.0' in text
    assert 'newsletter_requests_total{route="editions",status="200"} 1.0' in text
    assert TOKEN not in text


def test_metrics_count_requests_readers_and_notices_without_a_token(browser) -> None:
    browser.get(f"/u/{TOKEN}")
    browser.get("/en/the-tide-tables/")

    text = browser.get("/metrics").text

    assert 'newsletter_requests_total{route="u",status="200"} 1.0' in text
    assert 'newsletter_requests_total{route="page",status="200"} 1.0' in text
    assert 'newsletter_subscribers{state="active"} 3.0' in text
    assert TOKEN not in text


def test_metrics_are_for_this_machine_and_the_proxies(newsroom) -> None:
    app = create_app(newsroom, dev_inbox=False, trusted_proxies=["10.0.0.0/8"])

    def ask(client: str, **headers: str) -> int:
        with TestClient(app, base_url="http://localhost", client=(client, 1)) as browser:
            return browser.get("/metrics", headers=headers).status_code

    assert ask("127.0.0.1") == 200
    assert ask("10.1.2.3") == 200
    assert ask("192.0.2.7") == 404
    assert ask("10.1.2.3", **{"X-Forwarded-For": "192.0.2.7"}) == 404
    # Nobody outside can call themselves local.
    assert ask("192.0.2.7", **{"X-Forwarded-For": "127.0.0.1"}) == 404
    assert ask("10.1.2.3", **{"X-Forwarded-For": "127.0.0.1, 192.0.2.7"}) == 404


def test_security_txt_names_the_owner_and_ends(browser) -> None:
    text = browser.get("/.well-known/security.txt").text

    assert "Contact: mailto:owner@example.org\n" in text
    assert "Expires: 2027-05-23T00:00:00Z\n" in text
    assert "Canonical: https://news.example.org/.well-known/security.txt\n" in text


def test_every_answer_has_an_id_of_ours(browser) -> None:
    first, second = (browser.get("/healthz", headers={"X-Request-Id": "mine\u200b"[:4]}) for _ in range(2))

    assert len(first.headers["x-request-id"]) == 16
    assert first.headers["x-request-id"] != second.headers["x-request-id"] != "mine"


@pytest.mark.parametrize(
    "path", ["/subscribe", f"/c/{TOKEN}", f"/p/{TOKEN}", f"/u/{TOKEN}", f"/editions/stop/{TOKEN}", "/search?q=tide"]
)
def test_busy_database_is_never_a_server_fault(browser, newsroom, path: str) -> None:
    busy = StoreBusy("newsletter.db: another process holds the database.")
    newsroom.failure = newsroom.readers.failure = newsroom.owner.failure = busy

    assert browser.get(path).status_code in (200, 503)
