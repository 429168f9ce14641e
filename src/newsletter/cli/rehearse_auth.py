"""`rehearse-auth`: whether receivers would take a real message for ours, before or after the records are published."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.app import JsonOption, Session, app, session
from newsletter.cli.help import examples
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.newsroom import Newsroom
    from newsletter.trust import AuthResult, MailIdentity, Names

FAILED = 4
_MAX_OCTETS = 50_000_000
_ARTICLES = frozenset({".md", ".markdown", ".html", ".htm", ".txt"})
_RETURN_PATH = re.compile(rb"^Return-Path:[ \t]*<([^>\r\n]*)>", re.IGNORECASE | re.MULTILINE)


@app.command(
    "rehearse-auth",
    short_help="Would receivers trust a message? SPF, DKIM, DMARC.",
    epilog=examples(
        "newsletter rehearse-auth",
        "newsletter rehearse-auth message.eml",
        "newsletter rehearse-auth message.eml --dns --ip 192.0.2.25",
        "newsletter rehearse-auth message.eml --zone records.zone",
    ),
)
def rehearse_auth(
    ctx: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="A message as it leaves, or an article.", show_default=False),
    ] = None,
    zone: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Ask the records in this zone file.", show_default=False)
    ] = None,
    dns: Annotated[bool, typer.Option("--dns", help="Ask the world's name servers.")] = False,
    ip: Annotated[
        str, typer.Option("--ip", metavar="ADDRESS", help="Where it comes from (default: the first of dns.addresses).")
    ] = "",
    json: JsonOption = False,
) -> None:
    """Judge a message as a large receiver does: SPF, each DKIM signature, and DMARC over both.

    Without FILE it is the email of the article that was edited last.

    Without --zone and --dns nobody is asked: the records are those that the newsroom should publish, so that it
    can be told beforehand whether they suffice. Nothing is sent. Exit 4 when the message would not be trusted.
    """
    from newsletter.trust import rehearse_auth as judged

    if zone and dns:
        raise UsageError("--zone and --dns name two places to ask. Choose one of them.")
    here = session(ctx, json=json)
    identity = here.newsroom().identity
    message = _message(here, file)
    address = _address(ip, identity, is_asked=dns or zone is not None)
    names = _names(here, identity, zone=zone, dns=dns, address=address)
    with here.screen.working("asking …"):
        result = judged(
            message,
            envelope_sender=_sender(message, identity),
            helo=identity.bounce_domain,
            ip=address,
            names=names,
        )
    here.screen.table(_data(result, address), ("what", "verdict", "found"), _rows(result), empty="")
    if not result.passes:
        here.screen.say("Receivers would not trust it. See what is published: newsletter doctor")
        raise typer.Exit(FAILED)
    here.screen.say("Receivers would trust it." if dns else "Receivers would trust it, with these records published.")


def _message(here: Session, file: Path | None) -> bytes:
    """The octets of the message, each line end CRLF, as it is on the wire; of an article its email to the owner."""
    from newsletter.editions import PublishWishes, Wishes

    newsroom = here.newsroom()
    (found,) = here.files([file]) if file is not None else (_any_article(newsroom),)
    if found.suffix.lower() in _ARTICLES:
        plan = newsroom.plan([found], wishes=Wishes(for_a_look=True), publish=PublishWishes(sample=True))
        ((_, message), *_) = newsroom.looks.copies(plan, newsroom.config.email.owner)
        return message
    try:
        with found.open("rb") as opened:
            octets = opened.read(_MAX_OCTETS + 1)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror}). Name the file of a message.") from error
    if len(octets) > _MAX_OCTETS or not re.match(rb"(?:From |[!-9;-~]+[ \t]*:)", octets):
        raise UsageError(f"{file}: is no message. Name a file that begins with its header.")
    return re.sub(rb"\r?\n", b"\r\n", octets)


def _any_article(newsroom: Newsroom) -> Path:
    """The article that was edited last."""
    files = (path for path in (newsroom.folder / "articles").rglob("*") if path.suffix.lower() in _ARTICLES)
    newest = max(files, key=lambda path: path.stat().st_mtime, default=None)
    if newest is None:
        raise UsageError("There is no article to make an email of. Name a message: newsletter rehearse-auth FILE")
    return newest


def _address(ip: str, identity: MailIdentity, *, is_asked: bool) -> str:
    from newsletter.config.returns import read_ip_address
    from newsletter.trust import NOBODY

    if ip:
        try:
            return read_ip_address(ip)
        except ValueError as error:
            raise UsageError(f"--ip: {error}") from None
    if identity.addresses:
        return identity.addresses[0]
    if is_asked:
        raise UsageError("SPF is about the address mail comes from. Pass --ip, or set dns.addresses.")
    return NOBODY


def _names(here: Session, identity: MailIdentity, *, zone: Path | None, dns: bool, address: str) -> Names:
    from newsletter.trust import DnsNames, promised_zone, read_zone

    if dns:
        return DnsNames(server=here.newsroom().config.dns.server or "")
    if zone is not None:
        (found,) = here.files([zone])
        try:
            return read_zone(found.read_text("utf-8"), called=str(zone))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{zone}: cannot be read. Name a zone file.") from error
    for term in identity.spf_terms:
        here.screen.say(f"Taken for granted: {term} lets {address} send. Ask the world with --dns.")
    return promised_zone(identity, address)


def _sender(message: bytes, identity: MailIdentity) -> str:
    found = _RETURN_PATH.search(message.partition(b"\r\n\r\n")[0])
    return found[1].decode("latin-1") if found else f"bounces@{identity.bounce_domain}"


def _rows(result: AuthResult) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [("SPF", result.spf.result, f"{result.spf_domain}: {result.spf.why}")]
    for one in result.signatures:
        found = f"{one.domain}, key {one.selector}, {one.algorithm}"
        rows.append(("DKIM", one.result, f"{found}: {one.why}" if one.why else found))
    if not result.signatures:
        rows.append(("DKIM", "none", "no signature; newsletter dkim keygen makes a key"))
    aligned = f"{result.from_domain}: {', '.join(result.aligned)}" if result.aligned else result.why
    rows.append(("DMARC", result.dmarc, f"{aligned} (p={result.policy})" if result.policy else aligned))
    if result.uncovered:
        rows.append(("leaving", "fail", f"no good signature covers {', '.join(result.uncovered)}"))
    return rows


def _data(result: AuthResult, address: str) -> dict[str, object]:
    return {"ip": address, **asdict(result), "dkim": result.dkim, "passes": result.passes}
