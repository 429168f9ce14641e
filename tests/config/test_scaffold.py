"""What `init` writes: all of it or nothing, never over something that is there."""

from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
import yaml
from PIL import Image

from newsletter.config import load_config, scaffold
from newsletter.config.scaffold import NewsroomWishes, write_newsroom
from newsletter.config.theme import load_theme
from newsletter.errors import ConfigError, NewsletterError, OutputError, UsageError

TODAY = date(2026, 11, 24)
POST = NewsroomWishes(title="The Harbour Post")


def everything_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_new_newsroom_loads_at_once(tmp_path):
    folder = tmp_path / "a" / "room"

    written = write_newsroom(folder, POST, today=TODAY)
    config = load_config(folder, environ={})

    assert {path.relative_to(folder).as_posix() for path in written} == everything_in(folder)
    assert config.warnings == ()
    assert config.newsroom.slug == "the-harbour-post"
    assert config.newsroom.tag == "localhost,2026-11-24"
    assert config.transport.path == folder / "outbox"
    assert str(config.email.sender.name) == "The Harbour Post"
    assert [path.name for path in folder.parent.iterdir()] == ["room"]
    assert folder.stat().st_mode == folder.parent.stat().st_mode


def test_the_theme_is_copied_whole(tmp_path):
    write_newsroom(tmp_path / "room", POST, today=TODAY)

    own = tmp_path / "room" / "templates"

    assert {name: (own / name).read_text(encoding="utf-8") for name in load_theme(tmp_path)} == load_theme(tmp_path)


@pytest.mark.parametrize(
    ("language", "languages", "welcome"),
    [("en", ("en",), "en"), ("fr-CA", ("fr-ca", "fr"), "fr"), ("ar", ("ar",), "ar"), ("de", ("de", "en"), "en")],
)
def test_the_sample_article_speaks_one_of_the_newsrooms_languages(tmp_path, language, languages, welcome):
    folder = tmp_path / "room"

    write_newsroom(folder, NewsroomWishes(title="Post", language=language), today=TODAY)
    _, front, body = (folder / "articles/welcome.md").read_text(encoding="utf-8").split("---\n", 2)
    matter = yaml.safe_load(front)

    assert load_config(folder, environ={}).newsroom.languages == languages
    assert matter["language"] == welcome
    assert matter["title"]
    assert matter["image_alt"]
    assert body.strip()
    assert (folder / "articles" / matter["image"]).is_file()


def test_the_sample_picture_is_small_and_whole(tmp_path):
    write_newsroom(tmp_path / "room", POST, today=TODAY)

    with Image.open(tmp_path / "room/articles/images/welcome.png") as image:
        image.load()
        assert image.size == (1200, 600)
        assert Path(image.filename).stat().st_size < 30_000


@pytest.mark.parametrize(
    "title", ['A "quoted" \\ <b>Post</b>', "$title ${x} $$", "Le Journal d’Été", "نشرة الميناء", "☃", "# [x]\u202e"]
)
def test_any_title_survives(tmp_path, title):
    write_newsroom(tmp_path / "room", NewsroomWishes(title=title), today=TODAY)

    config = load_config(tmp_path / "room", environ={})

    assert config.newsroom.title == title
    assert config.email.sender.address == "news@example.org"
    assert config.newsroom.slug


@pytest.mark.parametrize(
    ("wishes", "fault"),
    [
        (NewsroomWishes(title="Post\r\nBcc: x"), "newsroom.title: holds a line break"),
        (NewsroomWishes(title="Post \udce9"), "config.toml:5: is not UTF-8"),
        (NewsroomWishes(title="Post", language="klingon!"), 'newsroom.language: "klingon!" is not a language tag'),
        (NewsroomWishes(title="Post", base_url="https://a/b"), "newsroom.base_url: "),
        (NewsroomWishes(title="Post", time_zone="Paris"), 'newsroom.time_zone: there is no time zone "Paris"'),
        (NewsroomWishes(title="Post", owner="me"), 'email.owner: "me" is not an email address'),
    ],
)
def test_a_wish_that_is_no_setting_leaves_nothing_behind(tmp_path, wishes, fault):
    with pytest.raises(ConfigError) as caught:
        write_newsroom(tmp_path / "room", wishes, today=TODAY)

    assert fault in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_other_things_in_it_keeps_them(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    (tmp_path / ".git").mkdir()
    (tmp_path / "articles").mkdir()

    write_newsroom(tmp_path, POST, today=TODAY)

    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert load_config(tmp_path, environ={}).newsroom.title == "The Harbour Post"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".init")] == []


@pytest.mark.parametrize(
    "name", ["config.toml", "README.md", ".gitignore", "articles/mine.md", "newsletter.db", "newsletter.key"]
)
def test_nothing_is_written_where_something_of_ours_is(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine", encoding="utf-8")

    with pytest.raises(UsageError) as caught:
        write_newsroom(tmp_path, POST, today=TODAY)

    assert str(caught.value) == (
        f"{tmp_path} holds {name.split('/')[0]} already. Nothing was written. "
        "Choose an empty folder: newsletter init DIR"
    )
    assert everything_in(tmp_path) == {name}


def test_a_second_init_changes_nothing(tmp_path):
    write_newsroom(tmp_path / "room", POST, today=TODAY)
    before = (tmp_path / "room/config.toml").read_bytes()

    with pytest.raises(UsageError):
        write_newsroom(tmp_path / "room", NewsroomWishes(title="Another"), today=TODAY)

    assert (tmp_path / "room/config.toml").read_bytes() == before


def test_a_file_in_the_folders_place_is_told(tmp_path):
    (tmp_path / "room").write_text("mine", encoding="utf-8")

    with pytest.raises(UsageError, match=r"room is a file\. Nothing was written\."):
        write_newsroom(tmp_path / "room", POST, today=TODAY)


@pytest.mark.parametrize("exists", [True, False])
def test_a_disk_that_fails_half_way_leaves_nothing(tmp_path, monkeypatch, exists):
    folder = tmp_path / "room"
    if exists:
        folder.mkdir()
    place, rename = scaffold._place_one, Path.rename

    def fail_at_config(source: Path, target: Path) -> None:
        if target.name == "config.toml":
            raise OSError(28, "No space left on device", str(target))
        place(source, target)

    def fail_to_rename(self: Path, target: Path) -> Path:
        if target == folder:
            raise OSError(28, "No space left on device", str(target))
        return rename(self, target)

    monkeypatch.setattr(scaffold, "_place_one", fail_at_config)
    monkeypatch.setattr(Path, "rename", fail_to_rename)

    with pytest.raises(OutputError, match="No space left on device"):
        write_newsroom(folder, POST, today=TODAY)

    assert everything_in(tmp_path) == set()
    assert [path.name for path in tmp_path.iterdir()] == (["room"] if exists else [])


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path, monkeypatch):
    check = scaffold._check

    def somebody_writes(build: Path) -> None:
        check(build)
        (tmp_path / "config.toml").write_text("theirs", encoding="utf-8")

    monkeypatch.setattr(scaffold, "_check", somebody_writes)

    with pytest.raises(OutputError, match="File exists"):
        write_newsroom(tmp_path, POST, today=TODAY)

    assert everything_in(tmp_path) == {"config.toml"}
    assert (tmp_path / "config.toml").read_text(encoding="utf-8") == "theirs"


@pytest.mark.parametrize("exists", [True, False])
def test_of_many_inits_at_once_one_wins_whole(tmp_path, exists):
    folder = tmp_path / "room"
    if exists:
        folder.mkdir()

    def attempt(title: str) -> bool:
        try:
            write_newsroom(folder, NewsroomWishes(title=title), today=TODAY)
        except NewsletterError:
            return False
        return True

    titles = ["First", "Second", "Third", "Fourth"]
    with ThreadPoolExecutor(4) as pool:
        won = [title for title, is_winner in zip(titles, pool.map(attempt, titles), strict=True) if is_winner]

    assert won == [load_config(folder, environ={}).newsroom.title]
    assert [path for path in tmp_path.rglob("*") if path.name.startswith(".init")] == []


@pytest.mark.skipif(shutil.which("git") is None, reason="git decides what it would keep")
def test_git_never_takes_readers_or_keys(tmp_path):
    folder = tmp_path / "room"
    write_newsroom(folder, POST, today=TODAY)
    for name in (
        "newsletter.db",
        "newsletter.db-wal",
        "newsletter.key",
        "outbox/new/1",
        "feeds/rss.xml",
        "site/index.html",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x", encoding="utf-8")

    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    listed = subprocess.run(
        ["git", "-C", str(folder), "ls-files", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert {name.split("/")[0] for name in listed} == {
        ".gitignore",
        "README.md",
        "articles",
        "config.toml",
        "feeds",
        "templates",
    }
    assert [name for name in listed if name.startswith("feeds/")] == ["feeds/README.md"]
