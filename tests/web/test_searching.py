"""The search as a visitor meets it: the real index behind a small app."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import lxml.html
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml.html import HtmlElement
from starlette.applications import Starlette
from starlette.routing import Route

from newsletter import site
from newsletter.errors import StoreBusy
from newsletter.model import Masthead
from newsletter.site import Found, Question, renew_index
from newsletter.store import Store
from newsletter.store.articles import RevisionContent, add_publication, add_revision, insert_article
from newsletter.store.tables import metadata
from newsletter.web.searching import search_endpoint

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient


@dataclass(slots=True)
class SearchedNewsroom:
    """As much of the desk as the search needs, over a real store."""

    masthead: Masthead
    templates: Mapping[str, str]
    store: Store
    failure: Exception | None = None

    def search(self, words: str, *, language: str | None, page: int, length: int) -> Found:
        if self.failure:
            raise self.failure
        question = Question(words=words, language=language, page=page, length=length)
        return site.search_articles(self.store, self.masthead, question)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """45 articles about tides in English, one in French, one in Arabic."""
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('search')}/newsletter.db")
    metadata.create_all(store.engine)
    now = datetime.fromisoformat("2026-11-24T09:00:00+00:00")
    titles = [("en", f"tide-{n}", f"The tide of day {n}", n) for n in range(45)]
    titles += [("fr", "marees", "Les grandes marées", 0), ("ar", "madina", "أخبارُ المدينة", 0)]
    with store.writing() as connection:
        for language, slug, title, days in titles:
            at = now - timedelta(days=days)
            values = {"uid": f"tag:{slug}", "group_uid": f"tag:{slug}", "source_path": None, "source_hash": slug}
            values |= {"slug": slug, "language": language, "first_published_at": at, "updated_at": at}
            article_id = insert_article(connection, **values)
            content = RevisionContent(
                title=title,
                summary=f"<b>Summary</b> of {slug}",
                author="",
                body_html="<p>Water rises &amp; falls.</p>",
                meta={},
                source_hash=slug,
                topics=(),
                significant=False,
            )
            revision_id = add_revision(connection, article_id, content, now=at)
            add_publication(connection, (article_id, revision_id), kind="publish", mail=True, now=at)
    renew_index(store)
    yield store
    store.close()


@pytest.fixture
def newsroom(masthead: Masthead, templates: Mapping[str, str], store: Store) -> SearchedNewsroom:
    return SearchedNewsroom(masthead=masthead, templates=templates, store=store)


@pytest.fixture
def browser(newsroom: SearchedNewsroom) -> Iterator[TestClient]:
    app = Starlette(routes=[Route("/search", search_endpoint(newsroom))])
    with TestClient(app, base_url="http://localhost") as browser:
        yield browser


def tree(text: str) -> HtmlElement:
    return lxml.html.document_fromstring(text)


def test_search_page_without_a_question_is_a_form(browser: TestClient) -> None:
    answer = browser.get("/search")

    root = tree(answer.text)
    assert answer.status_code == 200
    assert root.xpath("//form[@role='search']/@method") == ["get"]
    assert root.xpath("//label/@for") == root.xpath("//input[@type='search']/@id") == ["q"]
    assert root.xpath("//*[@role='status'] | //ol") == []


def test_answer_is_kept_by_nobody_and_found_by_no_search_engine(browser: TestClient) -> None:
    answer = browser.get("/search?q=tide")

    assert (answer.headers["cache-control"], answer.headers["x-robots-tag"]) == ("no-store", "noindex")
    assert tree(answer.text).xpath("//meta[@name='robots']/@content") == ["noindex"]


def test_found_articles_come_with_date_summary_and_number(browser: TestClient) -> None:
    root = tree(browser.get("/search?q=tide&lang=en").text)

    assert root.xpath("//*[@role='status']/text()") == ["45 articles found"]
    first = root.xpath("//ol[@class='entries']/li")[0]
    assert first.xpath(".//h2/a/@href") == ["/en/tide-0/"]
    assert first.xpath(".//time/text()") == ["November 24, 2026"]
    assert first.xpath(".//p[@class='summary']/text()") == ["<b>Summary</b> of tide-0"]
    assert len(root.xpath("//ol[@class='entries']/li")) == 20


def test_pages_lead_on_until_all_are_seen(browser: TestClient) -> None:
    seen: list[str] = []
    path = "/search?q=tide&lang=en"
    turned = 0
    while path:
        root = tree(browser.get(path).text)
        seen += root.xpath("//ol[@class='entries']//h2/a/@href")
        path = "".join(root.xpath("//nav[@class='pager']/a[@rel='next']/@href"))
        turned += 1

    assert turned == 3
    assert sorted(seen) == sorted(f"/en/tide-{number}/" for number in range(45))


@pytest.mark.parametrize("page", ["0", "-1", "9999999999999999999", "x", "", "999", "٣", "1e3"])
def test_odd_page_number_is_an_ordinary_answer(page: str, browser: TestClient) -> None:
    answer = browser.get("/search", params={"q": "tide", "page": page})

    assert answer.status_code == 200
    assert tree(answer.text).xpath("//*[@role='status']/text()") == ["45 articles found"]


def test_page_is_in_the_language_asked_for_else_in_the_browsers(browser: TestClient) -> None:
    french = {"Accept-Language": "fr-CA,en;q=0.5"}

    assert tree(browser.get("/search?lang=ar", headers=french).text).get("dir") == "rtl"
    assert tree(browser.get("/search", headers=french).text).get("lang") == "fr"
    assert tree(browser.get("/search?lang=xx", headers=french).text).get("lang") == "fr"


def test_what_stands_only_in_another_language_is_found_and_said_so(browser: TestClient) -> None:
    root = tree(browser.get("/search?q=المدينة&lang=en").text)

    assert root.xpath("//ol[@class='entries']//article/@lang") == ["ar"]
    assert root.xpath("//p[@class='found']/text()")[0] == "Nothing in this language. In other languages:"


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "0 articles found"), ("fr", "0 article trouvé"), ("ar", "لم يُعثر على أي مقال")],
)
def test_nothing_found_says_so_with_advice(language: str, sentence: str, browser: TestClient) -> None:
    root = tree(browser.get(f"/search?q=nowhere&lang={language}").text)

    assert root.xpath("//*[@role='status']/text()") == [sentence]
    assert root.xpath("//ol | //nav[@class='pager']") == []
    assert len(root.xpath("//main/p")) == 2


def test_question_is_cut_and_stays_text(browser: TestClient) -> None:
    root = tree(browser.get("/search", params={"q": '"><script>alert(1)</script>' + "x" * 50_000}).text)

    (shown,) = root.xpath("//input[@type='search']/@value")
    assert len(shown) == 200
    assert shown.startswith('"><script>')
    assert root.xpath("//script") == []


def test_busy_database_gets_a_sentence_and_a_time_to_come_back(browser: TestClient, newsroom: SearchedNewsroom) -> None:
    newsroom.failure = StoreBusy("newsletter.db: another process holds the database.")

    answer = browser.get("/search?q=tide&lang=fr")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "newsletter.db" not in answer.text
    assert tree(answer.text).get("lang") == "fr"


def test_broken_theme_gets_a_plain_page(browser: TestClient, newsroom: SearchedNewsroom) -> None:
    newsroom.templates = {**newsroom.templates, "pages/search.html": "{{ nothing.of.the.kind }}"}

    assert browser.get("/search?q=tide").status_code == 503


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(max_size=80), page=st.text(max_size=12), language=st.text(max_size=5))
def test_no_question_is_ever_an_error(words: str, page: str, language: str, browser: TestClient) -> None:
    answer = browser.get("/search", params={"q": words, "page": page, "lang": language})

    assert answer.status_code == 200


@pytest.mark.parametrize("raw", ["q=%ff%fe", "q=%00", "q=%ed%a0%80", "q=a&q=b", "q[]=a", "q=%", "&&&=;"])
def test_raw_octets_in_the_address_are_no_error(raw: str, browser: TestClient) -> None:
    assert browser.get(f"/search?{raw}").status_code == 200
