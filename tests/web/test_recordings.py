"""Recordings are streamed, and in the parts that players ask for."""

from __future__ import annotations

from typing import Any

import pytest

from newsletter.web.policies import PAGE_POLICY

NAME = "0123456789abcdef0123456789abcdef"
EPISODE = bytes(number % 251 for number in range(200_000))
URL = f"/media/{NAME}.mp3"


@pytest.fixture(autouse=True)
def _recording(newsroom: Any) -> None:
    (newsroom.site_folder / f"media/{NAME}.mp3").write_bytes(EPISODE)
    (newsroom.site_folder / "media/episode.mp3").write_bytes(EPISODE)


def test_whole_recording_comes_with_its_type_length_and_tag(browser: Any) -> None:
    response = browser.get(URL)

    assert (response.status_code, response.content) == (200, EPISODE)
    assert response.headers["content-type"] == "audio/mpeg"
    assert response.headers["content-length"] == "200000"
    assert response.headers["etag"] == f'"{NAME}"'
    assert response.headers["accept-ranges"] == "bytes"
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-1", 0, 1),
        ("bytes=100-", 100, 199_999),
        ("bytes=-500", 199_500, 199_999),
        ("bytes=199999-", 199_999, 199_999),
        ("bytes=65000-132000", 65_000, 132_000),
        ("bytes=5-999999999999", 5, 199_999),
    ],
)
def test_player_gets_the_part_it_asks_for(browser: Any, asked: str, first: int, last: int) -> None:
    response = browser.get(URL, headers={"Range": asked})

    assert (response.status_code, response.content) == (206, EPISODE[first : last + 1])
    assert response.headers["content-range"] == f"bytes {first}-{last}/200000"
    assert response.headers["content-length"] == str(last - first + 1)


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "octets=0-1", "bytes=9-5", "bytes=-", "bytes=a-b", "bytes=-200000"])
def test_what_is_no_single_part_is_answered_with_the_whole(browser: Any, asked: str) -> None:
    response = browser.get(URL, headers={"Range": asked})

    assert (response.status_code, len(response.content)) == (200, 200_000)


@pytest.mark.parametrize("asked", ["bytes=200000-", "bytes=-0", "bytes=999999-1000000"])
def test_part_behind_the_end_is_refused_with_the_length(browser: Any, asked: str) -> None:
    response = browser.get(URL, headers={"Range": asked})

    assert (response.status_code, response.content) == (416, b"")
    assert response.headers["content-range"] == "bytes */200000"


def test_part_of_a_former_recording_is_answered_with_the_whole(browser: Any) -> None:
    same = browser.get(URL, headers={"Range": "bytes=0-1", "If-Range": f'"{NAME}"'})
    other = browser.get(URL, headers={"Range": "bytes=0-1", "If-Range": '"former"'})

    assert (same.status_code, other.status_code) == (206, 200)


def test_known_recording_is_not_sent_again(browser: Any) -> None:
    response = browser.get(URL, headers={"If-None-Match": f'"x", "{NAME}"'})

    assert (response.status_code, response.content) == (304, b"")


def test_head_is_get_without_the_octets(browser: Any) -> None:
    response = browser.head(URL)

    assert (response.status_code, response.content, response.headers["content-length"]) == (200, b"", "200000")


@pytest.mark.parametrize("path", ["/media/episode.mp3", f"/media/{'0' * 32}.mp3", f"/media/../media/{NAME}.mp3.key"])
def test_only_what_the_newsroom_wrote_is_a_recording(browser: Any, path: str) -> None:
    assert browser.get(path).status_code == 404


def test_link_among_the_recordings_leads_nowhere(browser: Any, newsroom: Any) -> None:
    place = newsroom.site_folder / f"media/{'1' * 32}.mp3"
    place.symlink_to(newsroom.site_folder.parent / "newsletter.key")

    assert browser.get(f"/media/{'1' * 32}.mp3").status_code == 404


def test_page_may_play_recordings_of_its_own_and_of_other_hosts() -> None:
    assert "; media-src 'self' https:;" in PAGE_POLICY
