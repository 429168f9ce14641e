"""`newsletter config …`: is config.toml right, and where did each value come from."""

from __future__ import annotations

import os

import typer

from newsletter.cli.app import JsonOption, app, session

config = typer.Typer(help="Check and show the configuration.", no_args_is_help=True)
app.add_typer(config, name="config", rich_help_panel="Set up")


@config.command()
def check(ctx: typer.Context) -> None:
    """Read config.toml and the environment; every fault at once, with its line. Exit 78 if there is one."""
    from newsletter.config import load_config

    here = session(ctx)
    loaded = load_config(here.folder, environ=os.environ)
    for warning in loaded.warnings:
        here.screen.warn(warning)
    here.screen.say("The configuration is right.")


@config.command()
def show(ctx: typer.Context, json: JsonOption = False) -> None:
    """Show every setting, its value and where it came from. Secrets are masked."""
    from newsletter.config import load_config
    from newsletter.config.show import show as settings_of

    here = session(ctx, json=json)
    shown = settings_of(load_config(here.folder, environ=os.environ))
    here.screen.table(
        [{"key": s.key, "value": s.value, "origin": s.origin} for s in shown],
        ("key", "value", "from"),
        [(s.key, s.value, s.origin) for s in shown],
        empty="",
    )
