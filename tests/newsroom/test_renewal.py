"""Feeds and pages say what is published: only what changed is written, and everything that changed is."""

from __future__ import annotations

import json

import pytest
from real_newsroom import MAREES, QUAY, TIDES, Desk, picture

from newsletter.editions import release
from newsletter.errors import OutputError
from newsletter.site import Question, read_forwarding, search_articles
from newsletter.store.tables import articles

SEAGULLS = "---\ntitle: Seagulls\nlanguage: en\ntopics: [Seagulls]\n---\nThey are back at the north quay.\n"


def written(desk: Desk, *files: object, **publish: object) -> set[str]:
    """The outputs that a publication touched, by when they were last written."""
    before = {path: (desk.folder / path).stat().st_mtime_ns for path in desk.outputs()}
    desk.pass_time(hours=1)
    desk.publish(*files, **publish)
    return {path for path in desk.outputs() if (desk.folder / path).stat().st_mtime_ns != before.get(path)}


def uids_in_feed(desk: Desk, path: str = "feeds/feed.json") -> list[str]:
    return [item["id"] for item in json.loads(desk.read(path))["items"]]


def test_article_stands_in_every_feed_and_list_it_belongs_to(desk: Desk) -> None:
    uid = desk.publish(desk.write("articles/seagulls.md", SEAGULLS)).published[0]

    found = {path for path, content in desk.outputs().items() if b"Seagulls" in content}

    feeds = {f"feeds/{place}{name}" for place in ("", "en/", "topics/seagulls/") for name in ("rss.xml", "atom.xml")}
    assert found >= {*feeds, "site/index.html", "site/en/index.html", "site/en/topics/seagulls/index.html"}
    assert found >= {"site/en/archive/2026/index.html", "site/en/seagulls/index.html"}
    assert uids_in_feed(desk) == uids_in_feed(desk, "feeds/topics/seagulls/feed.json") == [uid]
    assert uids_in_feed(desk, "feeds/fr/feed.json") == uids_in_feed(desk, "feeds/topics/harbour/feed.json") == []


def test_run_without_news_writes_nothing(desk: Desk) -> None:
    file = desk.write("articles/tides.md")
    desk.publish(file)

    assert written(desk, file) == set()
    assert desk.newsroom.renew_outputs(everything=True).changed == ()


def test_each_file_is_counted_once_also_where_pages_come_in_parts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.site.renewal.TEXTS_AT_ONCE", 1)
    for name, text in (("tides", TIDES), ("quay", QUAY), ("seagulls", SEAGULLS)):
        desk.publish(desk.write(f"articles/{name}.md", text))
        desk.pass_time(hours=1)

    renewed = desk.newsroom.renew_outputs(everything=True)

    files = [path for path in desk.outputs() if not path.endswith((".gz", ".br"))]
    assert (renewed.changed, renewed.unchanged) == ((), len(files))


def test_a_hub_that_is_named_stands_in_every_feed_at_once(desk: Desk) -> None:
    desk.publish(desk.write("articles/tides.md"))

    desk.configure("[topics.diplomacy]", '[feeds]\nhubs = ["https://hub.example.org/"]\n[topics.diplomacy]')
    desk.newsroom.renew_outputs()

    for path in ("feeds/rss.xml", "feeds/fr/atom.xml", "feeds/topics/harbour/feed.json"):
        assert "https://hub.example.org/" in desk.read(path), path


def test_new_article_touches_only_what_shows_it(desk: Desk) -> None:
    desk.publish(desk.write("articles/marees.md", MAREES))
    for number in range(3):
        desk.publish(desk.write(f"articles/{number}.md", TIDES.replace("The tide", f"{number} tide")))
        desk.pass_time(hours=1)

    touched = written(desk, desk.write("articles/quay.md", QUAY))

    assert {path for path in touched if path.startswith("feeds/")} == {
        f"feeds/{place}{name}" for place in ("", "en/") for name in ("rss.xml", "atom.xml", "feed.json")
    }
    assert {path for path in touched if path.startswith("site/")} == {
        "site/index.html",
        "site/sitemap.xml",
        "site/en/index.html",
        "site/en/archive/2026/index.html",
        "site/en/the-quay-is-mended/index.html",
        "site/en/2-tide-tables-are-out/index.html",
    }


def test_what_is_written_bit_by_bit_is_what_is_written_at_once(desk: Desk) -> None:
    tides = desk.write("articles/tides.md", TIDES.replace("---\n", "---\ntopics: [harbour, Seagulls]\n", 1))
    steps = [
        (tides,),
        (desk.write("articles/seagulls.md", SEAGULLS),),
        (desk.write("articles/quay.md", QUAY),),
        (desk.write("articles/tides.fr.md", MAREES),),
        (desk.write("articles/tides.md", TIDES.replace("higher", "much higher")),),
    ]
    for files in steps:
        desk.publish(*files)
        desk.pass_time(hours=1)

        renewed = desk.newsroom.renew_outputs(everything=True)

        assert (renewed.changed, renewed.removed) == ((), ())


def test_crash_between_release_and_writing_is_mended_by_the_next_command(desk: Desk) -> None:
    desk.publish(desk.write("articles/tides.md"))
    release(desk.store, desk.plan(desk.write("articles/quay.md", QUAY)), now=desk.now)
    assert desk.newsroom.outputs_are_stale()

    desk.reopen().renew_outputs()

    assert "The quay is mended" in desk.read("feeds/rss.xml")
    assert not desk.newsroom.outputs_are_stale()


def test_failed_writing_leaves_the_last_good_files_and_is_mended_later(desk: Desk) -> None:
    desk.publish(desk.write("articles/tides.md"))
    before = desk.outputs()
    (desk.folder / "site/en/the-quay-is-mended").write_text("in the way", "utf-8")

    with pytest.raises(OutputError, match="the-quay-is-mended"):
        desk.publish(desk.write("articles/quay.md", QUAY))
    (desk.folder / "site/en/the-quay-is-mended").unlink()
    assert desk.outputs() == before

    desk.publish(desk.folder / "articles/quay.md")

    assert "The quay is mended" in desk.read("feeds/rss.xml")


def test_changed_theme_makes_every_page_again(desk: Desk) -> None:
    desk.publish(desk.write("articles/tides.md"), desk.write("articles/tides.fr.md", MAREES))
    theme = desk.newsroom.templates["pages/base.html"]
    desk.write("templates/pages/base.html", theme + "<!-- ours -->")

    assert desk.reopen().outputs_are_stale()
    renewed = desk.newsroom.renew_outputs()

    assert set(renewed.changed) == {path for path in desk.outputs() if path.endswith(".html")}
    assert desk.read("site/fr/les-marees/index.html").endswith("<!-- ours -->")


def test_lost_files_come_back_byte_for_byte(desk: Desk) -> None:
    desk.publish(desk.write("articles/tides.md"), desk.write("articles/quay.md", QUAY), subject="This week")
    before = desk.written()
    for path in before:
        (desk.folder / path).unlink()

    desk.newsroom.renew_outputs(everything=True)

    assert desk.written() == before


def test_moved_host_keeps_ids_and_moves_links(desk: Desk) -> None:
    picture(desk.folder / "articles/quay.png")
    text = QUAY.replace("---\n", "---\nimage: quay.png\n", 1)
    text += "\n![Quay](quay.png) and [home](https://news.example.org), [tides](/en/tides/), [more](#more)\n"
    uid = desk.publish(desk.write("articles/quay.md", text)).published[0]

    desk.configure('base_url = "https://news.example.org"', 'base_url = "https://post.example.com"')
    desk.newsroom.renew_outputs()

    assert uids_in_feed(desk) == [uid]
    feed = json.loads(desk.read("feeds/feed.json"))["items"][0]
    assert feed["url"] == "https://post.example.com/en/the-quay-is-mended/"
    assert feed["image"].startswith("https://post.example.com/media/")
    stale = [path for path, content in desk.outputs().items() if b"https://news.example.org" in content]
    assert stale == []


def test_topic_taken_off_takes_its_page_and_feed_away(desk: Desk) -> None:
    file = desk.write("articles/seagulls.md", SEAGULLS)
    desk.publish(file)

    desk.publish(desk.write("articles/seagulls.md", SEAGULLS.replace("topics: [Seagulls]\n", "topics: [harbour]\n")))

    assert [path for path in desk.outputs() if "topics/seagulls" in path] == []
    assert len(uids_in_feed(desk, "feeds/topics/harbour/feed.json")) == 1


def test_article_that_changed_its_language_moves_to_the_other_feed(desk: Desk) -> None:
    uid = desk.publish(desk.write("articles/tides.md")).published[0]
    desk.publish(desk.write("articles/tides.md", TIDES.replace("language: en", "language: fr")))

    assert uids_in_feed(desk, "feeds/en/feed.json") == []
    assert uids_in_feed(desk, "feeds/fr/feed.json") == uids_in_feed(desk) == [uid]
    assert "/fr/the-tide-tables-are-out/" in desk.read("site/en/the-tide-tables-are-out/index.html")


def test_withdrawn_article_leaves_no_trace_in_pages_and_feeds(desk: Desk) -> None:
    for name, text in (("tides.md", TIDES), ("seagulls.md", SEAGULLS), ("quay.md", QUAY)):
        desk.publish(desk.write(f"articles/{name}", text))
        desk.pass_time(hours=1)
    french = desk.publish(desk.write("articles/seagulls.fr.md", MAREES)).published[0]
    english = next(row["uid"] for row in desk.rows(articles) if row["slug"] == "seagulls")

    desk.newsroom.withdraw(english)
    desk.newsroom.withdraw(french)

    for word in (b"eagulls", "marées".encode(), b"les-marees"):
        assert [path for path, content in desk.outputs().items() if word in content or word.decode() in path] == []


def test_renamed_address_leads_on_to_the_new_one(desk: Desk) -> None:
    desk.publish(desk.write("articles/tides.md"))
    desk.publish(desk.write("articles/tides.md", TIDES.replace("---\n", "---\nslug: tides\n", 1)))

    old = desk.read("site/en/the-tide-tables-are-out/index.html")

    assert "https://news.example.org/en/tides/" in old
    assert "Spring tides" not in old
    assert "Spring tides" in desk.read("site/en/tides/index.html")


def test_article_back_at_its_first_address_is_not_replaced_by_a_signpost_to_itself(desk: Desk) -> None:
    desk.publish(desk.write("articles/tides.md"))
    for slug in ("tides", "the-tide-tables-are-out"):
        desk.publish(desk.write("articles/tides.md", TIDES.replace("---\n", f"---\nslug: {slug}\n", 1)))
    for number in range(2):
        desk.pass_time(hours=1)
        desk.publish(desk.write(f"articles/{number}.md", QUAY.replace("The quay", f"Quay {number}")))

    assert "Spring tides" in desk.read("site/en/the-tide-tables-are-out/index.html")
    assert "/en/the-tide-tables-are-out/" in desk.read("site/en/tides/index.html")


def test_withdrawn_article_takes_its_signposts_along(desk: Desk) -> None:
    uid = desk.publish(desk.write("articles/tides.md")).published[0]
    desk.publish(desk.write("articles/tides.md", TIDES.replace("---\n", "---\nslug: tides\n", 1)))

    desk.newsroom.withdraw(uid)

    assert [path for path in desk.outputs() if "tide" in path] == []


def test_translations_point_at_each_other_when_the_second_comes_later(desk: Desk) -> None:
    desk.publish(desk.write("articles/tides.md"))
    desk.publish(desk.write("articles/tides.fr.md", MAREES))

    assert "/fr/les-marees/" in desk.read("site/en/the-tide-tables-are-out/index.html")
    assert "/en/the-tide-tables-are-out/" in desk.read("site/fr/les-marees/index.html")


def test_edition_of_several_articles_has_a_page_without_anything_of_a_reader(desk: Desk) -> None:
    desk.add("ada@example.org", name="Ada")
    files = desk.write("articles/tides.md"), desk.write("articles/quay.md", QUAY)
    released = desk.publish(*files, subject="This week at the harbour")
    desk.send(released)

    page = desk.read(f"site/editions/{released.editions[0].uid}/index.html")

    assert "Spring tides" in page
    assert "north quay" in page
    token = desk.outbox()[0]["List-Unsubscribe"].split("/u/")[1].rstrip(">")
    assert [word for word in (token, "ada@", "Ada") if word in page] == []


def test_edition_page_of_a_withdrawn_article_is_taken_away(desk: Desk) -> None:
    files = desk.write("articles/tides.md"), desk.write("articles/quay.md", QUAY)
    released = desk.publish(*files, subject="This week at the harbour")

    desk.newsroom.withdraw(released.published[0])

    assert not (desk.folder / f"site/editions/{released.editions[0].uid}/index.html").exists()


def frozen_pages(desk: Desk) -> dict[str, bytes]:
    return {
        path: content
        for path, content in desk.outputs().items()
        if path.startswith("site/editions/") and path.endswith(".html")
    }


def test_article_mailed_alone_is_archived_on_its_page_and_its_email_can_be_seen_as_it_was(desk: Desk) -> None:
    desk.add()
    desk.mail(desk.write("articles/tides.md"))

    assert desk.outbox()[0]["Archived-At"] == "<https://news.example.org/en/the-tide-tables-are-out/>"
    (frozen,) = frozen_pages(desk).values()
    assert b"Spring tides come earlier" in frozen
    token = desk.outbox()[0]["List-Unsubscribe"].split("/u/")[1].rstrip(">")
    assert token.encode() not in frozen


def test_article_mailed_to_nobody_has_no_email_to_show(desk: Desk) -> None:
    desk.publish(desk.write("articles/tides.md"))

    assert frozen_pages(desk) == {}


def test_frozen_page_stays_as_it_was_mailed_when_everything_else_is_made_again(desk: Desk) -> None:
    desk.add()
    desk.mail(desk.write("articles/tides.md"))
    before = frozen_pages(desk)
    theme = desk.newsroom.templates["pages/base.html"]
    desk.write("templates/pages/base.html", theme + "<!-- ours -->")

    desk.reopen().renew_outputs()

    assert len(before) == 1
    assert frozen_pages(desk) == before


def test_published_article_is_found_and_a_withdrawn_one_is_not(desk: Desk) -> None:
    released = desk.publish(desk.write("articles/tides.md"))
    masthead = desk.newsroom.masthead
    found = search_articles(desk.store, masthead, Question(words="spring tid")).articles

    desk.newsroom.withdraw(released.published[0])

    assert [article.slug for article in found] == ["the-tide-tables-are-out"]
    assert search_articles(desk.store, masthead, Question(words="spring tid")).number == 0


def test_moved_and_withdrawn_addresses_are_listed_for_the_web_door(desk: Desk) -> None:
    uid = desk.publish(desk.write("articles/tides.md")).published[0]
    assert not (desk.folder / "site/_redirects").exists()
    desk.publish(desk.write("articles/tides.md", TIDES.replace("---\n", "---\nslug: tides\n", 1)))
    assert desk.read("site/_redirects") == "/en/the-tide-tables-are-out/ /en/tides/ 301\n"

    desk.newsroom.withdraw(uid)

    assert not (desk.folder / "site/_redirects").exists()
    forwarding = read_forwarding(b"", (desk.folder / "site/_gone").read_bytes())
    assert all(forwarding.is_gone(address) for address in ("en/tides", "en/the-tide-tables-are-out"))


def test_article_back_at_its_address_is_on_no_list(desk: Desk) -> None:
    desk.publish(desk.write("articles/tides.md"))
    for slug in ("tides", "the-tide-tables-are-out"):
        desk.publish(desk.write("articles/tides.md", TIDES.replace("---\n", f"---\nslug: {slug}\n", 1)))

    assert desk.read("site/_redirects") == "/en/tides/ /en/the-tide-tables-are-out/ 301\n"
    assert not (desk.folder / "site/_gone").exists()
