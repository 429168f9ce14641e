"""`publish`, `preview`, `check`: the one-off manual publish and the two looks before it."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.app import JsonOption, YesOption, app, session
from newsletter.cli.plan_view import balance_line, finding_lines, findings_data, plan_data, plan_lines
from newsletter.cli.screen import Screen
from newsletter.errors import PreflightError, UsageError
from newsletter.model import DeliveryState, EditionState

if TYPE_CHECKING:
    from rich.progress import TaskID

    from newsletter.answers import EditionReport
    from newsletter.delivery import Balance
    from newsletter.editions.plan import Plan
    from newsletter.newsroom import Newsroom
    from newsletter.store.editions import StoredEdition

COUNT_BY_HAND = 1_000

Articles = Annotated[list[Path], typer.Argument(help="The articles' files: .md, .html or .txt.", show_default=False)]
TitleOption = Annotated[str | None, typer.Option(help="The title, where the file has none.")]
LanguageOption = Annotated[str | None, typer.Option(help="The language (en, fr, …), where the file does not say.")]


@app.command(rich_help_panel="Publish")
def publish(
    ctx: typer.Context,
    articles: Articles,
    title: TitleOption = None,
    subject: Annotated[str | None, typer.Option(help="The email's subject (default: the title).")] = None,
    language: LanguageOption = None,
    feed_only: Annotated[bool, typer.Option("--feed-only", help="Feeds and page only; mail nobody.")] = False,
    everyone: Annotated[bool, typer.Option("--everyone", help="Mail readers of digests now, too.")] = False,
    each: Annotated[bool, typer.Option("--each", help="One edition per article.")] = False,
    significant: Annotated[bool, typer.Option("--significant", help="An edit that feeds show as updated.")] = False,
    now: Annotated[bool, typer.Option("--now", help="Publish although the article's date is in the future.")] = False,
    new: Annotated[bool, typer.Option("--new", help="Another article at a known path.")] = False,
    same: Annotated[bool, typer.Option("--same", help="A revision, however much it changed.")] = False,
    to: Annotated[str | None, typer.Option(help="Send a test copy to this address only.", metavar="ADDRESS")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would happen; change nothing.")] = False,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Publish articles: a page, feed entries, and an email to each reader who wants each article.

    Run again, it sends nothing twice: it goes on where a stopped run left off, or says that all is done.

    Examples: `newsletter publish articles/spring.md --dry-run`, then the same without `--dry-run`.
    """
    from newsletter.editions.draft import Wishes
    from newsletter.editions.plan import PublishWishes

    here = session(ctx, json=json)
    if new and same:
        raise UsageError("--new and --same exclude each other. Pass the one that is true.")
    if title and len(articles) > 1:
        raise UsageError("--title names one article. Publish them one by one, or write titles into the files.")
    newsroom = here.newsroom()
    claim = "new" if new else "same" if same else None
    wishes = Wishes(title=title, language=language, claim=claim, any_date=now or dry_run)  # type: ignore[arg-type]  # literals
    plan = newsroom.plan(
        articles,
        wishes=wishes,
        publish=PublishWishes(
            subject=subject,
            feed_only=feed_only,
            everyone=everyone,
            each=each,
            significant=significant,
            sample=to is not None,
        ),
    )
    if to is not None:
        _send_test(newsroom, plan, to, here.screen)
        return
    _show_plan(newsroom, plan, here.screen, as_data=dry_run)
    if plan.errors:
        raise PreflightError(f"{len(plan.errors)} error(s) keep it home; nothing was done. Mend them and run it again.")
    if dry_run:
        here.screen.say("Nothing was changed (--dry-run).")
        return
    if plan.changes_something and not yes:
        _ask(plan, here.screen)
    _carry_out(newsroom, plan, here.screen)


def _show_plan(newsroom: Newsroom, plan: Plan, screen: Screen, *, as_data: bool) -> None:
    feeds = newsroom.feeds_that_change(plan)
    if as_data:
        screen.data(plan_data(plan, feeds), plan_lines(plan, feeds))
    elif plan.changes_something:
        for line in plan_lines(plan, feeds):
            screen.say(line)
    for line in finding_lines(plan.findings):
        screen.say(line)


def _ask(plan: Plan, screen: Screen) -> None:
    number = plan.recipients
    if not screen.can_ask:
        raise UsageError(f"This would mail {number} readers and there is nobody to ask. Pass --yes to agree.")
    if number >= COUNT_BY_HAND:
        answer = typer.prompt(f"This mails {number} readers. Type the number to agree", err=True)
        agreed = str(answer).replace(",", "").replace(" ", "") == str(number)
    else:
        agreed = typer.confirm(f"Publish, and mail {number} readers?" if number else "Publish?", err=True)
    if not agreed:
        raise UsageError("Nothing was done.")


def _carry_out(newsroom: Newsroom, plan: Plan, screen: Screen) -> None:
    released = newsroom.publish(plan)
    _tell_what_was_known(plan, screen)
    editions = {edition.id: edition for edition in (*released.editions, *plan.open)}
    reports, stopped = send_with_progress(newsroom, list(editions.values()), screen)
    places = newsroom.places(plan)
    result = {
        "published": released.published,
        "revised": released.revised,
        "places": places,
        "editions": [report_data(report) for report in reports],
    }
    screen.data(result, [f"{name:<6} {path}" for name, path in places.items()])
    tell_reports(reports, screen)
    if stopped:
        screen.warn("Stopped. What was not sent is sent by the same command, run again.")
        raise typer.Exit(130)
    raise typer.Exit(exit_code_of(reports))


def _tell_what_was_known(plan: Plan, screen: Screen) -> None:
    for draft in plan.drafts:
        if draft.standing == "same":
            mailed = [edition for edition in plan.mailed if not edition.dedupe_key.startswith("again:")]
            how = (
                f"mailed on {mailed[0].released_at:%Y-%m-%d %H:%M} UTC"
                if mailed and mailed[0].released_at
                else "never mailed"
            )
            again = "" if mailed or plan.editions else " To mail it now to all active readers, pass --everyone."
            screen.say(f"{draft.source_path}: already published and unchanged, {how}. Nobody is mailed again.{again}")
        elif draft.standing == "changed" and not plan.editions:
            screen.say(f"{draft.source_path}: the new text is in page and feeds. A revision mails nobody.")


def _send_test(newsroom: Newsroom, plan: Plan, address: str, screen: Screen) -> None:
    for line in finding_lines(plan.findings):
        screen.say(line)
    count = newsroom.send_test(plan, address)
    screen.data({"to": address, "messages": count}, [f"{count} test message(s) handed over for {address}."])


def send_with_progress(
    newsroom: Newsroom, editions: list[StoredEdition], screen: Screen
) -> tuple[list[EditionReport], bool]:
    """Send editions, with a progress bar on a terminal; Ctrl-C drains. Gives reports, and whether it was stopped."""
    stop = threading.Event()

    def ask_to_stop(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        screen.warn("Stopping after the message in flight … (again to leave at once)")

    earlier = {which: signal.signal(which, ask_to_stop) for which in (signal.SIGINT, signal.SIGTERM)}
    try:
        return _send(newsroom, editions, screen, stop), stop.is_set()
    finally:
        for which, handler in earlier.items():
            signal.signal(which, handler)


def _send(
    newsroom: Newsroom, editions: list[StoredEdition], screen: Screen, stop: threading.Event
) -> list[EditionReport]:
    if screen.quiet or screen.json or not sys.stderr.isatty():
        return [newsroom.send(edition, stop=stop.is_set) for edition in editions]
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    reports = []
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        for edition in editions:
            bar = bars.add_task(f"sending {edition.uid[:8]}", total=edition.audience)

            def show(balance: Balance, bar: TaskID = bar) -> None:
                bars.update(bar, completed=balance.audience - unsettled(balance))

            reports.append(newsroom.send(edition, stop=stop.is_set, progress=show))
    return reports


def unsettled(balance: Balance) -> int:
    """How many emails are still to be tried in this run or the next."""
    return sum(balance.count(state) for state in (DeliveryState.QUEUED, DeliveryState.LEASED, DeliveryState.DEFERRED))


def report_data(report: EditionReport) -> dict[str, object]:
    """An edition's balance as stable JSON."""
    balance = report.balance
    return {
        "uid": report.edition.uid,
        "state": balance.state,
        "reason": balance.reason,
        "considered": balance.considered,
        "audience": balance.audience,
        "by_state": {state.name.lower(): number for state, number in balance.by_state.items()},
        "excluded": balance.excluded,
        "next_at": balance.next_at,
    }


def tell_reports(reports: list[EditionReport], screen: Screen) -> None:
    """The closing balance of each edition, and what a person has to look at."""
    for report in reports:
        uid, balance = report.edition.uid, report.balance
        if not balance.audience:
            screen.say(f"edition {uid}: nobody is due, so it counts as sent. {balance_line(balance)}")
            continue
        screen.say(f"edition {uid}: {balance.state}. {balance_line(balance)}")
        if balance.state is EditionState.PAUSED:
            screen.warn(f"edition {uid} is paused: {balance.reason} Go on with: newsletter editions resume {uid}")
        if balance.next_at:
            screen.warn(f"Some are deferred; from {balance.next_at:%H:%M} UTC on: newsletter editions resume {uid}")
        doubtful = balance.count(DeliveryState.FAILED), balance.count(DeliveryState.UNKNOWN)
        if any(doubtful):
            screen.warn(f"{doubtful[0]} failed, {doubtful[1]} unknown. Look: newsletter deliveries list {uid}")


def exit_code_of(reports: list[EditionReport]) -> int:
    """1 if an email failed or is unknown, 75 if only deferred or paused, else 0."""
    balances = [report.balance for report in reports]
    if any(b.count(DeliveryState.FAILED) or b.count(DeliveryState.UNKNOWN) for b in balances):
        return 1
    return 75 if any(b.state in (EditionState.SENDING, EditionState.PAUSED) for b in balances) else 0


@app.command(rich_help_panel="Publish")
def preview(
    ctx: typer.Context,
    article: Annotated[Path, typer.Argument(help="The article's file.", show_default=False)],
    title: TitleOption = None,
    language: LanguageOption = None,
    into: Annotated[Path | None, typer.Option(help="The folder to write to (default: preview/SLUG).")] = None,
    json: JsonOption = False,
) -> None:
    """Write the email (HTML and text), the page and the feed entries to a folder, and print the paths.

    Nothing is published. Open `email.html` and `page.html` in a browser.
    """
    from newsletter.editions.draft import Wishes

    here = session(ctx, json=json)
    wishes = Wishes(title=title, language=language, any_date=True)
    written, findings = here.newsroom().preview(article, wishes=wishes, into=into)
    here.screen.data({"files": written, "findings": findings_data(findings)}, [str(path) for path in written])
    for line in finding_lines(findings):
        here.screen.say(line)


@app.command(rich_help_panel="Publish")
def check(
    ctx: typer.Context,
    article: Annotated[Path, typer.Argument(help="The article's file.", show_default=False)],
    title: TitleOption = None,
    language: LanguageOption = None,
    json: JsonOption = False,
) -> None:
    """Look an article over: one line per finding, with its place and what to do. Exit 4 if one is an error."""
    from newsletter.editions.draft import Wishes

    here = session(ctx, json=json)
    findings = here.newsroom().check(article, wishes=Wishes(title=title, language=language, any_date=True))
    here.screen.data(findings_data(findings), finding_lines(findings))
    if any(finding.severity == "error" for _, finding in findings):
        raise typer.Exit(4)
    if not findings:
        here.screen.say("Nothing found: it can go out.")
