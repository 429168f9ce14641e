"""The archive of a feed: every public article can be reached, and no page ever says anything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from archive_walk import HISTORY, Walk, walk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from site_desk import TAG, Desk

from newsletter.site import Renewed, is_archive, renew_public
from newsletter.site.archiving import feed_of
from newsletter.store import Store
from newsletter.store.tables import metadata

FORMATS = ("rss.xml", "atom.xml", "feed.json")
IMMUTABLE = "https://news.example.org/feeds/"


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of three, where a feed holds three as well."""
    monkeypatch.setattr("newsletter.site.archiving.PAGE_ENTRIES", 3)


class Archive:
    """The files on the disk, and a reader that walks them."""

    def __init__(self, desk: Desk, root: Path) -> None:
        self.desk, self.root = desk, root
        self.ever: dict[str, bytes] = {}

    def renew(self, **how: bool) -> Renewed:
        renewed = renew_public(self.desk.store, self.desk.press, self.root, now=self.desk.now, **how)
        for path in self.pages():
            content = (self.root / path).read_bytes()
            assert self.ever.setdefault(path, content) == content, f"{path} changed"
        return renewed

    def pages(self) -> list[str]:
        found = [path.relative_to(self.root).as_posix() for path in (self.root / "feeds").rglob("*") if path.is_file()]
        return sorted(path for path in found if is_archive(path))

    def walk(self, path: str = "rss.xml") -> Walk:
        def fetch(url: str) -> bytes:
            assert url.startswith(IMMUTABLE)
            return (self.root / "feeds" / url.removeprefix(IMMUTABLE)).read_bytes()

        return walk(fetch, IMMUTABLE + path)

    def slugs(self, path: str = "rss.xml") -> list[str]:
        return sorted(uid.rpartition(":")[2] for uid in self.walk(path).entries)


@pytest.fixture
def archive(desk: Desk, root: Path) -> Archive:
    return Archive(desk, root)


@pytest.mark.parametrize("form", FORMATS)
def test_walking_back_gives_every_public_article(archive: Archive, form: str) -> None:
    for number in range(11):
        archive.desk.publish(f"a{number:02}", language="fr" if number % 2 else "en", topics=("harbour",))
    archive.renew()

    met = archive.walk(form)

    assert archive.slugs(form) == [f"a{number:02}" for number in range(11)]
    assert archive.slugs(f"fr/{form}") == [f"a{number:02}" for number in range(11) if number % 2]
    assert archive.slugs(f"topics/harbour/{form}") == archive.slugs(form)
    assert len(met.documents) == 4


def test_pages_share_no_article_among_themselves(archive: Archive) -> None:
    for number in range(11):
        archive.desk.publish(f"a{number:02}")
    archive.renew()

    paths = [path for path in archive.pages() if path.startswith("feeds/archive/") and path.endswith(".json")]
    pages = [json.loads((archive.root / path).read_text("utf-8")) for path in paths]
    uids = [item["id"] for page in pages for item in page["items"]]

    assert len(uids) == len(set(uids)) == 9


def test_a_feed_that_holds_everything_says_so_and_has_no_archive(archive: Archive) -> None:
    for slug in ("tides", "quay", "ferry"):
        archive.desk.publish(slug)
    archive.renew()

    for form in ("rss.xml", "atom.xml"):
        root = etree.fromstring((archive.root / "feeds" / form).read_bytes())
        assert len(list(root.iter(f"{HISTORY}complete"))) == 1
    assert archive.pages() == []


@pytest.mark.parametrize("form", ["rss.xml", "atom.xml"])
def test_a_document_is_complete_or_leads_on_and_never_both(archive: Archive, form: str) -> None:
    for number in range(8):
        archive.desk.publish(f"a{number}")
        archive.renew()

        for url, content in archive.walk(form).documents.items():
            root = etree.fromstring(content)
            relations = [link.get("rel") for link in root.iter("{http://www.w3.org/2005/Atom}link")]
            is_complete = len(list(root.iter(f"{HISTORY}complete"))) == 1
            is_page = len(list(root.iter(f"{HISTORY}archive"))) == 1
            assert not (is_complete and "prev-archive" in relations)
            assert is_page == is_archive(url.removeprefix("https://news.example.org/")) == ("current" in relations)


def test_a_new_article_leaves_full_pages_alone(archive: Archive) -> None:
    for number in range(9):
        archive.desk.publish(f"a{number}")
    archive.renew()
    before = {path: (archive.root / path).stat().st_mtime_ns for path in archive.pages()}

    archive.desk.publish("a9")
    archive.renew()

    assert {path: (archive.root / path).stat().st_mtime_ns for path in before} == before


def test_a_withdrawn_article_is_in_no_file_any_more(archive: Archive) -> None:
    for number in range(11):
        archive.desk.publish(f"a{number:02}", topics=("harbour",))
    archive.renew()

    archive.desk.withdraw("a01")
    archive.renew()

    uid = f"tag:{TAG}:a01".encode()
    # The Atom feed itself says that it was taken back, to readers who have it.
    said = [path for path in (archive.root / "feeds").rglob("*.*") if uid in path.read_bytes()]
    assert [path for path in said if path.name != "atom.xml" or "archive" in path.parts] == []
    assert archive.slugs() == [f"a{number:02}" for number in range(11) if number != 1]


def test_an_old_article_that_was_changed_stands_in_the_feed_again(archive: Archive) -> None:
    for number in range(11):
        archive.desk.publish(f"a{number:02}")
    archive.desk.press = replace(archive.desk.press, max_entries=4)
    archive.renew()

    archive.desk.correct("a01", note="The table is new.")
    archive.renew()

    first = json.loads((archive.root / "feeds/feed.json").read_text("utf-8"))
    assert [item["title"] for item in first["items"]] == ["a10", "a09", "a08", "a01"]
    assert archive.slugs() == [f"a{number:02}" for number in range(11)]


def test_a_page_that_was_lost_is_written_again_when_all_is_made(archive: Archive) -> None:
    for number in range(8):
        archive.desk.publish(f"a{number}")
    archive.renew()
    lost = archive.pages()[0]
    (archive.root / lost).unlink()

    archive.renew(everything=True)

    assert lost in archive.pages()
    assert archive.slugs() == [f"a{number}" for number in range(8)]


def test_death_among_the_pages_leaves_the_feed_that_was_there(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.desk.publish("a0")
    archive.renew()
    before = (archive.root / "feeds/rss.xml").read_bytes()
    for number in range(1, 11):
        archive.desk.publish(f"a{number}")
    with monkeypatch.context() as patch:
        patch.setattr("newsletter.site.renewal.page_files", _dies_at(3))
        with pytest.raises(MemoryError):
            archive.renew()

    during = (archive.root / "feeds/rss.xml").read_bytes()
    archive.renew()

    assert during == before
    assert len(archive.slugs()) == 11


def _dies_at(number: int) -> Callable[..., object]:
    from newsletter.site.archiving import page_files

    calls = iter(range(number))

    def make(*args: object) -> object:
        if next(calls, None) is None:
            raise MemoryError
        return page_files(*args)

    return make


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("feeds/archive/0001-0123456789ab/rss.xml", "feeds/rss.xml"),
        ("feeds/topics/archive/archive/0001-0123456789ab/feed.json", "feeds/topics/archive/feed.json"),
        ("feeds/topics/archive/rss.xml", None),
        ("feeds/fr/rss.xml", None),
    ],
)
def test_a_page_is_told_by_its_name(path: str, expected: str | None) -> None:
    assert is_archive(path) == (expected is not None)
    assert expected is None or feed_of(path) == expected


_STEPS = st.lists(
    st.one_of(
        st.just(("publish", 0)),
        st.tuples(st.sampled_from(["correct", "silent", "withdraw"]), st.integers(0, 40)),
    ),
    max_size=14,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS)
def test_whatever_happens_the_walk_gives_what_is_public(
    steps: list[tuple[str, int]],
    tmp_path_factory: pytest.TempPathFactory,
    short_pages: None,
    press,
    article,
    now,
) -> None:
    folder = tmp_path_factory.mktemp("walk")
    store = Store(f"sqlite:///{folder / 'newsletter.db'}")
    metadata.create_all(store.engine)
    archive = Archive(Desk(store, press, article, now), folder)
    public: list[str] = []
    for number, (step, which) in enumerate([("publish", 0)] * 5 + steps):
        if step == "publish":
            archive.desk.publish(f"a{number:02}", topics=("harbour",) if number % 2 else ())
            public.append(f"a{number:02}")
        elif public and step == "withdraw":
            archive.desk.withdraw(public.pop(which % len(public)))
        elif public:
            archive.desk.correct(public[which % len(public)], significant=step == "correct")
        archive.renew()

        assert [archive.slugs(form) for form in FORMATS] == [sorted(public)] * 3
    store.close()
