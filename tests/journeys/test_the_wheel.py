"""The wheel, installed where the repository is not: theme and sample article come out of it."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by hatchling from this tree, without isolation: no network in tests."""
    place = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(place)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(place.glob("*.whl"))


def test_theme_words_and_migrations_are_inside(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    assert {
        "newsletter/theme/email/edition.html",
        "newsletter/theme/pages/article.html",
        "newsletter/locale/fr.po",
        "newsletter/locale/ar.po",
        "newsletter/py.typed",
        "newsletter/store/migrations/versions/0001_the_first_tables.py",
    } <= names
    assert not any(name.startswith(("tests/", "docs/")) for name in names)


def test_it_publishes_from_another_folder_without_the_repository(wheel: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    packages = next((venv / "lib").glob("python*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    # What the wheel depends on is borrowed from where the tests run; the editable newsletter is not.
    borrowed = [path for path in site.getsitepackages() if Path(path).is_dir()]
    (packages / "borrowed.pth").write_text("\n".join(borrowed) + "\n", "utf-8")
    python = str(venv / "bin" / "python")
    clean = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}

    def newsletter(*words: str, cwd: Path) -> str:
        command = [python, "-c", "from newsletter.cli import main; main()", *words]
        done = subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = subprocess.run(
        [python, "-c", "import newsletter; print(newsletter.__file__)"],
        cwd=tmp_path,
        env=clean,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    newsletter("init", "post", cwd=tmp_path)
    (tmp_path / "post" / "templates" / "email" / "edition.html").unlink()
    newsletter("subscribers", "add", "ada@example.org", "--consent", "asked", cwd=tmp_path / "post")
    newsletter("publish", "articles/welcome.md", "--yes", cwd=tmp_path / "post")

    assert where.startswith(str(venv))
    assert len(list((tmp_path / "post" / "outbox" / "new").iterdir())) == 1
