"""How one goes on: the files of a new newsroom, and the next command of an old one."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.cli.app import is_there
from newsletter.config.scaffold import NewsroomWishes, write_newsroom
from newsletter.config.toml_file import CONFIG_NAME

if TYPE_CHECKING:
    from newsletter.answers import Status
    from newsletter.cli.app import Session
    from newsletter.cli.screen import Screen


def begin(folder: Path, *, title: str, language: str, screen: Screen) -> tuple[Path, ...]:
    """Make a newsroom in `folder` and give the files written. Raises UsageError where one is already."""
    from newsletter.cli.opening import open_newsroom

    wishes = NewsroomWishes(title=title, language=language)
    written = write_newsroom(folder, wishes, today=datetime.now(UTC).date())
    newsroom = open_newsroom(folder, screen)
    newsroom.renew_outputs()
    if not newsroom.keys.token_keys:
        raise AssertionError("a newsroom without keys cannot sign links")
    newsroom.close()
    return written


def first_steps(folder: Path) -> tuple[str, ...]:
    """The three commands after `init`, as one types them."""
    enter = "" if folder.resolve() == Path.cwd() else f"cd {shlex.quote(str(folder))} && "
    return (
        f"{enter}newsletter subscribers add you@example.org --consent 'It is me'",
        "newsletter publish articles/welcome.md",
        "newsletter serve          # then open http://127.0.0.1:8000/dev/inbox/",
    )


def next_steps(here: Session) -> Iterator[str]:
    """What to type next, for `newsletter` alone: it depends on where one stands and what is done."""
    if is_there(here.folder / CONFIG_NAME):
        status = here.newsroom().status()
        yield f"{status.title}: what to do next"
        yield from (f"  {line}" for line in _in_newsroom(status, here.folder))
    else:
        above = next((folder for folder in here.folder.resolve().parents if is_there(folder / CONFIG_NAME)), None)
        yield "There is no newsroom here."
        if above is not None:
            yield f"  cd {shlex.quote(str(above))}          # one is up there"
        yield "  newsletter init my-newsletter          # makes one"
    yield "  newsletter --help          # all commands"


def _in_newsroom(status: Status, folder: Path) -> Iterator[str]:
    if status.paused:
        yield f"newsletter resume          # it mails nobody: {status.paused}"
    for report in status.unfinished:
        yield f"newsletter editions resume {report.edition.uid}          # {report.balance.state}, not all is sent"
    if not status.subscribers:
        yield "newsletter subscribers add you@example.org --consent 'It is me'"
    for path in status.changed:
        yield f"newsletter publish {shlex.quote(path)}          # was edited since it was published"
    if not status.articles:
        article = next((path.name for path in sorted((folder / "articles").glob("*.md"))), "NAME.md")
        yield f"newsletter publish {shlex.quote(f'articles/{article}')} --dry-run"
    yield "newsletter status"
    yield "newsletter serve          # pages, feeds and the dev inbox in a browser"
