"""`newsletter dkim …`: the keys that sign mail, and the records that make them known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.app import JsonOption, group, session
from newsletter.cli.help import examples

if TYPE_CHECKING:
    from newsletter.config.show import Shown
    from newsletter.mail import DkimKey

dkim = group("dkim", about="Make and show the keys that sign mail (RFC 6376).")

SelectorArgument = Annotated[
    str, typer.Argument(metavar="[SELECTOR]", help="The key's name in DNS; else one from today's month.")
]
Ed25519Option = Annotated[bool, typer.Option("--ed25519", help="A second, short signature beside RSA (RFC 8463).")]
BitsOption = Annotated[int, typer.Option("--bits", metavar="N", min=2048, max=4096, help="The length of an RSA key.")]


@dkim.command(
    short_help="Make a key, and print its DNS record.",
    epilog=examples("newsletter dkim keygen", "newsletter dkim keygen news2026e --ed25519"),
)
def keygen(
    ctx: typer.Context,
    selector: SelectorArgument = "",
    ed25519: Ed25519Option = False,
    bits: BitsOption = 2048,
    json: JsonOption = False,
) -> None:
    """Make a key, write it into the newsroom's `dkim` folder, and print the DNS record to publish.

    Mail is signed with it once `dkim.selectors` names it, so publish the record first. A key is never replaced:
    make one under another name, and let both records stand for a week.
    """
    from newsletter.config.dkim_files import write_dkim_file
    from newsletter.config.returns import read_selector
    from newsletter.config.show import write_value
    from newsletter.errors import UsageError
    from newsletter.mail.dkim_keys import DkimKind, new_dkim_key, read_dkim_key

    here = session(ctx, json=json)
    newsroom = here.newsroom()
    config, now = newsroom.config, newsroom.now
    kind = DkimKind.ED25519 if ed25519 else DkimKind.RSA
    try:
        name = read_selector(selector or f"news{now:%Y%m}{'e' if ed25519 else ''}")
    except ValueError as error:
        raise UsageError(str(error)) from None
    pem = new_dkim_key(kind, bits=bits)
    path = write_dkim_file(config.dkim.path, name, pem)
    key = read_dkim_key(pem, selector=name)
    chosen: Shown = [*dict.fromkeys((*config.dkim.selectors, name))]
    here.screen.say(f"The key is in {path}. Keep a copy with your backups, and out of version control.")
    here.screen.say("1. Publish this record:")
    here.screen.data({"path": path, **_facts(key, config.dkim.domain)}, [_zone_line(key, config.dkim.domain)])
    here.screen.say("2. When newsletter doctor finds it, sign with it; write into config.toml:")
    here.screen.say("[dkim]")
    here.screen.say(f"selectors = {write_value(chosen)}")


@dkim.command(short_help="Print the DNS records of the keys in use.", epilog=examples("newsletter dkim show"))
def show(ctx: typer.Context, json: JsonOption = False) -> None:
    """Print the DNS record of every key that `dkim.selectors` names. Nothing secret is shown."""
    from newsletter.config.dkim_files import read_dkim_file
    from newsletter.mail.dkim_keys import read_dkim_key

    here = session(ctx, json=json)
    config = here.newsroom().config
    keys = [read_dkim_key(read_dkim_file(config.dkim.path, one), selector=one) for one in config.dkim.selectors]
    here.screen.table(
        [_facts(key, config.dkim.domain) for key in keys],
        ("key", "bits", "record"),
        [(f"{key.selector} ({key.kind})", key.bits, _zone_line(key, config.dkim.domain)) for key in keys],
        empty="No key signs the mail. Make one: newsletter dkim keygen",
    )


def _zone_line(key: DkimKey, domain: str) -> str:
    from newsletter.trust import RecordKind, Wanted

    name = f"{key.selector}._domainkey.{domain}"
    return Wanted(name=name, kind=RecordKind.TXT, value=key.record, why="").as_zone_line()


def _facts(key: DkimKey, domain: str) -> dict[str, object]:
    name = f"{key.selector}._domainkey.{domain}"
    return {"selector": key.selector, "kind": key.kind, "bits": key.bits, "name": name, "record": key.record}
