"""`publish`: the one-off manual publish, from the plan to the closing balance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from newsletter.cli.app import ExitCodeOption, JsonOption, YesOption, app, session
from newsletter.cli.appointments import held_until, local_hour, read_hour, schedule
from newsletter.cli.help import examples
from newsletter.cli.values import counted, hour
from newsletter.errors import PreflightError, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.cli.screen import Screen
    from newsletter.cli.sending import Sent
    from newsletter.editions import Draft, Plan, Released
    from newsletter.newsroom import Newsroom
    from newsletter.store.editions import StoredEdition

COUNT_BY_HAND = 1_000

ArticleFiles = Annotated[
    list[Path],
    typer.Argument(
        metavar="ARTICLE", help="The articles' files: .md, .html or .txt.", show_default=False, readable=False
    ),
]
TitleOption = Annotated[str | None, typer.Option(metavar="TEXT", help="The title, where the file has none.")]
LanguageOption = Annotated[
    str | None, typer.Option(metavar="TAG", help="The language (en, fr …), where the file does not say.")
]


@app.command(
    no_args_is_help=True,
    short_help="Publish articles in feeds, on pages and by email.",
    epilog=examples(
        "newsletter publish articles/spring.md --dry-run",
        "newsletter publish articles/spring.md",
        'newsletter publish ../handed-over.txt --title "Spring tides" --feed-only',
        "newsletter publish articles/spring.md --to you@example.org",
        'newsletter publish articles/spring.md --at "2026-12-01 08:00"',
    ),
)
def publish(
    ctx: typer.Context,
    articles: ArticleFiles,
    title: TitleOption = None,
    subject: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The email's subject (default: the title).")
    ] = None,
    language: LanguageOption = None,
    feed_only: Annotated[bool, typer.Option("--feed-only", help="Feeds and page only; mail nobody.")] = False,
    everyone: Annotated[bool, typer.Option("--everyone", help="Mail readers of digests now, too.")] = False,
    each: Annotated[bool, typer.Option("--each", help="One edition per article.")] = False,
    significant: Annotated[bool, typer.Option("--significant", help="An edit that feeds show as updated.")] = False,
    note: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What was changed, told on the page and in feeds.")
    ] = None,
    mail_correction: Annotated[
        bool, typer.Option("--mail-correction", help="Mail the correction to those who got the old text.")
    ] = False,
    now: Annotated[
        bool, typer.Option("--now", help="Publish now, whatever the file says, and without a hold.")
    ] = False,
    at: Annotated[
        str | None,
        typer.Option(metavar="'DATE HH:MM'", help="Publish at this hour, in the newsroom's zone unless it names one."),
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="Another article at a known path.")] = False,
    same: Annotated[bool, typer.Option("--same", help="A revision, however much it changed.")] = False,
    to: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Send a test copy to this address only.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would happen; change nothing.")] = False,
    yes: YesOption = False,
    json: JsonOption = False,
    exit_code: ExitCodeOption = False,
) -> None:
    """Publish articles: a page, feed entries, and an email to each reader who wants each article.

    First it shows the plan and asks. Run again, it sends nothing twice: it goes on where a stopped run
    left off, or says that all is done. With --at, or publish_at in the file, all is made ready now and goes
    out at that hour, when `newsletter serve` or `newsletter tick` finds it due.
    """
    from newsletter.editions import PublishWishes, Wishes

    here = session(ctx, json=json)
    _refuse_contradictions(
        {"--new": new, "--same": same},
        {"--to": to is not None, "--dry-run": dry_run},
        {"--at": at is not None, "--now": now},
        {"--at": at is not None, "--to": to is not None},
        {"--at": at is not None, "--note": note is not None},
        {"--feed-only": feed_only, "--everyone": everyone},
        {"--title": title is not None, "several articles": len(articles) > 1},
    )
    _refuse_line("--subject", subject, "to mail under the article's title")
    _refuse_line("--note", note, "where there is nothing to say")
    if mail_correction and note is None:
        raise UsageError("--mail-correction needs --note: the email says what was changed.")
    newsroom = here.newsroom()
    files = here.files(articles)
    hour_to_come = None if now or to is not None else _hour_to_come(newsroom, files, at)
    plan = newsroom.plan(
        files,
        wishes=Wishes(
            title=title,
            language=language,
            claim="new" if new else "same" if same else None,
            any_date=now or to is not None or hour_to_come is not None,
            for_a_look=to is not None,
        ),
        publish=PublishWishes(
            subject=subject,
            feed_only=feed_only,
            everyone=everyone,
            each=each,
            significant=significant,
            sample=to is not None,
            now=now,
            note=note,
            mail_correction=mail_correction,
        ),
        at=hour_to_come,
    )
    if to is not None:
        _send_test(newsroom, plan, to, here.screen)
        return
    _show_plan(newsroom, plan, here.screen, dry_run=dry_run)
    if hour_to_come is None and not now:
        hour_to_come = held_until(newsroom, plan)
    if hour_to_come is not None:
        here.screen.say(f"goes out    {local_hour(newsroom, hour_to_come)}")
    if dry_run:
        if plan.editions and (reason := newsroom.paused_reason()):
            here.screen.warn(f"The newsroom is paused ({reason}): it would mail nobody before newsletter resume.")
        here.screen.say("Nothing was changed (--dry-run).")
        return
    corrected = newsroom.looks.correction_readers(plan) if mail_correction else 0
    # An unedited article may still be owed the mail of its correction, or wait for the rest of it.
    noted = {"changed", "same"} if mail_correction else {"changed"}
    if note is not None and not any(draft.standing in noted for draft in plan.drafts):
        raise UsageError("--note goes with an article that was published and has been edited since. Nothing was done.")
    if plan.changes_something or corrected:
        _ask(plan.recipients + corrected, here.screen, yes=yes)
    if hour_to_come is not None:
        schedule(newsroom, plan, hour_to_come, here.screen)
        return
    _carry_out(newsroom, plan, here.screen, exit_code=exit_code)


def _hour_to_come(newsroom: Newsroom, files: list[Path], at: str | None) -> datetime | None:
    """The hour that --at or the files name, aware UTC, or None for now. Raises UsageError for one that is past."""
    from newsletter.editions import wished_hour

    if at is not None:
        return read_hour(newsroom, at)
    return wished_hour(files, masthead=newsroom.masthead, now=newsroom.now)


def _refuse_contradictions(*pairs: dict[str, bool]) -> None:
    """Raise UsageError for a pair of wishes that cannot both be meant."""
    for pair in pairs:
        if all(pair.values()):
            raise UsageError(f"{' and '.join(pair)} exclude each other. Pass the one you mean. Nothing was done.")


def _refuse_line(option: str, text: str | None, otherwise: str) -> None:
    if text is not None and not text.strip():
        raise UsageError(f"{option} is empty. Leave it out {otherwise}.")
    if text is not None and len(text.splitlines()) > 1:
        raise UsageError(f"{option} holds a line break. Write it on one line.")


def _show_plan(newsroom: Newsroom, plan: Plan, screen: Screen, *, dry_run: bool) -> None:
    """The plan on stdout where it is the result, else on stderr; raises PreflightError when errors keep it home."""
    from newsletter.cli.plan_view import finding_lines, plan_data, plan_lines

    feeds = newsroom.looks.feeds_that_change(plan)
    if dry_run or (plan.errors and screen.json):
        screen.data(plan_data(plan, feeds), plan_lines(plan, feeds))
    elif plan.changes_something:
        for line in plan_lines(plan, feeds):
            screen.say(line)
    errors = set(plan.errors)
    for line in finding_lines([pair for pair in plan.findings if pair in errors]):
        screen.warn(line)
    for line in finding_lines([pair for pair in plan.findings if pair not in errors], notes=screen.verbose):
        screen.say(line)
    if plan.errors:
        number = counted(len(plan.errors), "error")
        raise PreflightError(f"{number} above: nothing was published. Mend the article and run the command again.")


def _ask(number: int, screen: Screen, *, yes: bool) -> None:
    whom = counted(number, "reader") if number else "nobody"
    consequence = f"This publishes and mails {whom}"
    if number >= COUNT_BY_HAND and not yes:
        screen.require_number(f"This mails {whom}. Type that number to agree", number, consequence=consequence)
    else:
        screen.require_yes(f"Publish, and mail {whom}?", consequence=consequence, yes=yes)


def _carry_out(newsroom: Newsroom, plan: Plan, screen: Screen, *, exit_code: bool) -> None:
    from newsletter.cli.sending import send_with_progress, tell_sent

    released = newsroom.publish(plan)
    _tell_standing(plan, screen)
    editions = {edition.id: edition for edition in (*released.editions, *plan.open, *_resting(plan))}
    sent = send_with_progress(newsroom, list(editions.values()), screen)
    places = _places(newsroom, plan)
    outbox = [f"outbox  {places['outbox']}"] if places["outbox"] else []
    lines = [*(f"page    {page}" for page in places["pages"]), f"feeds   {places['feeds']}", *outbox]
    screen.data(_result(plan, released, places, sent), lines)
    tell_sent(sent, screen)
    if exit_code and not plan.changes_something and not editions:
        raise typer.Exit(3)
    raise typer.Exit(sent.exit_code)


def _resting(plan: Plan) -> list[StoredEdition]:
    """Earlier editions of the plan's articles that a person paused, or a brake."""
    return [edition for edition in plan.mailed if edition.state in ("paused", "held")]


class Places(TypedDict):
    """Where a person finds what was published; `outbox` is None when mail leaves this machine."""

    pages: list[str]
    feeds: str
    outbox: str | None


def _places(newsroom: Newsroom, plan: Plan) -> Places:
    site = newsroom.folder / "site"
    articles = [draft.article for draft in plan.drafts]
    outbox = newsroom.config.transport.path
    return Places(
        pages=[str(site / article.language / article.slug / "index.html") for article in articles],
        feeds=str(newsroom.folder / "feeds"),
        outbox=None if outbox is None else str(outbox),
    )


def _result(plan: Plan, released: Released, places: Places, sent: Sent) -> dict[str, object]:
    from newsletter.cli.plan_view import article_data, findings_data
    from newsletter.cli.sending import report_data

    return {
        "published": released.published,
        "revised": released.revised,
        "articles": [article_data(draft) for draft in plan.drafts],
        "places": places,
        "editions": [report_data(report) for report in sent.reports],
        "findings": findings_data(plan.findings),
    }


def _tell_standing(plan: Plan, screen: Screen) -> None:
    for draft in plan.drafts:
        sentence = _standing(draft, plan)
        if sentence:
            screen.say(f"{draft.source_path}: {sentence}")


def _standing(draft: Draft, plan: Plan) -> str:
    """What became of an article that was known before, and why nobody is mailed because of it."""
    if draft.standing == "withdrawn":
        return "is back in page and feeds, under its old id. That mails nobody."
    if draft.standing == "changed":
        told = "" if plan.wishes.mail_correction else " A revision mails nobody."
        return "" if plan.editions else f"the new text is in page and feeds.{told}"
    if draft.standing != "same" or plan.editions:
        return ""
    if plan.open:
        return "was published before; what waits of its mail is sent now."
    if _resting(plan):
        return "was published before; its mail rests."
    mailed = [edition for edition in plan.mailed if edition.released_at and not edition.dedupe_key.startswith("again:")]
    how = f"mailed on {hour(mailed[0].released_at)}" if mailed and mailed[0].released_at else "never mailed"
    again = "" if mailed else " To mail it now to all active readers, pass --everyone."
    return f"already published and unchanged, {how}. Nobody is mailed again.{again}"


def _send_test(newsroom: Newsroom, plan: Plan, address: str, screen: Screen) -> None:
    from newsletter.cli.plan_view import finding_lines

    for line in finding_lines(plan.findings, notes=screen.verbose):
        screen.say(line)
    number = newsroom.looks.send_test(plan, address)
    screen.data({"to": address, "messages": number}, [f"{counted(number, 'test message')} handed over for {address}"])
