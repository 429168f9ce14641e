"""The hooks' desk: what mail providers report by themselves, proven to be theirs before it counts.

Called by the web door at `/hooks/…`. Each event is one transaction; the provider hears "received" only afterwards,
and sends again what it does not hear of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from newsletter.delivery.hooks import HookEvent, HookReading, HookRefused, mailgun, postmark, sendgrid, ses
from newsletter.delivery.hooks.sns import KeptCertificates
from newsletter.delivery.words import fit_for_books
from newsletter.errors import UsageError
from newsletter.returns_desk import Heard, ReturnsDesk
from newsletter.store import Store
from newsletter.store.bounces import was_mailed
from newsletter.store.subscribers import subscriber_by_key
from newsletter.subscribers import Keys, parse_address, read_bounce_token


@dataclass(frozen=True, kw_only=True, slots=True)
class HookKeys:
    """What proves whose a report is; "" leaves that provider's hook closed."""

    ses_topic: str = ""
    mailgun_key: str = ""
    postmark_password: str = ""
    sendgrid_key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class HooksTools:
    """What the hooks' desk works with; `fetch` gives what lies at a public https address, or raises OSError."""

    store: Store
    keys: Keys
    hooks: HookKeys
    returns: ReturnsDesk
    clock: Callable[[], datetime]
    fetch: Callable[[str], bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class HookAnswer:
    """What a provider is told: an HTTP status and a sentence, and how many events were new."""

    status: int
    sentence: str
    events: int = 0


Reading = Callable[[Mapping[str, str], bytes, datetime], HookReading]


class HooksDesk:
    """Takes reports of the providers that the configuration names; safe to call twice and from several threads."""

    def __init__(self, tools: HooksTools) -> None:
        """Stand ready."""
        self._tools = tools
        self._readings = dict(self._open())

    @property
    def providers(self) -> tuple[str, ...]:
        """The providers whose hooks are open, as they stand in the address."""
        return tuple(self._readings)

    def take(self, provider: str, headers: Mapping[str, str], body: bytes) -> HookAnswer:
        """Act on a provider's report, once it is proven; `headers` have lower-case names. Raises StoreError."""
        reading = self._readings.get(provider)
        if reading is None:
            return HookAnswer(status=404, sentence="There is no such hook.")
        try:
            read = reading(headers, body, self._tools.clock())
        except HookRefused as error:
            return HookAnswer(status=403, sentence=str(error))
        if read.confirm_url:
            try:
                self._tools.fetch(read.confirm_url)
            except OSError as error:
                return HookAnswer(status=503, sentence=f"The confirmation could not be fetched: {error}")
        new = sum(self._settle(provider, event) for event in read.events)
        return HookAnswer(status=200, sentence="Received.", events=new)

    def _settle(self, provider: str, event: HookEvent) -> bool:
        with self._tools.store.writing() as connection:
            heard = self._heard(connection, provider, event)
            return self._tools.returns.settle(connection, heard).id is not None

    def _heard(self, connection: Connection, provider: str, event: HookEvent) -> Heard:
        reader, edition = None, None
        named = read_bounce_token(self._tools.keys, event.bounce_token) if event.bounce_token else None
        if named is not None and was_mailed(connection, named.edition_id, named.subscriber_id):
            reader, edition = named.subscriber_id, named.edition_id
        elif (key := _key(event.address)) and (found := subscriber_by_key(connection, key)) is not None:
            reader = found.id
        return Heard(
            key=event.key,
            kind=event.kind,
            source=provider,
            weight=event.weight,
            reader=reader,
            edition=edition,
            status=event.status,
            diagnostic=fit_for_books(event.diagnostic, event.address),
        )

    def _open(self) -> list[tuple[str, Reading]]:
        hooks, fetch = self._tools.hooks, KeptCertificates(self._tools.fetch)
        known: dict[str, tuple[str, Reading]] = {
            "ses": (
                hooks.ses_topic,
                lambda headers, body, now: ses.verify_and_read(
                    headers, body, now=now, topic=hooks.ses_topic, fetch=fetch
                ),
            ),
            "mailgun": (
                hooks.mailgun_key,
                lambda headers, body, now: mailgun.verify_and_read(headers, body, now=now, key=hooks.mailgun_key),
            ),
            "postmark": (
                hooks.postmark_password,
                lambda headers, body, now: postmark.verify_and_read(
                    headers, body, now=now, password=hooks.postmark_password
                ),
            ),
            "sendgrid": (
                hooks.sendgrid_key,
                lambda headers, body, now: sendgrid.verify_and_read(headers, body, now=now, key=hooks.sendgrid_key),
            ),
        }
        return [(name, reading) for name, (secret, reading) in known.items() if secret]


def _key(address: str) -> str:
    try:
        return parse_address(address).key
    except UsageError:
        return ""
