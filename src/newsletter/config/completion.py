"""Fills in what depends on other settings or on the newsroom's folder, and looks for risks.

Comes in: valid sections. Goes out: the `Config` that the program uses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from newsletter.config.addresses import is_loopback
from newsletter.config.schedule_risks import schedule_risks
from newsletter.config.schedules import ScheduleSettings, fill_schedule
from newsletter.config.secret import mask_url
from newsletter.config.setting import variable_name
from newsletter.config.settings import Config, Sections, Tls, TransportKind, TransportSettings
from newsletter.config.show import shown_values
from newsletter.config.sources import Sources
from newsletter.config.validation import dotted

_PORTS = {Tls.STARTTLS: 587, Tls.IMPLICIT: 465, Tls.NONE: 25}


def complete(sections: Sections, folder: Path, sources: Sources) -> Config:
    """The configuration with absolute places below `folder`, all defaults, origins and warnings."""
    room, email = sections.newsroom, sections.email
    config = Config(
        folder=folder,
        newsroom=replace(room, languages=room.languages or (room.language,)),
        email=replace(email, bounce_domain=email.bounce_domain or email.sender.address.rpartition("@")[2]),
        delivery=sections.delivery,
        transports={name: _placed(transport, folder) for name, transport in sections.transports.items()},
        dkim=replace(
            sections.dkim,
            domain=sections.dkim.domain or email.sender.address.rpartition("@")[2],
            path=folder / sections.dkim.path,
        ),
        dns=sections.dns,
        bounces=replace(sections.bounces, maildir=_below(folder, sections.bounces.maildir)),
        hooks=sections.hooks,
        feeds=sections.feeds,
        topics=sections.topics,
        schedules=_schedules(sections),
        store=replace(sections.store, url=_database_url(sections.store.url, folder)),
        readers=sections.readers,
        web=sections.web,
        log=sections.log,
    )
    origins = {dotted(key): sources.origin(key) for key in shown_values(config)}
    warnings = (*sources.outside.warnings, *_risks(config, sources))
    return replace(config, origins=origins, warnings=warnings)


def _schedules(sections: Sections) -> dict[str, ScheduleSettings]:
    room, email = sections.newsroom, sections.email
    return {
        name: fill_schedule(name, written, zone=room.time_zone, grace=email.grace, hold=email.hold)
        for name, written in sections.schedules.items()
    }


def _below(folder: Path, path: Path | None) -> Path | None:
    return None if path is None else folder / path


def _placed(transport: TransportSettings, folder: Path) -> TransportSettings:
    path = _below(folder, transport.path)
    return replace(transport, path=path, port=transport.port or _PORTS[transport.tls])


def _database_url(url: str, folder: Path) -> str:
    """`url` with an absolute SQLite path; SQLAlchemy takes `%` and `?` in it for escapes and a query."""
    scheme, _slashes, path = url.partition(":///")
    if scheme != "sqlite" or path.startswith("/"):
        return url
    return f"sqlite:///{str(folder).replace('%', '%25').replace('?', '%3F')}/{path}"


def _risks(config: Config, sources: Sources) -> Iterator[str]:
    """What a person should know, though it stops nothing."""
    for transport in config.transports.values():
        is_chosen = transport in config.transports_in_use
        if transport.kind is TransportKind.SMTP:
            yield from _smtp_risks(transport, is_chosen=is_chosen)
        elif transport.kind is not TransportKind.MAILDIR and not transport.password and is_chosen:
            variable = variable_name(("transports", transport.name, "password"))
            yield f"transports.{transport.name}.password: is not set, so nothing can be sent. Set {variable}."
        if transport.password:
            yield from _readable(sources, ("transports", transport.name, "password"))
    yield from schedule_risks(config.schedules, config.email.grace)
    if config.store.url != mask_url(config.store.url):
        yield from _readable(sources, ("store", "url"))
    for section, name, secret in (
        ("bounces", "imap_password", config.bounces.imap_password),
        ("hooks", "mailgun_key", config.hooks.mailgun_key),
        ("hooks", "postmark_password", config.hooks.postmark_password),
    ):
        if secret:
            yield from _readable(sources, (section, name))


def _smtp_risks(transport: TransportSettings, *, is_chosen: bool) -> Iterator[str]:
    here = f"transports.{transport.name}"
    if transport.insecure:
        yield f"{here}.insecure: the server's certificate is not checked. Remove the line once it has a good one."
    if transport.tls is Tls.NONE and not is_loopback(transport.host):
        yield f'{here}.tls: mail travels unencrypted. Write "starttls" or "implicit".'
    if transport.user and not transport.password and is_chosen:
        variable = variable_name(("transports", transport.name, "password"))
        yield f"{here}.password: {here}.user is set, but no password. Set {variable}."


def _readable(sources: Sources, key: tuple[str, ...]) -> Iterator[str]:
    """A warning when the secret `key` stands in a file that others can read."""
    if key not in sources.outside.origins and not sources.written.is_private:
        place = f"{sources.path}:{sources.line(key)}"
        advice = f"Run: chmod 600 {sources.path}, or set {variable_name(key)} instead."
        yield f"{place}: {dotted(key)}: others on this machine can read the password in it. {advice}"
