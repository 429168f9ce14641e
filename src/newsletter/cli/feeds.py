"""`newsletter feeds …`: the written feeds and pages."""

from __future__ import annotations

import typer

from newsletter.cli.app import ExitCodeOption, JsonOption, group, session
from newsletter.cli.help import examples
from newsletter.cli.values import picked

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


@feeds.command(short_help="Who is told of changes, and who is not reached.", epilog=examples("newsletter feeds hubs"))
def hubs(ctx: typer.Context, json: JsonOption = False) -> None:
    """Show which hubs are told of changed feeds, who subscribes to our own, what waits, and who is not reached.

    `serve` does the telling; `feeds.hubs` and `feeds.hub` in config.toml say whom there is to tell.
    """
    here = session(ctx, json=json)
    newsroom = here.newsroom()
    config, status = newsroom.config, newsroom.hub_desk().status()
    lines = [f"hub          {hub}" for hub in config.hubs] or ["No hub is told: set feeds.hub or feeds.hubs."]
    lines += [f"subscribers  {number:,} of {topic}" for topic, number in sorted(status.subscriptions.items())]
    lines += [f"asked        {status.requests:,} not yet confirmed"] if status.requests else []
    lines += [f"waiting      {number:,} {kind}" for kind, number in sorted(status.waiting.items()) if number]
    here.screen.data(
        {
            "hubs": config.hubs,
            "subscriptions": dict(status.subscriptions),
            "requests": status.requests,
            "waiting": dict(status.waiting),
            "unreached": [picked(one, ("topic", "host", "failures", "reason")) for one in status.unreached],
        },
        lines,
    )
    for one in status.unreached:
        here.screen.warn(f"{one.host}: {one.reason} ({one.failures} times in a row; {one.topic})")
