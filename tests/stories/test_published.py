"""What readers of other people's feeds and pages complained about, on the whole newsroom."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from real_newsroom import MAREES, QUAY, TIDES, Desk

from newsletter.editions import Wishes


def ids(desk: Desk) -> list[str]:
    return [item["id"] for item in json.loads(desk.read("feeds/feed.json"))["items"]]


def test_rename_keeps_id_and_sends_no_second_email(desk: Desk) -> None:
    """With the URL as id a renamed article is new to every reader: 11ty/eleventy-plugin-rss#67,
    lwindolf/liferea#1195, miniflux/v2#797; a changed slug once mailed every subscriber twice.
    """
    desk.add()
    file = desk.write("articles/tides.md")
    desk.mail(file)
    before = ids(desk)

    moved = file.rename(desk.folder / "articles/2026-11-tides.md")
    renamed = desk.mail(moved)
    edited = TIDES.replace("The tide tables are out", "Tide tables").replace("---\n", "---\nslug: tables\n", 1)
    changed = desk.mail(desk.write("articles/2026-11-tides.md", edited))

    assert (renamed, changed) == ([], [])
    assert ids(desk) == before
    assert "<title>Tide tables</title>" in desk.read("feeds/rss.xml")
    assert "/en/tables/" in desk.read("site/en/the-tide-tables-are-out/index.html")


def test_rebuild_is_byte_identical(desk: Desk) -> None:
    """Build time in the feed makes every reader download it again: TryGhost/Ghost#2263, jekyll/jekyll-feed#90."""
    desk.publish(desk.write("articles/tides.md"), desk.write("articles/tides.fr.md", MAREES))
    before = desk.outputs()
    stamps = {path: (desk.folder / path).stat().st_mtime_ns for path in before}

    desk.pass_time(days=400)
    desk.reopen().renew_outputs(everything=True)

    assert desk.outputs() == before
    assert {path: (desk.folder / path).stat().st_mtime_ns for path in before} == stamps


def test_members_only_and_unpublished_absent(desk: Desk) -> None:
    """What was not published stood in the feed: TryGhost/Ghost#13925, #11266."""
    desk.publish(desk.write("articles/tides.md"))
    desk.write("articles/draft.md", "---\ndraft: true\n---\n# A secret draft\n\nNot yet.\n")
    planned = desk.write("articles/planned.md", "# A secret plan\n\nNot yet.\n")
    desk.plan(planned)
    desk.newsroom.looks.preview(planned, wishes=Wishes(), into=None)
    withdrawn = desk.publish(desk.write("articles/gone.md", QUAY.replace("The quay", "A secret quay"))).published[0]
    desk.newsroom.withdraw(withdrawn)
    desk.write("articles/tides.md", TIDES.replace("higher", "a secret metre higher"))

    desk.newsroom.renew_outputs(everything=True)

    assert [path for path, content in desk.outputs().items() if b"secret" in content.lower()] == []


def test_last_modified_sane(desk: Desk) -> None:
    """Feeds from 2041 and from 1970: FreshRSS/FreshRSS#1020, Athou/commafeed#859."""
    desk.newsroom.adopt(
        [desk.write("articles/old.md", TIDES.replace("---\n", "---\ndate: 1971-01-01\n", 1))],
        wishes=Wishes(any_date=True),
    )
    desk.publish(
        desk.write("articles/later.md", QUAY.replace("---\n", "---\ndate: 2041-01-01\n", 1)),
        wishes=Wishes(any_date=True),
    )

    stamps = {datetime.fromtimestamp((desk.folder / path).stat().st_mtime, UTC) for path in desk.outputs()}
    built = re.findall(r"<lastBuildDate>(.*?)</lastBuildDate>", desk.read("feeds/rss.xml"))

    assert stamps == {desk.now}
    assert built == ["Tue, 24 Nov 2026 09:00:00 +0000"]
