"""What `--help` says: commands in sections, and an example for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.core import TyperGroup

if TYPE_CHECKING:
    # Typer's own copy of click: only the types are named, so another Typer works, too.
    from typer._click import Context, HelpFormatter

SECTIONS = {
    "Set up": ("init", "config", "doctor", "dkim", "rehearse-auth", "db"),
    "Publish": ("publish", "preview", "check", "articles"),
    "Schedules": ("schedule", "rehearse", "tick"),
    "Readers": ("subscribers", "readers", "why", "suppressions", "bounces", "bounce"),
    "Run": ("serve", "status", "editions", "deliveries", "notices", "feeds", "resume"),
}

EXIT_CODES = {
    0: "done, also when nothing was due",
    1: "an email failed or its end is unknown, or something else went wrong",
    2: "the command cannot mean that; nothing was done",
    3: "nothing was due, where --exit-code asks for it",
    4: "preflight found errors; what they concern stays home",
    74: "disk or database refused",
    75: "try again later: mail waits, the relay is away, or the database is busy",
    78: "the configuration is wrong",
    130: "stopped by Ctrl-C; the same command goes on",
}


def examples(*commands: str) -> str:
    """The end of a help text: one command a line, not wrapped (the \\b is Typer's mark for that)."""
    title = "Example:" if len(commands) == 1 else "Examples:"
    return "\n".join(["\b", title, *(f"  {command}" for command in commands)])


def exit_codes() -> str:
    """The table of exit codes for the end of a help text."""
    return "\n".join(["\b", "Exit codes:", *(f"  {code:>3}  {meaning}" for code, meaning in EXIT_CODES.items())])


class Sections(TyperGroup):
    """Typer's group, with its commands listed under headings: without Rich, Typer has none."""

    def list_commands(self, ctx: Context) -> list[str]:
        """The commands in the order of SECTIONS; one that is missing there comes last."""
        order = [name for names in SECTIONS.values() for name in names]
        return sorted(self.commands, key=lambda name: order.index(name) if name in order else len(order))

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write each section with a line for each of its commands."""
        widest = max(map(len, self.commands))
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(name.ljust(widest), self.commands[name].get_short_help_str(limit=80)) for name in names]
                )
