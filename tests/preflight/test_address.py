"""The site's address, before mail with links to it leaves the machine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from newsletter.model import Output, Severity
from newsletter.preflight import check_address_of_site


@pytest.fixture
def check(masthead):
    def run(base_url, kind="smtp"):
        return [
            (finding.code, finding.severity, finding.output)
            for finding in check_address_of_site(replace(masthead, base_url=base_url), transport_kind=kind)
        ]

    return run


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000",
        "http://127.0.0.1",
        "http://[::1]:8000",
        "https://192.168.1.7",
        "https://169.254.169.254",
        "https://0.0.0.0",
        "https://news.example.org",
        "https://EXAMPLE.COM.",
        "https://news.invalid",
        "https://news.test",
        "https://printer.local",
        "https://intranet",
        "https://",
        "news.harbourpost.eu",
        "",
    ],
)
def test_an_address_that_works_nowhere_else_is_an_error_for_mail(check, url):
    assert check(url) == [("base-url-not-public", Severity.ERROR, Output.MAIL)]


@pytest.mark.parametrize(
    "url", ["https://news.harbourpost.eu", "https://myexample.org", "https://8.8.8.8", "https://x.test.eu"]
)
def test_a_public_address_is_sound(check, url):
    assert check(url) == []


@pytest.mark.parametrize("kind", ["maildir", "memory"])
def test_mail_that_stays_here_may_link_to_here(check, kind):
    assert check("http://localhost:8000", kind) == []


def test_a_public_address_without_https_is_a_warning(check):
    assert check("http://news.harbourpost.eu") == [("base-url-not-https", Severity.WARNING, Output.MAIL)]
