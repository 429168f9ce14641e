"""`newsletter subscribers …` and `newsletter why`: who reads, what they chose, and what they got."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from newsletter.cli.app import JsonOption, YesOption, app, session
from newsletter.errors import OutputError, UsageError

if TYPE_CHECKING:
    from newsletter.store.subscribers import SubscriberFilter
    from newsletter.subscribers import Choices

subscribers = typer.Typer(help="Add, list, import, export, change and let go readers.", no_args_is_help=True)
app.add_typer(subscribers, name="subscribers", rich_help_panel="Readers")

Address = Annotated[str, typer.Argument(help="The reader's address.", show_default=False)]
ConsentOption = Annotated[
    str, typer.Option(help="What they agreed to, and where: kept as proof.", metavar="TEXT", show_default=False)
]
NameOption = Annotated[str | None, typer.Option(help="The reader's name.")]
LanguageOption = Annotated[str | None, typer.Option(help="en, fr, ar … (default: the newsroom's).")]
RhythmOption = Annotated[str | None, typer.Option(help="each, daily, weekly, monthly or feed (default: each).")]
ZoneOption = Annotated[str | None, typer.Option(help="Such as Europe/Paris (default: the newsroom's).")]
HourOption = Annotated[str | None, typer.Option(help="For digests: 0 to 23, in the reader's zone.")]
TopicOption = Annotated[list[str] | None, typer.Option("--topic", help="Only this topic; may be repeated.")]
StateFilter = Annotated[str | None, typer.Option("--state", help="pending, active, unsubscribed, bounced, complained.")]
LanguageFilter = Annotated[str | None, typer.Option("--language", help="Only this language.")]
RhythmFilter = Annotated[str | None, typer.Option("--rhythm", help="Only this rhythm.")]


@subscribers.command()
def add(
    ctx: typer.Context,
    address: Address,
    consent: ConsentOption,
    name: NameOption = None,
    language: LanguageOption = None,
    rhythm: RhythmOption = None,
    time_zone: ZoneOption = None,
    hour: HourOption = None,
    topic: TopicOption = None,
    json: JsonOption = False,
) -> None:
    """Add one reader, active at once: you vouch for their consent.

    An address that is there already, or suppressed, is left as it is.
    """
    from newsletter import subscribers as readers

    here = session(ctx, json=json)
    newsroom = here.newsroom()
    added = readers.add(
        newsroom.store,
        readers.Newcomer(address=address, choices=_choices(name, language, rhythm, time_zone, hour, topic)),
        consent=readers.Consent(wording=consent, source="newsletter subscribers add"),
        intake=newsroom.intake,
    )
    here.screen.data({"arrival": added.arrival, "message": added.message}, [added.message])
    if added.arrival is readers.Arrival.SUPPRESSED:
        raise typer.Exit(1)


@subscribers.command("list")
def list_subscribers(
    ctx: typer.Context,
    state: StateFilter = None,
    language: LanguageFilter = None,
    rhythm: RhythmFilter = None,
    topic: Annotated[str | None, typer.Option(help="Only readers who get this topic.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="At most this many.")] = 100,
    json: JsonOption = False,
) -> None:
    """List readers in order of sign-up."""
    from newsletter import subscribers as readers

    here = session(ctx, json=json)
    rows = readers.list_subscribers(here.newsroom().store, _filter(state, language, rhythm, topic), limit=limit)
    here.screen.table(
        [{name: getattr(row, name) for name in _SHOWN} for row in rows],
        ("address", "state", "language", "rhythm", "topics", "time zone", "joined"),
        [
            (r.address, r.state, r.language, r.rhythm, ", ".join(r.topics) or "all", r.time_zone, r.joined_at)
            for r in rows
        ],
        empty="No reader matches. Add one: newsletter subscribers add ADDRESS --consent TEXT",
    )
    if len(rows) == limit:
        here.screen.say(f"The first {limit}; `newsletter subscribers export` gives all.")


_SHOWN = ("uid", "address", "name", "state", "language", "rhythm", "topics", "time_zone", "hour", "joined_at")


@subscribers.command("import")
def import_file(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV file with a header; - for stdin.", show_default=False)],
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
    with _opened(file) as stream:
        sheet = readers.open_spreadsheet(stream, name=str(file))
        if sheet.ignored:
            here.screen.say(f"Columns that mean nothing here: {', '.join(sheet.ignored)}")
        report = readers.import_rows(
            newsroom.store,
            sheet.rows,
            consent=readers.Consent(wording=consent, source=f"import {file.name}", method="import"),
            intake=newsroom.intake,
            dry_run=dry_run,
        )
    newsroom.store.checkpoint()
    counts = {str(arrival): number for arrival, number in report.counts.items()}
    lines = [f"{number} {name}" for name, number in counts.items() if number]
    here.screen.data({"counts": counts, "problems": report.problems, "dry_run": dry_run}, lines or ["no rows"])
    for problem in report.problems:
        here.screen.warn(f"{file}:{problem.line}: {problem.message}")
    if report.problems_left_out:
        here.screen.warn(f"… and {report.problems_left_out} more")
    if dry_run:
        here.screen.say("Nothing was changed (--dry-run).")


@subscribers.command()
def export(
    ctx: typer.Context,
    into: Annotated[Path | None, typer.Option(help="The file to write (default: stdout).")] = None,
    form: Annotated[str, typer.Option("--format", help="csv or jsonl.")] = "csv",
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
    wanted = _filter(state, language, rhythm, None)
    lines = readers.export_rows(here.newsroom().store, wanted, form=wanted_form, raw=raw)
    if into is None:
        sys.stdout.writelines(lines)
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


@subscribers.command("set")
def set_choices(
    ctx: typer.Context,
    address: Address,
    name: NameOption = None,
    language: LanguageOption = None,
    rhythm: RhythmOption = None,
    time_zone: ZoneOption = None,
    hour: HourOption = None,
    topic: TopicOption = None,
    all_topics: Annotated[bool, typer.Option("--all-topics", help="Every topic again.")] = False,
) -> None:
    """Change what a reader chose, as they asked; what is queued already stays as it is."""
    from newsletter import subscribers as readers

    here = session(ctx)
    newsroom = here.newsroom()
    topics = [] if all_topics else topic
    choices = _choices(name, language, rhythm, time_zone, hour, topics)
    changed = readers.update_choices(newsroom.store, address, choices, intake=newsroom.intake)
    chosen = (changed.language, changed.rhythm, " ".join(changed.topics) or "all topics", changed.time_zone)
    here.screen.say(f"{readers.mask(changed.address)}: {', '.join(chosen)}")


@subscribers.command()
def unsubscribe(ctx: typer.Context, address: Address) -> None:
    """Let a reader go at once, also from what is queued. Only the reader can come back."""
    from newsletter import subscribers as readers

    here = session(ctx)
    newsroom = here.newsroom()
    found = readers.find(newsroom.store, address)
    left = newsroom.unsubscribe(found.id, source="newsletter subscribers unsubscribe") if found else None
    if left is None:
        raise UsageError(f"{readers.mask(address)} is no subscriber here.")
    waiting = f" {left.cancelled} waiting emails were cancelled." if left.cancelled else ""
    here.screen.say(
        f"{readers.mask(address)} is unsubscribed.{waiting}"
        if left.changed
        else f"{readers.mask(address)} had left before."
    )


@subscribers.command()
def data(ctx: typer.Context, address: Address) -> None:
    """Print everything kept about one person as JSON (GDPR articles 15 and 20)."""
    from newsletter import subscribers as readers

    here = session(ctx, json=True)
    newsroom = here.newsroom()
    found = readers.data_of(newsroom.store, address, keys=newsroom.keys)
    if found is None:
        raise UsageError(f"Nothing is kept about {readers.mask(address)}.")
    here.screen.data(found)


@subscribers.command()
def erase(ctx: typer.Context, address: Address, yes: YesOption = False) -> None:
    """Forget a person (GDPR article 17): a keyed hash stays, so that no import brings them back. No way back."""
    from newsletter import subscribers as readers
    from newsletter.store.traces import compact

    here = session(ctx)
    if not yes:
        if not here.screen.can_ask:
            raise UsageError("This forgets a person for good and there is nobody to ask. Pass --yes to agree.")
        if not typer.confirm(f"Forget {address} for good?", err=True):
            raise UsageError("Nothing was done.")
    newsroom = here.newsroom()
    readers.erase(newsroom.store, address, keys=newsroom.keys, source="newsletter subscribers erase", now=newsroom.now)
    compact(newsroom.store)
    here.screen.say(
        "Forgotten in the database. Backups and copies in an outbox folder are not reached from here: delete those."
    )


@app.command(rich_help_panel="Readers")
def why(ctx: typer.Context, address: Address, json: JsonOption = False) -> None:
    """What did this person get, when, and why not: edition by edition."""
    here = session(ctx, json=json)
    found = here.newsroom().why(address)
    reader = found.subscriber
    if reader is not None and not here.screen.json:
        here.screen.say(
            f"{reader.address}: {reader.state}, {reader.language}, {reader.rhythm}, "
            f"{', '.join(reader.topics) or 'all topics'}, joined {reader.joined_at:%Y-%m-%d}"
        )
    here.screen.say(f"The next article: {found.would_get}.")
    here.screen.table(
        {
            "state": reader.state if reader else None,
            "suppressed": found.suppressed,
            "would_get": found.would_get,
            "editions": found.editions,
        },
        ("released", "edition", "became", "why", "subject"),
        [(e.released_at, e.edition_uid, e.became, e.explained, e.subject) for e in found.editions],
        empty="No edition was released since the newsroom began." if reader else "",
    )


def _choices(
    name: str | None,
    language: str | None,
    rhythm: str | None,
    time_zone: str | None,
    hour: str | None,
    topics: list[str] | None,
) -> Choices:
    from newsletter.subscribers import Choices

    return Choices(
        name=name,
        language=language,
        rhythm=rhythm,
        time_zone=time_zone,
        hour=hour,
        topics=None if topics is None else tuple(topics),
    )


def _filter(state: str | None, language: str | None, rhythm: str | None, topic: str | None) -> SubscriberFilter:
    from newsletter.model import SubscriberState
    from newsletter.store.subscribers import SubscriberFilter

    try:
        wanted = None if state is None else SubscriberState(state)
    except ValueError:
        known = ", ".join(SubscriberState)
        raise UsageError(f"--state {state}: there is no such state. Choose one of: {known}.") from None
    return SubscriberFilter(state=wanted, language=language, rhythm=rhythm, topic=topic)


def _opened(file: Path) -> BinaryIO:
    if str(file) == "-":
        return sys.stdin.buffer
    try:
        return file.open("rb")
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror}). Check the name and its permissions.") from error
