"""Libraries with known holes are not installed, and the lock says so for everybody (S37)."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from newsletter.cli.doctor import PYTHON_FLOORS, SQLITE_FLOOR

ROOT = Path(__file__).resolve().parents[2]
# Below these each has a published advisory that reaches us.
FLOORS = {
    "aiosmtpd": "1.4.6",  # CVE-2024-27305, CVE-2024-34083
    "aiosmtplib": "5.1.2",  # CVE-2026-53533, CVE-2026-55558
    "feedgen": "0.9.0",  # CVE-2020-5227
    "jinja2": "3.1.6",  # CVE-2024-56201, CVE-2024-56326, CVE-2025-27516
    "lxml": "6.1.0",  # CVE-2026-41066
    "markdown": "3.8.1",  # CVE-2025-69534
    "markdown-it-py": "2.2.0",  # CVE-2023-26302, CVE-2023-26303
    "mistune": "3.3.3",  # CVE-2026-33079 and nine more
    "python-multipart": "0.0.30",  # CVE-2026-53539, CVE-2026-42561, CVE-2026-40347
    "starlette": "1.3.1",  # CVE-2026-54283, CVE-2026-48710
}
NEEDED = ("feedgen", "jinja2", "lxml", "markdown-it-py", "starlette")


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


@pytest.mark.parametrize("name", FLOORS)
def test_installed_version_is_at_or_above_its_floor(name: str) -> None:
    try:
        installed = version(name)
    except PackageNotFoundError:
        assert name not in NEEDED
        return

    assert numbers(installed) >= numbers(FLOORS[name])


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_locked_versions_are_above_their_floors_and_have_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    locked = dict(re.findall(r"^([a-z0-9.-]+)==([^ \\;]+)", text, flags=re.M))

    assert set(NEEDED) <= set(locked)
    assert [name for name in FLOORS if name in locked and numbers(locked[name]) < numbers(FLOORS[name])] == []
    assert len(locked) <= len(re.findall(r"^[a-z0-9.-]+==[^\n]*\\\n    --hash=sha256:", text, flags=re.M))
    assert "://" not in text


@pytest.mark.parametrize("name", NEEDED)
def test_project_asks_for_no_version_below_the_floor(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = {re.match(r"[a-z0-9-]+", line)[0]: numbers(line.partition("=")[2]) for line in project["dependencies"]}

    assert asked[name] >= numbers(FLOORS[name])


def test_doctor_warns_below_the_python_and_sqlite_that_mend_known_holes() -> None:
    assert PYTHON_FLOORS == {(3, 11): (3, 11, 15), (3, 12): (3, 12, 13), (3, 13): (3, 13, 12)}
    assert SQLITE_FLOOR == (3, 51, 3)
