"""docs/operations: systemd takes the units as they stand, and cron and they call commands that exist."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "operations"
PROGRAM = Path(sys.executable).parent / "newsletter"
UNITS = ("newsletter-serve.service", "newsletter-tick.service", "newsletter-tick.timer")
SERVICES = UNITS[:2]


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # systemd tells upper case from lower
    parser.read(FOLDER / name, "utf-8")
    return parser


@pytest.mark.parametrize("name", UNITS)
def test_systemd_takes_the_unit_without_a_complaint(name: str, tmp_path: Path) -> None:
    systemd = shutil.which("systemd-analyze")
    if systemd is None and os.environ.get("NEWSLETTER_REQUIRE_TOOLS") == "1":
        pytest.fail("systemd-analyze is not installed, and NEWSLETTER_REQUIRE_TOOLS=1 asks for it.")
    if systemd is None:
        pytest.skip("could not run: systemd-analyze is not installed.")
    for each in UNITS:
        text = (FOLDER / each).read_text("utf-8")
        (tmp_path / each).write_text(text.replace("/opt/newsletter/bin/newsletter", str(PROGRAM)), "utf-8")

    done = subprocess.run(
        [systemd, "verify", "--man=no", "--recursive-errors=one", str(tmp_path / name)],
        capture_output=True,
        text=True,
        check=False,
    )

    # What it says of the machine's own units is none of our business.
    ours = [line for line in done.stderr.splitlines() if "newsletter" in line]
    assert ours == []
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_write_its_newsroom_and_nothing_else(name: str) -> None:
    service = unit(name)["Service"]

    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"
    # SQLite writes beside its file, so the folder has to be writable.
    assert Path(service["WorkingDirectory"]).is_relative_to(service["ReadWritePaths"])
    assert service["ReadWritePaths"] == f"/var/lib/{service['StateDirectory']}"


def test_the_server_comes_back_whatever_ends_it_but_a_wrong_configuration() -> None:
    service = unit("newsletter-serve.service")["Service"]

    assert (service["Type"], service["Restart"], service["RestartPreventExitStatus"]) == ("exec", "always", "78")


def test_the_timer_rings_every_minute_and_once_for_the_time_it_was_off() -> None:
    timer = unit("newsletter-tick.timer")["Timer"]

    assert (timer["OnCalendar"], timer["Persistent"]) == ("*-*-* *:*:00", "true")


def command_lines() -> list[str]:
    """What units and crontab call, without the program's own folder."""
    found = [unit(name)["Service"]["ExecStart"].partition(" ")[2] for name in SERVICES]
    table = (FOLDER / "crontab.example").read_text("utf-8")
    return [*found, *re.findall(r"^[*0-9].*?\bnewsletter (-C .*)$", table, flags=re.M)]


@pytest.mark.parametrize("line", command_lines())
def test_what_is_called_by_itself_is_a_command_that_asks_nobody(line: str) -> None:
    words = line.split()

    done = subprocess.run([PROGRAM, *words, "--help"], capture_output=True, text=True, check=False)

    assert "--no-input" in words
    assert done.returncode == 0, done.stderr


def test_a_percent_sign_in_the_crontab_is_escaped() -> None:
    # crontab(5): an unescaped one ends the command.
    lines = [line for line in (FOLDER / "crontab.example").read_text("utf-8").splitlines() if line[:1] in "*0123456789"]

    assert len(lines) >= 3
    assert all(re.search(r"(?<!\\)%", line) is None for line in lines)


def test_every_file_of_the_folder_is_in_its_readme() -> None:
    page = (FOLDER / "README.md").read_text("utf-8")
    names = {path.name for path in FOLDER.iterdir()} - {"README.md"}

    assert names == {*UNITS, "crontab.example"}
    assert all(f"({name})" in page for name in names)
