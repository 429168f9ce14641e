"""A new newsroom on disk, for `newsletter init`: settings, a sample article, the theme.

Comes in: a folder and a few wishes. Goes out: the files, all or none of them. Key and database are
made by the desk afterwards.
"""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from newsletter.config.addresses import is_loopback
from newsletter.config.keys import KEY_NAME
from newsletter.config.load import load_config
from newsletter.config.show import Shown, write_value
from newsletter.config.theme import load_theme
from newsletter.config.toml_file import CONFIG_NAME
from newsletter.errors import ConfigError, OutputError, UsageError

WELCOME_LANGUAGES = ("en", "fr", "ar")

_SCAFFOLD = Path(__file__).resolve().parents[1] / "scaffold"
# Either of them means that somebody's readers may depend on this folder.
_SIGNS_OF_LIFE = (KEY_NAME, "newsletter.db")


@dataclass(frozen=True, kw_only=True, slots=True)
class NewsroomWishes:
    """What the owner says of a new newsroom; the rest can be written into its config.toml later."""

    title: str
    language: str = "en"
    base_url: str = "http://localhost:8000"
    time_zone: str = "UTC"
    sender: str = "news@example.org"
    owner: str = "owner@example.org"


def write_newsroom(folder: Path, wishes: NewsroomWishes, *, today: date) -> tuple[Path, ...]:
    """The files of a new newsroom in `folder`, which is made if need be; all of them or none.

    `today` is the day under which article ids are minted. Nothing that is there already is touched.

    Raises UsageError when `folder` holds something by one of our names, ConfigError when a wish is
    no valid setting, OutputError when the disk refuses.
    """
    _refuse_newsroom(folder)
    texts = {**_texts(wishes, today), **{f"templates/{name}": text for name, text in load_theme(folder).items()}}
    is_new = not folder.exists()
    try:
        beside = folder.absolute().parent if is_new else folder
        beside.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".init-", dir=beside) as workshop:
            # A folder of its own inside, since the outer one is closed to others whatever the umask says.
            build = Path(workshop, "newsroom")
            build.mkdir()
            _write(build, texts)
            _check(build)
            _place(build, folder, is_new=is_new)
    except OSError as error:
        where = error.filename2 or error.filename or folder
        raise OutputError(
            f"{where}: the newsroom cannot be written: {error.strerror}. Choose another folder, or mend this one."
        ) from error
    return tuple(folder / name for name in sorted([*texts, "articles/images/welcome.png"]))


def _refuse_newsroom(folder: Path) -> None:
    """Stop where a file would be overwritten, or where a newsroom has lived; an empty folder of ours is fine."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file. Nothing was written. Name a folder: newsletter init DIR")
    ours = (CONFIG_NAME, "README.md", ".gitignore", "articles", "templates", "feeds", *_SIGNS_OF_LIFE)
    taken = [name for name in ours if _is_taken(folder / name)]
    if taken:
        raise UsageError(
            f"{folder} holds {', '.join(taken)} already. Nothing was written. "
            "Choose an empty folder: newsletter init DIR"
        )


def _is_taken(path: Path) -> bool:
    return any(path.iterdir()) if path.is_dir() else os.path.lexists(path)


def _texts(wishes: NewsroomWishes, today: date) -> dict[str, str]:
    """The text of each file but the theme's, by its relative name."""
    welcome = wishes.language.lower().split("-")[0]
    is_ours = welcome in WELCOME_LANGUAGES
    host = urlsplit(wishes.base_url).hostname or "localhost"
    values: dict[str, Shown] = {
        "title": wishes.title,
        "slug": _slug(wishes.title),
        "tag": f"{'localhost' if is_loopback(host) else host},{today.isoformat()}",
        "base_url": wishes.base_url,
        "language": wishes.language,
        # The sample article is in English where we have none in the newsroom's language.
        "languages": list(dict.fromkeys([wishes.language, welcome if is_ours else "en"])),
        "time_zone": wishes.time_zone,
        "sender": f"{_without_marks(wishes.title)} <{wishes.sender}>",
        "owner": wishes.owner,
    }
    return {
        CONFIG_NAME: _filled("config.toml.template", {name: write_value(value) for name, value in values.items()}),
        "README.md": _filled("README.md.template", {"title": " ".join(wishes.title.split())}),
        ".gitignore": _read("gitignore.txt"),
        "feeds/README.md": _read("feeds.md"),
        "articles/welcome.md": _read(f"welcome.{welcome if is_ours else 'en'}.md"),
    }


def _read(name: str) -> str:
    return (_SCAFFOLD / name).read_text(encoding="utf-8")


def _filled(name: str, values: Mapping[str, str]) -> str:
    return Template(_read(name)).substitute(values)


def _slug(title: str) -> str:
    """A slug from the Latin letters of `title`; "newsletter" when it has none."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = "".join(c if c.isalnum() else " " for c in plain).split()
    return "-".join(words)[:63].strip("-") or "newsletter"


def _without_marks(title: str) -> str:
    """`title` without what would end a display name."""
    return " ".join(title.translate(dict.fromkeys(map(ord, '<>"\\'), " ")).split())


def _write(build: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        path = build / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # A title from a terminal may hold bytes that are no UTF-8; the loader has a sentence for them.
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
    images = build / "articles" / "images"
    images.mkdir()
    shutil.copyfile(_SCAFFOLD / "welcome.png", images / "welcome.png")


def _check(build: Path) -> None:
    """Let the loader judge what was written, so that a wish it refuses leaves nothing behind."""
    try:
        load_config(build, environ={})
    except ConfigError as error:
        raise ConfigError([replace(fault, path=CONFIG_NAME) for fault in error.faults]) from None


def _place(build: Path, folder: Path, *, is_new: bool) -> None:
    """Move what was built to where it belongs: at once for a new folder, else name by name or not at all."""
    if is_new:
        # Fails, rather than mixes, if somebody filled the folder meanwhile.
        build.rename(folder)
        return
    placed: list[Path] = []
    try:
        for source in sorted(build.iterdir()):
            target = folder / source.name
            _place_one(source, target)
            placed.append(target)
    except BaseException:
        for target in reversed(placed):
            shutil.rmtree(target) if target.is_dir() else target.unlink()
        raise


def _place_one(source: Path, target: Path) -> None:
    if source.is_dir():
        # Takes the place of an empty folder, and fails on any other.
        source.rename(target)
        return
    with target.open("xb") as file:
        file.write(source.read_bytes())
