"""The page docs/configuration.md, made from the table of settings.

Comes in: nothing. Goes out: Markdown, one sentence per line. A test keeps the committed page fresh.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from newsletter.config.setting import Setting, variable_name
from newsletter.config.table import SETTINGS

_HEAD = """\
# Configuration

A newsroom is a folder, and its settings stand in the file `config.toml` in it.
This page is made from the program's own table of settings.
Unknown settings are refused, and all faults are reported at once, each with its line.
`newsletter config show` prints every setting with its value and where it came from; secrets are masked.

## Where a value comes from

The strongest comes first:

1. an option of the command;
2. an environment variable;
3. `config.toml`;
4. the default.

The environment may hold secrets and the few values that differ from machine to machine, and no others.
Each of them may also be read from a file: the variable with `_FILE` at its end holds its path.
Or from a systemd credential named like the setting, as in `LoadCredential=store.url:/etc/newsletter/store.url`.
An empty variable counts as not set.
A file with a secret in it should be readable by nobody else (`chmod 600`).

## How values are written

A duration is numbers with units, in quotes: `"30s"`, `"30m"`, `"6h"`, `"1h30m"`, `"2d"`; at most a year.
A language tag is that of RFC 5646: `"en"`, `"fr"`, `"ar"`, `"pt-br"`.
A limit is a number of messages and a unit, in quotes: `"14/second"`, `"600/minute"`, `"5000/hour"`, `"50000/day"`.
A slug has lower-case letters, digits and single hyphens.
A relative path starts at the newsroom's folder.
"""

_SECTIONS = {
    "newsroom": "What the newsletter is called, where it lives and which languages it speaks.",
    "email": "From whom mail comes, and what happens when things go wrong.",
    "delivery": "Which way mail goes, and when.",
    "transports.NAME": "One section for each way out; NAME is a slug of yours, such as outbox or relay.",
    "dkim": "Which keys sign the mail (RFC 6376).",
    "dns": "What the world's name servers should say of the newsroom's mail; only `doctor` reads it.",
    "bounces": "Where mail that cannot be delivered, complaints and answers of machines come back.",
    "hooks": "Reports of mail providers, taken at `/hooks/…` of the web door.",
    "feeds": "How much the RSS, Atom and JSON feeds hold.",
    "topics.SLUG": "One section for each topic that readers may choose; SLUG is its part of the address.",
    "schedules.NAME": (
        "One section for each digest; NAME is a slug of yours, such as daily, weekly or monthly, "
        "and the rhythm that readers choose."
    ),
    "store": "Where the newsroom keeps its readers and its ledger.",
    "readers": "How readers come in by themselves.",
    "web": "The web door, `newsletter serve`.",
    "log": "What is written to the log.",
}


def configuration_reference() -> str:
    """The reference of all settings as Markdown, in the order of the table."""
    groups = groupby(SETTINGS, key=lambda setting: ".".join(setting.parts[:-1]))
    sections = [line for name, settings in groups for line in _section(name, tuple(settings))]
    return "\n".join([_HEAD, *sections]).rstrip() + "\n"


def _section(name: str, settings: tuple[Setting, ...]) -> Iterator[str]:
    yield f"## [{name}]\n"
    yield f"{_SECTIONS[name]}\n"
    for setting in settings:
        yield f"### `{setting.key}`\n"
        yield f"{setting.meaning}\n"
        yield f"- Value: {setting.kind}"
        yield f"- Default: {_default(setting.default)}"
        yield f"- Example: `{setting.parts[-1]} = {setting.example}`"
        if setting.environment:
            yield f"- Environment: `{variable_name(setting.parts)}`"
        yield ""


def _default(default: str) -> str:
    """The default as code, or in words where it is in brackets or absent."""
    if default.startswith("("):
        return default[1:-1]
    return f"`{default}`" if default else "none; it must be written"
