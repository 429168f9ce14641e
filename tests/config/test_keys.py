"""The key file: once written, never replaced, and readable by its owner alone."""

from __future__ import annotations

import os
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest

from newsletter.config.keys import MAX_KEY_BYTES, check_key, read_key, write_key
from newsletter.errors import ConfigError
from newsletter.model import Severity


def test_a_key_written_is_a_key_read(tmp_path):
    path = write_key(tmp_path, "token 1 abc\n")

    assert path == tmp_path / "newsletter.key"
    assert read_key(tmp_path) == "token 1 abc\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert check_key(tmp_path) == ()


def test_a_key_is_never_replaced(tmp_path):
    write_key(tmp_path, "first")

    with pytest.raises(ConfigError) as caught:
        write_key(tmp_path, "second")

    assert str(caught.value) == (
        f"{tmp_path}/newsletter.key: there is a key already, and links in sent mail depend on it. Keep it."
    )
    assert read_key(tmp_path) == "first"


def test_of_many_writers_at_once_one_wins_and_its_key_is_whole(tmp_path):
    texts = [str(number) * 10_000 for number in range(8)]

    def attempt(text: str) -> bool:
        try:
            write_key(tmp_path, text)
        except ConfigError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = [text for text, is_winner in zip(texts, pool.map(attempt, texts), strict=True) if is_winner]

    assert won == [read_key(tmp_path)]


def test_a_link_that_leads_elsewhere_is_not_written_through(tmp_path):
    (tmp_path / "newsletter.key").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ConfigError):
        write_key(tmp_path, "key")

    assert not (tmp_path / "elsewhere").exists()


def test_a_failed_write_leaves_no_half_key(tmp_path, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(ConfigError, match=r"cannot be written: No space left on device\. Check the disk"):
        write_key(tmp_path, "key")

    assert list(tmp_path.iterdir()) == []


def test_a_key_in_a_missing_folder_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot be written: No such file or directory"):
        write_key(tmp_path / "nowhere", "key")


def test_a_missing_key_is_told_with_the_way_out(tmp_path):
    with pytest.raises(ConfigError) as caught:
        read_key(tmp_path)

    assert str(caught.value) == (
        f"{tmp_path}/newsletter.key: the key is missing, and without it no link in mail already sent works. "
        "Bring it back from a backup."
    )
    assert [finding.code for finding in check_key(tmp_path)] == ["key-missing"]


@pytest.mark.parametrize("content", [b"\xffsecret", b"x" * (MAX_KEY_BYTES + 1)])
def test_a_damaged_key_is_refused_and_not_shown(tmp_path, content):
    (tmp_path / "newsletter.key").write_bytes(content)

    with pytest.raises(ConfigError, match="backup") as caught:
        read_key(tmp_path)

    assert "secret" not in "".join(traceback.format_exception(caught.value))


def test_a_folder_in_the_keys_place_is_told(tmp_path):
    (tmp_path / "newsletter.key").mkdir()

    with pytest.raises(ConfigError, match="is not a file"):
        read_key(tmp_path)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o606, 0o620])
def test_a_key_open_to_others_is_an_error_with_the_line_to_paste(tmp_path, mode):
    path = write_key(tmp_path, "key")
    path.chmod(mode)

    (finding,) = check_key(tmp_path)

    assert (finding.code, finding.severity) == ("key-readable", Severity.ERROR)
    assert finding.message == f"newsletter.key can be read or written by others (mode {mode:04o})."
    assert finding.advice == f"Run: chmod 600 {path}"
