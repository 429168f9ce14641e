"""`newsletter doctor`: each check looks at one thing and gives the line that mends it.

Nothing is changed and nothing leaves the machine but a connection to the configured relay, and questions
to name servers.
"""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from newsletter import __version__
from newsletter.cli.app import Session, is_there
from newsletter.cli.doctor_mail import build_checks
from newsletter.cli.values import hour
from newsletter.config import TransportSettings
from newsletter.config.keys import check_key
from newsletter.config.setting import variable_name
from newsletter.delivery.transports.configured import settings_of
from newsletter.delivery.transports.ses import host_of
from newsletter.delivery.transports.settings import MailgunSettings, PostmarkSettings, SesSettings
from newsletter.errors import ConfigError, NewsletterError
from newsletter.newsroom import Newsroom
from newsletter.preflight import check_address_of_site
from newsletter.store.engine import integrity_faults
from newsletter.store.meta import last_event_at, remembered
from newsletter.store.schema import HEAD, version_of

Verdict = Literal["ok", "advice", "broken"]

# CVE-2026-1299: header injection by decoding, fixed from these on.
PYTHON_FLOORS = {(3, 11): (3, 11, 15), (3, 12): (3, 12, 13), (3, 13): (3, 13, 12)}
# Before it, a WAL that is reset under two connections can corrupt the database.
SQLITE_FLOOR = (3, 51, 3)
FREE_BYTES = 500_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """What was looked at, what was found, and what to do about it."""

    what: str
    verdict: Verdict
    found: str
    advice: str = ""


def examine(here: Session) -> list[Check]:
    """Every check that can be made; a broken configuration or database ends the list early."""
    checks = [*_versions()]
    try:
        newsroom = here.newsroom()
    except ConfigError as error:
        faults = [Check(what="configuration", verdict="broken", found=str(fault)) for fault in error.faults]
        return [*checks, *faults]
    checks.append(Check(what="configuration", verdict="ok", found=str(newsroom.folder / "config.toml")))
    database = _examined("database", _database, newsroom)
    checks += [*_key(newsroom), *_examined("base_url", _address, newsroom), *database, *_folders(newsroom)]
    checks += [*_disk(newsroom), *_transport(newsroom), *_examined("name servers", _trust, newsroom)]
    if not any(check.verdict == "broken" for check in database):
        for what, look in (("clock", _clock), ("feeds and pages", _outputs), ("last backup", _backup)):
            checks += _examined(what, look, newsroom)
    return checks


def _examined(what: str, look: Callable[[Newsroom], Iterable[Check]], newsroom: Newsroom) -> list[Check]:
    try:
        return list(look(newsroom))
    except NewsletterError as error:
        return [Check(what=what, verdict="broken", found=str(error))]


def _versions() -> Iterator[Check]:
    version = sys.version_info[:3]
    floor = PYTHON_FLOORS.get(version[:2], (0, 0, 0))
    yield Check(
        what="Python",
        verdict="ok" if version >= floor else "advice",
        found=".".join(map(str, version)),
        advice="" if version >= floor else f"update to {'.'.join(map(str, floor))} (CVE-2026-1299)",
    )
    sqlite = sqlite3.sqlite_version_info
    yield Check(
        what="SQLite",
        verdict="ok" if sqlite >= SQLITE_FLOOR else "advice",
        found=sqlite3.sqlite_version,
        advice="" if sqlite >= SQLITE_FLOOR else "3.51.3 mends a rare WAL corruption; keep backups",
    )
    yield Check(what="newsletter", verdict="ok", found=__version__)


def _key(newsroom: Newsroom) -> Iterator[Check]:
    findings = check_key(newsroom.folder)
    for finding in findings:
        yield Check(what="key file", verdict="broken", found=finding.message, advice=finding.advice)
    if not findings:
        yield Check(what="key file", verdict="ok", found="readable by you alone")


def _database(newsroom: Newsroom) -> Iterator[Check]:
    store = newsroom.upkeep.closed_store()
    with store.reading() as connection:
        version = version_of(connection)
        faults = integrity_faults(connection)
        paused = remembered(connection, "paused") if version else None
    store.close()
    yield Check(
        what="schema",
        verdict="ok" if version == HEAD else "broken",
        found=version or "no tables",
        advice="" if version == HEAD else "newsletter db upgrade",
    )
    if faults:
        yield Check(what="database", verdict="broken", found=faults[0], advice="newsletter db restore FILE")
    elif store.path is not None and (mode := store.path.stat().st_mode) & 0o077:
        found = f"others can read the readers' addresses (mode {stat.S_IMODE(mode):04o})"
        yield Check(what="database", verdict="advice", found=found, advice=_run("chmod 600", store.path))
    else:
        yield Check(what="database", verdict="ok", found="whole")
    if paused:
        yield Check(what="paused", verdict="advice", found=paused, advice="newsletter resume, when you are sure")


def _folders(newsroom: Newsroom) -> Iterator[Check]:
    outbox = newsroom.config.transport.path
    for path in (newsroom.folder / "feeds", newsroom.folder / "site", *([outbox] if outbox else [])):
        place = next(each for each in (path, *path.parents) if is_there(each))
        if not place.is_dir():
            yield Check(what="folder", verdict="broken", found=f"{place} is no folder", advice="move it aside")
            continue
        is_writable = os.access(place, os.W_OK | os.X_OK)
        yield Check(
            what="folder",
            verdict="ok" if is_writable else "broken",
            found=str(path) if is_writable else f"{path} cannot be written",
            advice="" if is_writable else _run("chmod u+rwx", place),
        )


def _disk(newsroom: Newsroom) -> Iterator[Check]:
    free = shutil.disk_usage(newsroom.folder).free
    is_enough = free > FREE_BYTES
    yield Check(
        what="disk",
        verdict="ok" if is_enough else "broken",
        found=f"{free / 1e9:.1f} GB free",
        advice="" if is_enough else "make room: a full disk stops sending",
    )


def _clock(newsroom: Newsroom) -> Iterator[Check]:
    with newsroom.store.reading() as connection:
        last = last_event_at(connection)
    is_behind = last is not None and last > newsroom.now + timedelta(minutes=5)
    yield Check(
        what="clock",
        verdict="broken" if is_behind else "ok",
        found=hour(newsroom.now),
        advice=f"the ledger was written at {hour(last)}: set the clock" if is_behind and last else "",
    )


def _outputs(newsroom: Newsroom) -> Iterator[Check]:
    is_stale = newsroom.outputs_are_stale()
    yield Check(
        what="feeds and pages",
        verdict="advice" if is_stale else "ok",
        found="older than what is published" if is_stale else "say what is published",
        advice="newsletter feeds build" if is_stale else "",
    )


def _transport(newsroom: Newsroom) -> Iterator[Check]:
    transport = newsroom.config.transport
    if transport.kind == "maildir":
        yield Check(what="transport", verdict="ok", found=f"{transport.name}: emails stay in {transport.path}")
        return
    host, port, how = _place(transport)
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError as error:
        found = f"{host}:{port}: {error.strerror or error}"
        yield Check(what="transport", verdict="broken", found=found, advice="check host, port and firewall")
        return
    if transport.kind != "smtp" and not transport.password:
        advice = f"set {variable_name(('transports', transport.name, 'password'))}"
        yield Check(what="transport", verdict="broken", found=f"{transport.name}: there is no password", advice=advice)
        return
    yield Check(what="transport", verdict="ok", found=f"{transport.name}: {host}:{port} answers, {how}")


def _place(transport: TransportSettings) -> tuple[str, int, str]:
    """Where a transport calls, and how."""
    match settings_of(transport):
        case SesSettings(host=host, region=region):
            return host or host_of(region), 443, f"Amazon SES, {region}"
        case MailgunSettings(host=host, domain=domain):
            return host, 443, f"Mailgun, {domain}"
        case PostmarkSettings(host=host, stream=stream):
            return host, 443, f"Postmark, {stream}"
    return transport.host, transport.port, f"tls {transport.tls}"


def _trust(newsroom: Newsroom) -> Iterator[Check]:
    for one in build_checks(newsroom):
        yield Check(what=one.what, verdict=one.verdict, found=one.found, advice=one.advice)


def _address(newsroom: Newsroom) -> Iterator[Check]:
    findings = check_address_of_site(newsroom.masthead, transport_kind=str(newsroom.config.transport.kind))
    for finding in findings:
        verdict: Verdict = "broken" if finding.severity == "error" else "advice"
        yield Check(what="base_url", verdict=verdict, found=finding.message, advice=finding.advice)
    if not findings:
        yield Check(what="base_url", verdict="ok", found=newsroom.masthead.base_url)


def _backup(newsroom: Newsroom) -> Iterator[Check]:
    with newsroom.store.reading() as connection:
        last = remembered(connection, "backup")
    advice = "" if last else "newsletter db backup ../backup.zip"
    yield Check(what="last backup", verdict="ok" if last else "advice", found=last or "never", advice=advice)


def _run(command: str, path: Path) -> str:
    return f"{command} {shlex.quote(str(path))}"
