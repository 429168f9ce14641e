"""`newsletter subscribers import` and `export`: many readers come in from a file, and leave as one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from newsletter.cli.app import JsonOption, session
from newsletter.cli.help import examples
from newsletter.cli.screen import write_all
from newsletter.cli.subscribers import ConsentOption, LanguageFilter, RhythmFilter, StateFilter, chosen, subscribers
from newsletter.cli.values import picked
from newsletter.errors import OutputError, UsageError

if TYPE_CHECKING:
    from newsletter.cli.screen import Screen
    from newsletter.subscribers import ImportReport


@subscribers.command(
    "import",
    no_args_is_help=True,
    short_help="Bring readers in from a CSV file.",
    epilog=examples(
        'newsletter subscribers import readers.csv --consent "Signed up on our site" --dry-run',
        'newsletter subscribers import - --consent "Signed up on our site" < readers.csv',
    ),
)
def import_file(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A CSV file with a header; - for stdin.", show_default=False, readable=False
        ),
    ],
    consent: ConsentOption,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")] = False,
    json: JsonOption = False,
) -> None:
    """Bring readers in from CSV: address, and if there are such columns name, language, rhythm, topics …

    A bad row never stops the others: it is reported with its line. Suppressed and unsubscribed readers
    stay out. Safe to repeat.
    """
    from newsletter import subscribers as readers

    here = session(ctx, json=json)
    newsroom = here.newsroom()
    with _opened(file) as stream, here.screen.working("importing …"):
        sheet = readers.open_spreadsheet(stream, name=str(file))
        report = readers.import_rows(
            newsroom.store,
            sheet.rows,
            consent=readers.Consent(wording=consent, source=f"import {file.name}", method="import"),
            intake=newsroom.intake,
            dry_run=dry_run,
        )
    newsroom.store.checkpoint()
    if sheet.ignored:
        here.screen.say(f"Columns that mean nothing here: {', '.join(sheet.ignored)}")
    _tell_import(report, file, sheet.ignored, screen=here.screen)


@subscribers.command(
    short_help="Write all readers as CSV or JSON lines.",
    epilog=examples("newsletter subscribers export --into readers.csv", "newsletter subscribers export --format jsonl"),
)
def export(
    ctx: typer.Context,
    into: Annotated[Path | None, typer.Option(metavar="FILE", help="The file to write (default: stdout).")] = None,
    form: Annotated[str, typer.Option("--format", metavar="FORM", help="csv or jsonl.")] = "csv",
    raw: Annotated[
        bool, typer.Option("--raw", help="Leave cells unguarded that spreadsheets run as formulas.")
    ] = False,
    state: StateFilter = None,
    language: LanguageFilter = None,
    rhythm: RhythmFilter = None,
) -> None:
    """Write all readers as CSV or JSON lines; import reads the CSV back."""
    from newsletter import subscribers as readers

    here = session(ctx)
    try:
        wanted_form = readers.ExportForm(form)
    except ValueError:
        raise UsageError(f"--format {form}: there is no such format. Choose csv or jsonl.") from None
    wanted = chosen(state, language, rhythm, None)
    lines = readers.export_rows(here.newsroom().store, wanted, form=wanted_form, raw=raw)
    if into is None:
        write_all(sys.stdout, lines)
        return
    try:
        with into.open("x", encoding="utf-8", newline="") as file:
            into.chmod(0o600)
            file.writelines(lines)
    except FileExistsError:
        raise UsageError(f"{into}: exists already, and an export overwrites nothing. Choose another name.") from None
    except OSError as error:
        raise OutputError(f"{into}: cannot be written ({error.strerror}). Check space and permissions.") from error
    here.screen.say(f"{into}, readable by you alone.")


def _tell_import(report: ImportReport, file: Path, ignored: tuple[str, ...], *, screen: Screen) -> None:
    counts = {str(arrival): number for arrival, number in report.counts.items()}
    screen.data(
        {
            "counts": {name.replace(" ", "_"): number for name, number in counts.items()},
            "problems": [picked(problem, ("line", "message")) for problem in report.problems],
            "problems_left_out": report.problems_left_out,
            "ignored_columns": ignored,
            "dry_run": report.dry_run,
        },
        [f"{number:,} {name}" for name, number in counts.items() if number] or ["The file holds no rows."],
    )
    for problem in report.problems:
        screen.warn(f"{file}:{problem.line}: {problem.message}")
    if report.problems_left_out:
        screen.warn(f"… and {report.problems_left_out:,} more")
    if report.dry_run:
        screen.say("Nothing was changed (--dry-run).")


def _opened(file: Path) -> BinaryIO:
    if str(file) == "-":
        return sys.stdin.buffer
    try:
        return file.open("rb")
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror}). Check the name and its permissions.") from error
