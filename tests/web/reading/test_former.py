"""Former addresses: 301 to where the article is, 410 where it was withdrawn."""

from __future__ import annotations

from typing import Any

import pytest

from newsletter.site import GONE, REDIRECTS
from newsletter.site.forwarding import gone_file, redirects_file

Browser = Any
Newsroom = Any


def forward(newsroom: Newsroom, *, moved: dict[str, str] | None = None, gone: tuple[str, ...] = ()) -> None:
    for name, content in ((REDIRECTS, redirects_file(moved or {})), (GONE, gone_file(gone))):
        new = newsroom.site_folder / f".{name}.new"
        new.write_bytes(content)
        new.replace(newsroom.site_folder / name)


@pytest.mark.parametrize(
    ("moved", "path", "location"),
    [
        ({"en/tides": "en/the-tide-tables"}, "/en/tides/", "../../en/the-tide-tables/"),
        ({"en/tides": "ar/جداول"}, "/en/tides/", "../../ar/%D8%AC%D8%AF%D8%A7%D9%88%D9%84/"),
        ({"ar/مد": "en/the-tide-tables"}, "/ar/%D9%85%D8%AF/", "../../en/the-tide-tables/"),
    ],
)
def test_former_address_leads_to_the_present_one(
    browser: Browser, newsroom: Newsroom, moved: dict[str, str], path: str, location: str
) -> None:
    forward(newsroom, moved=moved)

    response = browser.get(path)

    assert (response.status_code, response.headers["location"]) == (301, location)
    assert browser.get(path, follow_redirects=True).status_code == 200
    assert browser.get(path.rstrip("/"), follow_redirects=True).status_code == 200


def test_redirect_never_names_a_host(browser: Browser, newsroom: Newsroom) -> None:
    forward(newsroom, moved={"en/tides": "en/the-tide-tables"})

    for path in ("/en/tides/", "//en/tides/", "/en/tides/?next=//evil.example.com"):
        location = browser.get(path, headers={"Host": "localhost:1"}).headers.get("location", "../")
        assert location.startswith("../")


def test_redirect_wins_over_the_signpost_that_static_hosts_show(browser: Browser, newsroom: Newsroom) -> None:
    (newsroom.site_folder / "en/tides").mkdir()
    (newsroom.site_folder / "en/tides/index.html").write_text("This article has moved", "utf-8")
    forward(newsroom, moved={"en/tides": "en/the-tide-tables"})

    assert browser.get("/en/tides/").status_code == 301


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/en/gone/", "This article was withdrawn"),
        ("/fr/gone/", "Cet article a été retiré"),
        ("/ar/gone/", "سُحب هذا المقال"),
    ],
)
def test_withdrawn_article_is_gone_in_the_language_of_its_address(
    browser: Browser, newsroom: Newsroom, path: str, words: str
) -> None:
    forward(newsroom, gone=("en/gone", "fr/gone", "ar/gone"))

    response = browser.get(path)

    assert response.status_code == 410
    assert words in response.text
    assert browser.get("/en/never/").status_code == 404


def test_article_that_is_back_is_served_again(browser: Browser, newsroom: Newsroom) -> None:
    forward(newsroom, gone=("en/back",))
    assert browser.get("/en/back/").status_code == 410
    forward(newsroom)
    (newsroom.site_folder / "en/back").mkdir()
    (newsroom.site_folder / "en/back/index.html").write_text("<h1>back</h1>", "utf-8")

    assert browser.get("/en/back/").text == "<h1>back</h1>"


def test_article_that_leaves_after_it_was_read_is_forwarded(browser: Browser, newsroom: Newsroom) -> None:
    assert browser.get("/en/the-tide-tables/").status_code == 200
    forward(newsroom, moved={"en/the-tide-tables": "en/version-2.0"})
    (newsroom.site_folder / "en/the-tide-tables/index.html").unlink()

    assert browser.get("/en/the-tide-tables/").headers["location"] == "../../en/version-2.0/"


def test_the_lists_themselves_are_served_to_nobody(browser: Browser, newsroom: Newsroom) -> None:
    forward(newsroom, moved={"en/tides": "en/the-tide-tables"}, gone=("en/gone",))

    assert [browser.get(f"/{name}").status_code for name in (REDIRECTS, GONE)] == [404, 404]
