"""`newsletter subscribers …`: readers come in, are listed, and change their choices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.app import JsonOption, group, session
from newsletter.cli.help import examples
from newsletter.cli.values import picked
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.store.subscribers import SubscriberFilter
    from newsletter.subscribers import Choices

subscribers = group("subscribers", about="Add, list, import, export, change and let go readers.")

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The reader's address.", show_default=False)]
ConsentOption = Annotated[
    str, typer.Option(help="What they agreed to, and where: kept as proof.", metavar="TEXT", show_default=False)
]
NameOption = Annotated[str | None, typer.Option(metavar="TEXT", help="The reader's name.")]
LanguageOption = Annotated[str | None, typer.Option(metavar="TAG", help="en, fr, ar … (default: the newsroom's).")]
RhythmOption = Annotated[
    str | None, typer.Option(metavar="RHYTHM", help="each, daily, weekly, monthly or feed (default: each).")
]
ZoneOption = Annotated[str | None, typer.Option(metavar="ZONE", help="Such as Europe/Paris (default: the newsroom's).")]
HourOption = Annotated[str | None, typer.Option(metavar="HOUR", help="For digests: 0 to 23, in the reader's zone.")]
TopicOption = Annotated[
    list[str] | None, typer.Option("--topic", metavar="SLUG", help="Only this topic; may be repeated.")
]
StateFilter = Annotated[
    str | None,
    typer.Option("--state", metavar="STATE", help="Only: pending, active, unsubscribed, bounced or complained."),
]
LanguageFilter = Annotated[str | None, typer.Option("--language", metavar="TAG", help="Only this language.")]
RhythmFilter = Annotated[str | None, typer.Option("--rhythm", metavar="RHYTHM", help="Only this rhythm.")]

_SHOWN = ("uid", "address", "name", "state", "language", "rhythm", "topics", "time_zone", "hour", "joined_at")


@subscribers.command(
    no_args_is_help=True,
    short_help="Add one reader, with proof of consent.",
    epilog=examples(
        'newsletter subscribers add ada@example.org --consent "asked me at the harbour fair"',
        'newsletter subscribers add farid@example.org --language fr --rhythm weekly --consent "signed the list"',
    ),
)
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

    An address that is there already is left as it is. A suppressed one stays out: exit 1.
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
    arrival = str(added.arrival).replace(" ", "_")
    here.screen.data({"arrival": arrival, "message": added.message}, [added.message])
    if added.arrival is readers.Arrival.SUPPRESSED:
        raise typer.Exit(1)


@subscribers.command(
    "list",
    short_help="List readers in order of sign-up.",
    epilog=examples("newsletter subscribers list", "newsletter subscribers list --state active --topic culture"),
)
def list_subscribers(
    ctx: typer.Context,
    state: StateFilter = None,
    language: LanguageFilter = None,
    rhythm: RhythmFilter = None,
    topic: Annotated[str | None, typer.Option(metavar="SLUG", help="Only readers who get this topic.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, metavar="NUMBER", help="At most this many.")] = 100,
    json: JsonOption = False,
) -> None:
    """List readers in order of sign-up; `subscribers export` gives all of them."""
    from newsletter import subscribers as readers

    here = session(ctx, json=json)
    rows = readers.list_subscribers(here.newsroom().store, chosen(state, language, rhythm, topic), limit=limit)
    is_all = not any((state, language, rhythm, topic))
    here.screen.table(
        [picked(row, _SHOWN) for row in rows],
        ("address", "state", "language", "rhythm", "topics", "time zone", "joined"),
        [
            (r.address, r.state, r.language, r.rhythm, ", ".join(r.topics) or "all", r.time_zone, r.joined_at)
            for r in rows
        ],
        empty="There is no reader yet. Add one: newsletter subscribers add ADDRESS --consent TEXT"
        if is_all
        else "No reader matches.",
    )
    if len(rows) == limit:
        here.screen.say(f"These are the first {limit:,}; newsletter subscribers export gives all.")


@subscribers.command(
    "set",
    no_args_is_help=True,
    short_help="Change what a reader chose, as they asked.",
    epilog=examples(
        "newsletter subscribers set ada@example.org --rhythm weekly --hour 7",
        "newsletter subscribers set ada@example.org --topic culture --topic harbour",
    ),
)
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
    json: JsonOption = False,
) -> None:
    """Change what a reader chose, as they asked; what is queued already stays as it is."""
    from newsletter import subscribers as readers

    here = session(ctx, json=json)
    if all_topics and topic:
        raise UsageError("--topic and --all-topics exclude each other. Pass the one you mean. Nothing was done.")
    newsroom = here.newsroom()
    choices = _choices(name, language, rhythm, time_zone, hour, [] if all_topics else topic)
    changed = readers.update_choices(newsroom.store, address, choices, intake=newsroom.intake)
    chosen = (changed.language, changed.rhythm, " ".join(changed.topics) or "all topics", changed.time_zone)
    here.screen.data(picked(changed, _SHOWN), [f"{readers.mask(changed.address)}: {', '.join(chosen)}"])


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


def chosen(state: str | None, language: str | None, rhythm: str | None, topic: str | None) -> SubscriberFilter:
    """The filter that the options of `list` and `export` mean. Raises UsageError for an unknown state."""
    from newsletter.model import SubscriberState
    from newsletter.store.subscribers import SubscriberFilter

    try:
        wanted = None if state is None else SubscriberState(state)
    except ValueError:
        known = ", ".join(SubscriberState)
        raise UsageError(f"--state {state}: there is no such state. Choose one of: {known}.") from None
    return SubscriberFilter(state=wanted, language=language, rhythm=rhythm, topic=topic)
