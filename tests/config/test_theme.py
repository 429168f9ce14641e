"""Where each template comes from, and which files are none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from newsletter.config import theme
from newsletter.config.theme import MAX_TEMPLATE_BYTES, MAX_TEMPLATES, load_theme
from newsletter.errors import ConfigError

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program whose own theme is two files, in a place that is no checkout."""
    package = tmp_path / "lib" / "site" / "newsletter"
    write(package / "theme" / "email" / "edition.html", "ours")
    write(package / "theme" / "pages" / "site.css", "ours")
    monkeypatch.setattr(theme, "_PACKAGE", package)
    return package


@pytest.fixture
def room(tmp_path: Path) -> Path:
    (tmp_path / "room").mkdir()
    return tmp_path / "room"


def write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def test_the_theme_of_a_checkout_is_found(tmp_path):
    found = load_theme(tmp_path)

    assert found["email/edition.html"] == (REPOSITORY / "templates/email/edition.html").read_text(encoding="utf-8")
    assert list(found) == sorted(found)


def test_a_newsrooms_own_template_is_stronger_and_the_rest_is_ours(room, installed):
    write(room / "templates" / "email" / "edition.html", "theirs")
    write(room / "templates" / "pages" / "parts" / "new.html", "theirs")

    assert load_theme(room) == {
        "email/edition.html": "theirs",
        "pages/parts/new.html": "theirs",
        "pages/site.css": "ours",
    }


def test_the_packages_theme_is_stronger_than_the_repositorys(room, installed):
    root = installed.parents[1]
    installed.parent.rename(root / "src")
    write(root / "pyproject.toml", "")
    write(root / "templates" / "email" / "edition.html", "root")
    write(root / "templates" / "email" / "more.txt", "root")
    theme._PACKAGE = root / "src" / "newsletter"

    assert load_theme(room)["email/edition.html"] == "ours"
    assert load_theme(room)["email/more.txt"] == "root"


def test_beside_an_installed_package_nobody_elses_templates_are_read(room, installed):
    write(installed.parents[1] / "templates" / "email" / "stranger.html", "stranger")

    assert "email/stranger.html" not in load_theme(room)


def test_what_is_no_template_is_passed_over(room, installed):
    for name in (".DS_Store", "email/.hidden.html", ".git/x.html", "email/edition.html~", "email/logo.png", "README"):
        write(room / "templates" / name, b"\xff")
    (room / "templates" / "pages").mkdir()
    (room / "templates" / "pages" / "round").symlink_to(room / "templates")

    assert list(load_theme(room)) == ["email/edition.html", "pages/site.css"]


def test_every_unusable_template_is_told_at_once(room, installed):
    own = room / "templates"
    write(own / "email" / "edition.html", b"one\ntwo \xe9\n")
    write(own / "pages" / "site.css", b"x" * (MAX_TEMPLATE_BYTES + 1))

    with pytest.raises(ConfigError) as caught:
        load_theme(room)

    assert str(caught.value).splitlines() == [
        f"{own}/email/edition.html:2: is not UTF-8. Save it as UTF-8 in your editor.",
        f"{own}/pages/site.css: is larger than 500,000 octets. Shorten it.",
    ]


def test_a_template_of_the_largest_size_is_read(room, installed):
    write(room / "templates" / "pages" / "site.css", b"x" * MAX_TEMPLATE_BYTES)

    assert len(load_theme(room)["pages/site.css"]) == MAX_TEMPLATE_BYTES


def test_a_folder_of_other_things_is_not_read_for_a_theme(room, installed):
    for number in range(MAX_TEMPLATES + 1):
        write(room / "templates" / f"{number}.html", "")

    with pytest.raises(ConfigError, match=r"holds 201 templates, more than 200\. Move away what is none\."):
        load_theme(room)


def test_a_theme_that_cannot_be_read_is_not_replaced_in_silence(room, installed):
    write(room / "templates", "a file")

    with pytest.raises(ConfigError, match=r"templates: cannot be read: Not a directory\. Check its permissions\."):
        load_theme(room)


def test_no_theme_anywhere_is_told(room, installed):
    for path in sorted((installed / "theme").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()

    with pytest.raises(ConfigError) as caught:
        load_theme(room)

    assert str(caught.value) == (
        f"{room}/templates: there are no templates here, nor in the program. "
        "Install it again, or copy a theme to this folder."
    )


def test_a_pipe_among_the_templates_is_not_waited_for(room, installed):
    (room / "templates").mkdir()
    os.mkfifo(room / "templates" / "a.html")

    assert "a.html" not in load_theme(room)


def test_line_ends_and_byte_order_marks_of_windows_do_not_reach_the_readers(room, installed):
    write(room / "templates" / "pages" / "site.css", b"\xef\xbb\xbfa\r\nb\r\n")

    assert load_theme(room)["pages/site.css"] == "a\nb\n"
