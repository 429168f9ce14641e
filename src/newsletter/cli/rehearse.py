"""`rehearse`: the coming days, played through on a copy, with nothing sent and nothing changed."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.app import JsonOption, app, session
from newsletter.cli.help import examples
from newsletter.cli.ticks import slot_data
from newsletter.errors import OutputError, UsageError

if TYPE_CHECKING:
    from newsletter.newsroom import Newsroom
    from newsletter.rehearsal import Rehearsal, RehearsedEdition

SCRIPT = "rehearsal.txt"


@app.command(
    short_help="Play the coming days through: who gets what, when.",
    epilog=examples(
        "newsletter rehearse --days 14",
        "newsletter rehearse --days 7 --into /tmp/look",
        "newsletter rehearse --against /tmp/look/rehearsal.txt",
    ),
)
def rehearse(
    ctx: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=366, metavar="NUMBER", help="How many days to play through.")] = 14,
    into: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder for the emails (default: preview/rehearsal).")
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Show what is different from this rehearsal.txt.", readable=False),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Play the coming days through on a copy of the database: who gets what, when, at their local time.

    Each email is rendered into a folder, with rehearsal.txt, which says it all. If one is there from before,
    what is different is shown. Nothing is sent, and nothing changes.
    """
    from newsletter.rehearsal import rehearsal_lines

    here = session(ctx, json=json)
    newsroom = here.newsroom()
    folder = into or newsroom.folder / "preview" / "rehearsal"
    earlier = _earlier(against or folder / SCRIPT, asked=against is not None)
    with here.screen.working("rehearsing …"):
        found = newsroom.rehearse(days=days)
    lines = list(rehearsal_lines(found, zone=newsroom.masthead.time_zone))
    script = _write(newsroom, found, folder, lines)
    differences = list(_differences(earlier, lines))
    here.screen.data({**_data(found), "script": script, "differences": differences}, lines)
    if differences:
        here.screen.say("different from the rehearsal before:")
        for line in differences:
            here.screen.say(f"  {line}")
    here.screen.say(f"The emails are in {folder}. Nothing was sent, and nothing has changed.")


def _earlier(file: Path, *, asked: bool) -> list[str] | None:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        if asked:
            raise UsageError(f"{file}: is no rehearsal that can be read. Name a rehearsal.txt.") from error
        return None


def _differences(earlier: list[str] | None, now: list[str]) -> Iterator[str]:
    """What was and is not, and what is and was not; the first line is only from when to when."""
    if earlier is None:
        return
    for line in difflib.unified_diff(earlier[1:], now[1:], lineterm="", n=0):
        if line[:1] in "+-" and not line.startswith(("+++", "---")):
            yield line


def _write(newsroom: Newsroom, found: Rehearsal, folder: Path, lines: list[str]) -> Path:
    """The script and each email, in a folder for each edition; gives the script's path."""
    from newsletter.editions import variant_files, write_preview

    site = newsroom.folder / "site"
    for edition in found.editions:
        variants = [variant for variant, _, _ in edition.variants]
        name = f"{edition.at:%Y%m%dT%H%M}-{edition.name}"
        write_preview(folder / name, variant_files(variants, site, newsroom.masthead))
    script = folder / SCRIPT
    try:
        folder.mkdir(parents=True, exist_ok=True)
        script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{script}: cannot be written ({error.strerror}). Pass --into another folder.") from error
    return script


def _data(found: Rehearsal) -> dict[str, object]:
    return {
        "start": found.start,
        "end": found.end,
        "editions": [_edition_data(edition) for edition in found.editions],
        "quiet": [slot_data(slot) for slot in found.quiet],
        "emails_an_hour": [{"hour": at, "emails": number} for at, number in found.by_hour.items()],
        "faults": found.faults,
    }


def _edition_data(edition: RehearsedEdition) -> dict[str, object]:
    return {
        "at": edition.at,
        "name": edition.name,
        "subject": edition.subject,
        "audience": edition.audience,
        "variants": [
            {"furniture": variant.furniture, "subject": variant.subject, "articles": titles, "readers": readers}
            for variant, titles, readers in edition.variants
        ],
        "waves": [
            {"local": wave.local_at, "time_zone": wave.time_zone, "at": wave.at, "readers": wave.readers}
            for wave in edition.waves
        ],
    }
