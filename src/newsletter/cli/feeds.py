"""`newsletter feeds …`: the written feeds and pages."""

from __future__ import annotations

import typer

from newsletter.cli.app import ExitCodeOption, JsonOption, group, session
from newsletter.cli.help import examples

feeds = group("feeds", about="The written feeds and pages.")


@feeds.command(short_help="Write feeds and pages again.", epilog=examples("newsletter feeds build"))
def build(ctx: typer.Context, json: JsonOption = False, exit_code: ExitCodeOption = False) -> None:
    """Write every feed and page again from what is published; files that say the same are left alone."""
    from newsletter.cli.plan_view import finding_lines

    here = session(ctx, json=json)
    newsroom = here.newsroom()
    with here.screen.working("writing feeds and pages …"):
        written = newsroom.renew_outputs(everything=True)
    changed, removed = len(written.changed), len(written.removed)
    here.screen.data(
        {"changed": written.changed, "removed": written.removed, "unchanged": written.unchanged},
        [*written.changed, f"{changed:,} written, {removed:,} removed, {written.unchanged:,} unchanged"],
    )
    for line in finding_lines(written.findings):
        here.screen.warn(line)
    if exit_code and not changed and not removed:
        raise typer.Exit(3)
