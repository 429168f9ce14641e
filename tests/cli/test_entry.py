"""The outermost door: words in any order, every error a sentence, pipes that close, terminals of any kind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.cli.entry import hoisted

PROGRAM = str(Path(sys.executable).parent / "newsletter")


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        (["publish", "a.md", "-q"], ["-q", "publish", "a.md"]),
        (["status", "-C", "there", "--json"], ["-C", "there", "status", "--json"]),
        (["status", "--newsroom=there"], ["--newsroom=there", "status"]),
        (["status", "-Cthere"], ["-Cthere", "status"]),
        (["check", "--", "-q"], ["check", "--", "-q"]),
        (["status", "-C"], ["status", "-C"]),
        ([], []),
    ],
)
def test_global_options_may_stand_anywhere(typed: list[str], understood: list[str]) -> None:
    assert hoisted(typed) == understood


@given(st.lists(st.sampled_from(["-q", "-C", "--debug", "publish", "a.md", "--", "--json", "--title"])))
def test_no_word_is_lost_and_order_among_others_is_kept(words: list[str]) -> None:
    understood = hoisted(words)

    assert sorted(understood) == sorted(words)
    assert hoisted(understood) == understood


def test_debug_shows_the_traceback_wherever_it_stands(run, newsroom: Path, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["newsletter", "editions", "show", "none", "--debug"])
    from newsletter.cli import main
    from newsletter.errors import UsageError

    with pytest.raises(UsageError):
        main()


def test_fault_of_the_program_is_a_sentence_that_asks_for_a_report(run, newsroom: Path, monkeypatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("x\x1b[31my")

    monkeypatch.setattr("newsletter.cli.opening.open_newsroom", broken)

    result = run("status")

    assert result.code == 1
    assert result.err == (
        "A fault of this program, not of yours: RuntimeError: x\ufffd[31my. "
        "Run the command again with --debug, and report what it shows.\n"
    )


def test_unknown_command_is_answered_with_the_likely_one(run) -> None:
    result = run("docktor")

    assert result.code == 2
    assert "Did you mean 'doctor'?" in result.err


def test_reader_of_the_output_that_goes_away_changes_no_exit_code(newsroom: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)

    result = subprocess.run(
        [PROGRAM, "config", "show"], stdout=write_end, stderr=subprocess.PIPE, text=True, check=False
    )

    os.close(write_end)
    assert (result.returncode, result.stderr) == (0, "")


def test_terminal_of_another_encoding_gets_every_line(newsroom: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}

    result = subprocess.run([PROGRAM, "doctor"], env=environment, capture_output=True, check=False)

    assert result.returncode == 0
    assert b"\\u2713" in result.stdout


def test_file_name_longer_than_any_disk_holds_is_told_in_a_sentence(run, newsroom: Path) -> None:
    result = run("check", "a" * 300)

    assert (result.code, len(result.err.splitlines())) == (2, 1)
    assert "A fault of this program" not in result.err


def test_file_name_that_is_no_text_is_told_in_a_sentence(newsroom: Path) -> None:
    result = subprocess.run([PROGRAM, "check", b"articles/\xff.md"], capture_output=True, check=False)

    assert result.returncode == 2
    assert b"Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) == 1
