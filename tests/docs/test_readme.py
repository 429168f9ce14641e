"""The README is executed: what it shows works as it stands, and what it links exists."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent


def shell_blocks() -> list[str]:
    return re.findall(r"^```bash\n(.*?)^```", README, flags=re.M | re.S)


def test_the_five_minutes_work_as_they_are_written(tmp_path: Path) -> None:
    first, own = shell_blocks()
    home = tmp_path / "home"
    home.mkdir()
    environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(home), "LANG": "C.UTF-8"}

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", own],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "my-newsletter" / "outbox" / "new").glob("*.eml"))) == 1
    assert "make demo" in first


def test_both_make_commands_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    for target in re.findall(r"^make (\w+)", "\n".join(shell_blocks()), flags=re.M):
        assert re.search(rf"^{target}:", makefile, flags=re.M), target


COMMANDS = sorted(set(re.findall(r"`newsletter ((?:[a-z]+ ?)+)", README)))


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_the_readme_names_exists(words: str) -> None:
    done = subprocess.run(
        [str(BIN / "newsletter"), *words.split()[:2], "--help"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


PAGES = [
    *("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"),
    *("docs/tour.md", "docs/schedules.md", "docs/sending.md", "docs/feeds.md", "docs/moving.md"),
    *("docs/web.md", "docs/operations/README.md"),
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs" / "decisions").glob("*.md")),
]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [t for t in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in t]

    missing = [target for target in targets if not (ROOT / page).parent.joinpath(target).exists()]

    assert targets or page in ("SECURITY.md", "CHANGELOG.md", "docs/web.md") or "/decisions/" in page
    assert missing == []


@pytest.mark.parametrize("page", ["README.md", "docs/schedules.md"])
def test_every_link_within_a_page_leads_to_a_heading(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    headings = {re.sub(r"[^\w -]", "", line).lower().replace(" ", "-") for line in re.findall(r"^#+ (.*)$", text, re.M)}

    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings


def promises() -> list[str]:
    section = README.partition("\n## What it promises\n")[2].partition("\n## ")[0]
    return re.findall(r"^\d\. .*$", section, flags=re.M)


@pytest.mark.parametrize("promise", promises(), ids=lambda promise: promise[:2].strip("."))
def test_each_promise_has_tests_of_its_own_to_read(promise: str) -> None:
    linked = re.findall(r"\[tests\]\((tests/[^)]+)\)", promise)
    files = [
        file for path in linked for file in ([ROOT / path] if path.endswith(".py") else (ROOT / path).glob("*.py"))
    ]

    assert len(linked) == 1
    assert any(" test_" in file.read_text(encoding="utf-8") for file in files)


def test_there_are_eight_promises() -> None:
    assert len(promises()) == 8
