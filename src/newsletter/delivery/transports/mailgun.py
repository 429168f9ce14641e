"""Mailgun over its API (version 3): the message as it is, in one request for each reader.

Comes in: a message and its envelope. Goes out: what Mailgun said, as a `Receipt`. Mailgun keeps our Message-ID and
signs the message itself.
"""

from __future__ import annotations

import base64
import hashlib
import re
import ssl
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import quote

from urllib3.filepost import encode_multipart_formdata

from newsletter.delivery.transports import providers
from newsletter.delivery.transports.https import Answer, Api, Request
from newsletter.delivery.transports.screen import refuse_unfit
from newsletter.delivery.transports.settings import MailgunSettings
from newsletter.model import Envelope, Receipt

_READER = re.compile(r"\bto\b['\"]? (?:parameter|address|field)|\brecipient\b.*\b(?:not|in)\W?valid", re.I)
_SENDER = re.compile(r"\bfrom\b['\"]? (?:parameter|address|field)", re.I)
_ACCOUNT = re.compile(
    r"not allowed to send|sandbox|free accounts|unverified|not verified|disabled|suspended|not activated|activate your",
    re.I,
)
_LIMIT = re.compile(r"limit exceeded|too many|try again (?:after|later)", re.I)


class MailgunTransport:
    """Hands messages to Mailgun."""

    def __init__(self, settings: MailgunSettings, *, context: ssl.SSLContext | None = None) -> None:
        """Call Mailgun at the first message; `context` replaces the system's trust."""
        self._settings = settings
        self._api = Api(settings, settings.host, context=context)

    @property
    def name(self) -> str:
        """The name the settings gave it."""
        return self._settings.name

    def __enter__(self) -> Self:
        """Nothing yet: the first message connects."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connection."""
        self._api.close()

    def deliver(self, envelope: Envelope, message: bytes, *, opened: Callable[[], None]) -> Receipt:
        """Hand over one message; see `Transport.deliver`."""
        unfit = refuse_unfit(envelope, message)
        if unfit is not None:
            return unfit
        return providers.carry(self._api, lambda: self._request(envelope, message), self._judge, opened=opened)

    def _request(self, envelope: Envelope, message: bytes) -> Request:
        raw = providers.without_signatures(message)
        fields: list[tuple[str, str | tuple[str, bytes, str]]] = [
            ("to", envelope.recipient),
            ("message", ("message.eml", raw, "message/rfc822")),
            # No pixel and no rewritten links, whatever the domain is set to.
            ("o:tracking", "no"),
            ("o:tracking-opens", "no"),
            ("o:tracking-clicks", "no"),
        ]
        token = providers.bounce_token_of(envelope)
        if token:
            fields.append(("v:bounce", token))
        # No message holds its own hash.
        body, kind = encode_multipart_formdata(fields, boundary=hashlib.sha256(raw).hexdigest())
        login = base64.b64encode(f"api:{self._settings.key}".encode()).decode("ascii")
        path = f"/v3/{quote(self._settings.domain, safe='')}/messages.mime"
        return Request(path=path, headers={"Content-Type": kind, "Authorization": f"Basic {login}"}, body=body)

    def _judge(self, answer: Answer) -> Receipt:
        api, words, here = self._api, answer.words, f"transports.{self.name}"
        if answer.status == 200 and answer.text("id"):
            return providers.accepted(api, answer.text("id"))
        if not 400 <= answer.status <= 499:
            # Mailgun says of no error of its own that the message was not taken.
            return providers.unsure(api, answer)
        if answer.status in (420, 429) or (answer.fields and _LIMIT.search(words)):
            return providers.asked_to_wait(api, answer)
        if answer.status == 413:
            return providers.too_large(api, answer)
        if answer.status in (402, 403) or (answer.status == 400 and answer.fields and _ACCOUNT.search(words)):
            todo = f"See {self._settings.domain} at Mailgun, and check {here}.domain and {here}.password, then resume."
            raise providers.unable(api, answer, todo)
        if answer.status == 401:
            todo = f"Check {here}.password, and {here}.host: accounts in Europe need api.eu.mailgun.net. Then resume."
            raise providers.unable(api, answer, todo)
        if answer.status == 404:
            todo = f"Check {here}.domain, and {here}.host: accounts in Europe need api.eu.mailgun.net. Then resume."
            raise providers.unable(api, answer, todo)
        if not answer.fields:
            return providers.unsure(api, answer)
        if _SENDER.search(words):
            raise providers.unable(api, answer, "Check email.sender, then resume.")
        if answer.status == 400:
            judged = providers.reader_refused if _READER.search(words) else providers.content_refused
            return judged(api, answer)
        return providers.refused_somehow(api, answer)
