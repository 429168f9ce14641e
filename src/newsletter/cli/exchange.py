"""`newsletter subscribers import` and `export`: many readers come in from a file, and leave as one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from newsletter.cli.app import JsonOption, session
from newsletter.cli.help import examples
from newsletter.cli.screen import write_all
from newsletter.cli.subscribers import ConsentOption, LanguageFilter, RhythmFilter, StateFilter, chosen, subscribers
from newsletter.errors import OutputError, UsageError


@subscribers.command(
    "import",
    no_args_is_help=True,
    short_help="Bring readers in from a CSV file or another program's export.",
    epilog=examples(
        'newsletter subscribers import readers.csv --consent "Signed up on our site" --dry-run',
        'newsletter subscribers import mailchimp.zip --consent "Signed up on our site" --report what.csv',
        'newsletter subscribers import - --consent "Signed up on our site" < readers.csv',
    ),
)
def import_file(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A CSV file with a header, or a zip as exported; - for stdin.",
            show_default=False,
            readable=False,
        ),
    ],
    consent: ConsentOption,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")] = False,
    origin: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="PROGRAM",
            help="mailchimp, substack, ghost, buttondown, listmonk or csv (default: by the header).",
        ),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of a file that is not UTF-8, such as cp1252.")
    ] = None,
    already_received_up_to: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="The last day on which they had your mail elsewhere: 2026-11-20, or 2026-11-20T18:00. "
            "Later articles come with their next digest (default: now, so none does).",
        ),
    ] = None,
    forget_refusals: Annotated[
        bool,
        typer.Option("--forget-refusals", help="Do not suppress the addresses of those who left or bounced elsewhere."),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write what becomes of each row: CSV, or JSON lines for .jsonl."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Bring readers in from CSV: address, and if there are such columns name, language, rhythm, topics …

    The exports of Mailchimp, Substack, Ghost, Buttondown and listmonk are recognised. A bad row never stops
    the others: it is reported with its line. Suppressed and unsubscribed readers stay out, and who left or
    bounced elsewhere is suppressed. Safe to repeat.
    """
    from newsletter import subscribers as readers
    from newsletter.cli.importing import Watcher, received_up_to, tell_import

    here = session(ctx, json=json)
    chosen_origin = None if origin is None else readers.origin_named(origin)
    newsroom = here.newsroom()
    until = received_up_to(already_received_up_to, newsroom)
    with _opened(file) as stream, Watcher(here.screen, report, is_rehearsal=dry_run) as watcher:
        source = readers.open_source(stream, name=str(file), origin=chosen_origin, encoding=encoding)
        found = readers.import_rows(
            newsroom.store,
            source.rows,
            consent=readers.Consent(wording=consent, source=f"import {file.name}", method="import"),
            intake=newsroom.intake,
            wishes=readers.Wishes(
                dry_run=dry_run, remember_refusals=not forget_refusals, received_up_to=until, told=watcher.told
            ),
        )
    newsroom.store.checkpoint()
    tell_import(found, file, source, watcher.first, screen=here.screen)
    if report is not None:
        here.screen.say(f"{report}: each row with its full address, readable by you alone.")


@subscribers.command(
    short_help="Write all readers as CSV or JSON lines.",
    epilog=examples(
        "newsletter subscribers export --into readers.csv",
        "newsletter subscribers export --format jsonl",
        "newsletter subscribers export --format ghost --into members.csv",
    ),
)
def export(
    ctx: typer.Context,
    into: Annotated[Path | None, typer.Option(metavar="FILE", help="The file to write (default: stdout).")] = None,
    form: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORM", help="csv, jsonl, mailchimp, substack, ghost, buttondown or listmonk."
        ),
    ] = "csv",
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
        known = ", ".join(readers.ExportForm)
        raise UsageError(f"--format {form}: there is no such format. Choose one of: {known}.") from None
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


def _opened(file: Path) -> BinaryIO:
    if str(file) == "-":
        return sys.stdin.buffer
    try:
        return file.open("rb")
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror}). Check the name and its permissions.") from error
