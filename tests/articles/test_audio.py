"""A recording beside an article, or at an https address: what the author may write, and what a file must be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.articles import AUDIO_TYPES, audio_size_fault, prepare_audio
from newsletter.articles.limits import MAX_AUDIO_BYTES
from newsletter.errors import ArticleError

from .conftest import Read, Refuse

MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x00" + bytes(400)
BARE_MP3 = b"\xff\xfb\x90\x00" + bytes(400)
M4A = b"\x00\x00\x00\x20ftypM4A \x00\x00\x02\x00" + b"hdlr\x00\x00\x00\x00\x00\x00\x00\x00soun" + bytes(100)
FILM = M4A.replace(b"soun", b"vide")
OGG = b"OggS" + bytes(24) + b"\x01vorbis" + bytes(100)
OPUS = b"OggS" + bytes(24) + b"OpusHead" + bytes(100)


def with_fields(*lines: str) -> str:
    return "\n".join(["---", "title: Quay", *lines, "---", "The north quay carries lorries again."])


def test_recording_may_be_a_file_beside_the_article(read: Read) -> None:
    manuscript = read(with_fields("audio: sound/episode 1.mp3"))

    assert (manuscript.audio, manuscript.audio_bytes, manuscript.audio_type) == ("sound/episode 1.mp3", 0, "")


def test_recording_elsewhere_is_what_its_author_says(read: Read) -> None:
    lines = ("audio: https://pods.example.com/e1?from=feed", "audio_bytes: 24986239", "audio_type: audio/mpeg")

    manuscript = read(with_fields(*lines))

    assert manuscript.audio == "https://pods.example.com/e1?from=feed"
    assert (manuscript.audio_bytes, manuscript.audio_type) == (24_986_239, "audio/mpeg")


@pytest.mark.parametrize("kind", AUDIO_TYPES)
def test_kind_of_a_recording_elsewhere_is_told_by_its_ending(read: Read, kind: str) -> None:
    manuscript = read(with_fields(f"audio: https://pods.example.com/E1.{kind.upper()}?from=feed"))

    assert (manuscript.audio_type, manuscript.audio_bytes) == (AUDIO_TYPES[kind], 0)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["audio: http://pods.example.com/e1.mp3"], "neither a file nor an https address"),
        (["audio: javascript:alert(1)"], "neither a file nor an https address"),
        (["audio: file:///etc/passwd"], "neither a file nor an https address"),
        (["audio: https://ada:secret@pods.example.com/e1.mp3"], "neither a file nor an https address"),
        (["audio: https://pods.example.com/e 1.mp3"], "neither a file nor an https address"),
        (["audio: https://pods.example.com/e1"], "Add audio_type: audio/mpeg"),
        (["audio: https://pods.example.com/e1.mp4"], "Add audio_type: audio/mpeg"),
        (["audio: https://pods.example.com/e1.mp3", "audio_bytes: 24 MB"], "no number of octets"),
        (["audio: https://pods.example.com/e1.mp3", "audio_bytes: -1"], "no number of octets"),
        (["audio: https://pods.example.com/e1.mp3", "audio_bytes: 99999999999999"], "no number of octets"),
        (["audio: https://pods.example.com/e1.mp3", "audio_type: text/html"], "no media type of a recording"),
        (["audio: episode.mp3", "audio_bytes: 5"], "a file is measured"),
        (["audio_type: audio/mpeg"], "a file is measured"),
        (["audio: [a.mp3, b.mp3]"], "here a file or an https address belongs"),
        (["audio: " + "a" * 300 + ".mp3"], "too long"),
        (["enclosure: episode.mp3"], 'Did you mean "audio"?'),
    ],
)
def test_what_is_no_recording_is_refused_with_its_line(refuse: Refuse, lines: list[str], said: str) -> None:
    faults = refuse(with_fields(*lines))

    assert said in faults[0]
    assert faults[0].startswith(f"quay.md:{2 + len(lines)}:") or faults[0].startswith("quay.md:3:")


@pytest.mark.parametrize(
    ("data", "media_type", "extension"),
    [
        (MP3, "audio/mpeg", "mp3"),
        (BARE_MP3, "audio/mpeg", "mp3"),
        (M4A, "audio/mp4", "m4a"),
        (OGG, "audio/ogg", "ogg"),
        (OPUS, "audio/ogg", "opus"),
    ],
)
def test_recording_is_told_by_its_octets_and_keeps_them(data: bytes, media_type: str, extension: str) -> None:
    prepared = prepare_audio(data, name="episode.wav")

    assert (prepared.media_type, prepared.extension) == (media_type, extension)
    assert (prepared.data, prepared.size) == (data, len(data))
    assert len(prepared.hash) == 32


@pytest.mark.parametrize("data", [b"", b"RIFF\x00\x00\x00\x00WAVEfmt ", b"<html>", b"\x89PNG\r\n\x1a\n", FILM])
def test_other_files_are_no_recordings(data: bytes) -> None:
    with pytest.raises(ArticleError, match=r"episode\.mp3: .*Save "):
        prepare_audio(data, name="episode.mp3")


def test_largest_recording_is_taken_and_one_octet_more_is_not() -> None:
    assert audio_size_fault(MAX_AUDIO_BYTES) is None
    assert "100,000,001 octets; it may have 100,000,000" in (audio_size_fault(MAX_AUDIO_BYTES + 1) or "")


@given(st.binary(max_size=200))
def test_any_octets_are_a_recording_or_a_sentence(data: bytes) -> None:
    try:
        told = prepare_audio(data, name="episode.mp3").extension
    except ArticleError as error:
        told = str(error)

    assert told in AUDIO_TYPES or told.startswith("episode.mp3: ")
