"""A recording lies beside its article, and goes out with page, feeds and email."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from real_newsroom import TIDES, Desk, picture

from newsletter.editions import Standing, Wishes
from newsletter.errors import ArticleError

EPISODE = b"ID3\x04\x00\x00\x00\x00\x00\x00\xff\xfb\x90\x00" + bytes(20_000)
SPOKEN = TIDES.replace("---\n", "---\naudio: episode.mp3\n", 1)
ELSEWHERE = TIDES.replace("---\n", "---\naudio: https://pods.example.com/e1.mp3\naudio_bytes: 24986239\n", 1)


@pytest.fixture
def spoken(desk: Desk) -> Path:
    file = desk.write("articles/tides.md", SPOKEN)
    (file.parent / "episode.mp3").write_bytes(EPISODE)
    return file


def test_recording_is_published_by_its_hash_with_its_true_size(desk: Desk, spoken: Path) -> None:
    plan = desk.plan(spoken)
    desk.newsroom.publish(plan)

    audio = plan.drafts[0].article.audio
    assert audio is not None
    assert (audio.size, audio.media_type) == (len(EPISODE), "audio/mpeg")
    place = audio.url.removeprefix("https://news.example.org/")
    assert (desk.folder / "site" / place).read_bytes() == EPISODE
    (item,) = json.loads(desk.read("feeds/feed.json"))["items"]
    assert item["attachments"] == [{"url": audio.url, "mime_type": "audio/mpeg", "size_in_bytes": len(EPISODE)}]
    assert f'length="{len(EPISODE)}"' in desk.read("feeds/rss.xml")
    assert f'<audio controls preload="none" src="/{place}">' in desk.read("site/en/the-tide-tables-are-out/index.html")


def test_email_links_to_the_recording_and_plays_nothing(desk: Desk, spoken: Path) -> None:
    desk.add("ada@example.org")
    plan = desk.plan(spoken)
    audio = plan.drafts[0].article.audio
    variant = plan.editions[0].dressed[0].variant

    assert audio is not None
    assert f'href="{audio.url}"' in variant.html
    assert "<audio" not in variant.html
    assert f"Listen:\n{audio.url}\n" in variant.text


def test_recording_elsewhere_is_named_and_not_copied(desk: Desk) -> None:
    desk.newsroom.publish(desk.plan(desk.write("articles/tides.md", ELSEWHERE)))

    assert '<enclosure url="https://pods.example.com/e1.mp3" length="24986239" type="audio/mpeg"/>' in desk.read(
        "feeds/rss.xml"
    )
    assert not list((desk.folder / "site").glob("media/*"))


def test_new_recording_is_a_change_and_the_same_one_is_none(desk: Desk, spoken: Path) -> None:
    desk.newsroom.publish(desk.plan(spoken))
    same = desk.plan(spoken).drafts[0].standing
    (spoken.parent / "episode.mp3").write_bytes(EPISODE + b"more")

    assert same is Standing.SAME
    assert desk.plan(spoken).drafts[0].standing is Standing.CHANGED


def test_recording_of_a_file_from_outside_is_copied_in_beside_it(desk: Desk, tmp_path: Path) -> None:
    outside = tmp_path / "desk" / "tides.md"
    outside.parent.mkdir()
    outside.write_text(SPOKEN, "utf-8")
    (outside.parent / "episode.mp3").write_bytes(EPISODE)

    desk.newsroom.publish(desk.plan(outside))

    assert (desk.folder / "articles/episode.mp3").read_bytes() == EPISODE


def test_recording_is_part_of_the_preview(desk: Desk, spoken: Path) -> None:
    plan = desk.plan(spoken)
    path = plan.drafts[0].pictures[-1].path

    files, _ = desk.newsroom.looks.preview(spoken, wishes=Wishes(), into=desk.folder / "look")

    assert desk.folder / "look" / path in files


def test_missing_recording_and_missing_picture_are_told_at_once(desk: Desk) -> None:
    file = desk.write("articles/tides.md", SPOKEN + "\n![The quay](quay.png)\n")

    with pytest.raises(ArticleError) as caught:
        desk.plan(file)

    assert "there is no file quay.png beside the article" in str(caught.value)
    assert "articles/tides.md:2: audio: there is no file episode.mp3 beside the article" in str(caught.value)


@pytest.mark.parametrize("reference", ["../../secret.mp3", "/etc/hostname", "near.mp3"])
def test_recording_outside_the_newsroom_is_refused(desk: Desk, tmp_path: Path, reference: str) -> None:
    (tmp_path / "secret.mp3").write_bytes(EPISODE)
    file = desk.write("articles/tides.md", SPOKEN.replace("episode.mp3", reference))
    (desk.folder / "articles/near.mp3").symlink_to(tmp_path / "secret.mp3")

    with pytest.raises(ArticleError, match="lies outside"):
        desk.plan(file)


def test_picture_is_no_recording(desk: Desk) -> None:
    picture(desk.folder / "articles/episode.mp3.png")
    (desk.folder / "articles/episode.mp3.png").rename(desk.folder / "articles/episode.mp3")

    with pytest.raises(ArticleError, match="this is no MP3, M4A, Ogg or Opus file"):
        desk.plan(desk.write("articles/tides.md", SPOKEN))


def test_recording_that_is_too_large_is_never_read(desk: Desk, spoken: Path) -> None:
    with (spoken.parent / "episode.mp3").open("wb") as file:
        # No octet of it is written: the file is a hole.
        file.truncate(100_000_001)

    with pytest.raises(ArticleError, match=r"100,000,001 octets; it may have 100,000,000"):
        desk.plan(spoken)


def test_recording_moves_with_the_newsroom_to_another_host(desk: Desk, spoken: Path) -> None:
    desk.newsroom.publish(desk.plan(spoken))

    desk.configure('base_url = "https://news.example.org"', 'base_url = "https://post.example.org"')
    desk.newsroom.renew_outputs(everything=True)

    assert '<enclosure url="https://post.example.org/media/' in desk.read("feeds/rss.xml")
