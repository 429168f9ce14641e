"""`newsletter config …`: is config.toml right, and where did each value come from."""

from __future__ import annotations

import os

import typer

from newsletter.cli.app import JsonOption, group, session
from newsletter.cli.help import examples
from newsletter.cli.values import plain

config = group("config", about="Check and show the configuration.")


@config.command(short_help="Read the configuration; every fault at once.", epilog=examples("newsletter config check"))
def check(ctx: typer.Context, json: JsonOption = False) -> None:
    """Read config.toml and the environment; every fault at once, with its line. Exit 78 if there is one."""
    from newsletter.config import load_config
    from newsletter.errors import ConfigError

    here = session(ctx, json=json)
    try:
        loaded = load_config(here.folder, environ=os.environ)
    except ConfigError as error:
        if here.screen.json:
            here.screen.data({"warnings": [], "faults": error.faults})
        raise
    here.screen.data({"warnings": loaded.warnings, "faults": []})
    for warning in loaded.warnings:
        here.screen.warn(warning)
    here.screen.say("The configuration is right.")


@config.command(short_help="Show every setting and its origin.", epilog=examples("newsletter config show"))
def show(ctx: typer.Context, json: JsonOption = False) -> None:
    """Show every setting, its value and where it came from. Secrets are masked.

    docs/configuration.md explains each.
    """
    from newsletter.config import load_config
    from newsletter.config.show import show as settings_of

    here = session(ctx, json=json)
    settings = settings_of(load_config(here.folder, environ=os.environ))
    here.screen.table(
        [{"key": setting.key, "value": setting.value, "origin": setting.origin} for setting in settings],
        ("setting", "value", "from"),
        [(setting.key, plain(setting.text), setting.origin) for setting in settings],
        empty="",
    )
