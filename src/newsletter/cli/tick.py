"""`tick`: one step of everything that is due, for those who use cron or a systemd timer instead of `serve`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from newsletter.cli.app import ExitCodeOption, JsonOption, app, session
from newsletter.cli.help import examples
from newsletter.cli.ticks import tick_data, tick_lines
from newsletter.errors import NewsroomPaused

if TYPE_CHECKING:
    pass


@app.command(
    short_help="Do what is due once: publish, make digests, send.",
    epilog=examples("newsletter tick", "newsletter tick --json"),
)
def tick(ctx: typer.Context, json: JsonOption = False, exit_code: ExitCodeOption = False) -> None:
    """Do what is due once, for cron and systemd timers: publish, make digests, send mail and notices.

    Call it every few minutes, and at least once an hour; docs/operations has the files. Beside `serve`, or
    twice at once, it does nothing twice. Quiet when nothing was due. Exit 1 if something could not be done,
    75 if it has to wait.
    """
    from newsletter.cli.notices import send_notices_due
    from newsletter.cli.sending import report_data, send_with_progress, tell_sent

    here = session(ctx, json=json)
    newsroom = here.newsroom()
    ticked = newsroom.tick()
    if ticked.paused is not None:
        raise NewsroomPaused(f"The newsroom is paused: {ticked.paused}. When you are sure: newsletter resume")
    for line in tick_lines(ticked):
        here.screen.say(line)
    due = newsroom.schedules().due_editions()
    sent = send_with_progress(newsroom, due, here.screen, follow=False)
    tell_sent(sent, here.screen)
    notices = send_notices_due(newsroom)
    here.screen.data(
        {**tick_data(ticked), "editions": [report_data(report) for report in sent.reports], "notices": notices}
    )
    nothing = not (ticked.published or ticked.slots or ticked.held or ticked.faults or due or notices.sent)
    if exit_code and nothing:
        raise typer.Exit(3)
    raise typer.Exit(1 if ticked.faults else sent.exit_code if due else 0)
