"""Postmark over its API: the parts of the message as JSON, in one request for each reader.

Comes in: a message and its envelope. Goes out: what Postmark said, as a `Receipt`. Postmark takes no MIME: it builds
the message anew from our parts and our header fields, among them the Message-ID, and signs it itself.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable
from types import TracebackType
from typing import Self

from newsletter.delivery.transports import providers
from newsletter.delivery.transports.https import Answer, Api, Request
from newsletter.delivery.transports.postmark_parts import parts_of
from newsletter.delivery.transports.screen import refuse_unfit
from newsletter.delivery.transports.settings import PostmarkSettings
from newsletter.errors import TransportError
from newsletter.model import Envelope, Receipt

# From the list "API error codes" of Postmark.
_BAD_TOKEN, _INVALID, _INACTIVE = 10, 300, 406
_SENDER = frozenset({400, 401})
_ACCOUNT = frozenset({405, 412, 413})
_SHAPE = frozenset({402, 403, 409, 411})
_MAINTENANCE = 100
_TO = re.compile(r"'to'|\brecipients?\b|\bto address", re.I)
_FROM = re.compile(r"'from'|\bfrom address|\bsender\b", re.I)
_STREAM = re.compile(r"message ?stream|\bstream\b", re.I)
# Of all that makes an address inactive, only a hard bounce says that the mailbox is gone.
_BOUNCED = re.compile(r"hard ?bounce", re.I)
_OTHER_REASONS = re.compile(r"complaint|suppress|unsubscri|\bor\b", re.I)


class PostmarkTransport:
    """Hands messages to Postmark."""

    def __init__(self, settings: PostmarkSettings, *, context: ssl.SSLContext | None = None) -> None:
        """Call Postmark at the first message; `context` replaces the system's trust."""
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
        said = parts_of(providers.without_signatures(message), recipient=envelope.recipient)
        said |= {"MessageStream": self._settings.stream, "TrackOpens": False, "TrackLinks": "None"}
        token = providers.bounce_token_of(envelope)
        if token:
            said["Metadata"] = {"bounce": token}
        headers = {"Content-Type": "application/json", "X-Postmark-Server-Token": self._settings.token}
        return Request(path="/email", headers=headers, body=json.dumps(said).encode())

    def _judge(self, answer: Answer) -> Receipt:
        api, code = self._api, answer.fields.get("ErrorCode")
        if answer.status == 200:
            is_taken = code == 0 and type(code) is int and answer.text("MessageID")
            return providers.accepted(api, answer.text("MessageID")) if is_taken else providers.unsure(api, answer)
        if answer.status == 503 and code == _MAINTENANCE:
            # "During planned service outages": nobody was there to take it.
            return providers.asked_to_wait(api, answer)
        if not 400 <= answer.status <= 499:
            return providers.unsure(api, answer)
        if answer.status == 429:
            return providers.asked_to_wait(api, answer)
        if answer.status == 413:
            return providers.too_large(api, answer)
        if answer.status in (401, 403) or code == _BAD_TOKEN:
            raise self._unable(answer, "Check transports.{name}.password: it is the token of a server at Postmark.")
        if answer.status != 422 or type(code) is not int:
            return providers.unsure(api, answer)
        return self._refusal(answer, code, answer.text("Message"))

    def _refusal(self, answer: Answer, code: int, words: str) -> Receipt:
        api = self._api
        if code == _INACTIVE:
            is_gone = _BOUNCED.search(words) and not _OTHER_REASONS.search(words)
            return providers.reader_refused(api, answer, enhanced="5.1.1" if is_gone else "")
        if code in _SENDER or (code == _INVALID and _FROM.search(words)):
            raise self._unable(answer, "Confirm the domain of email.sender at Postmark.")
        if code in _ACCOUNT:
            raise self._unable(answer, "The account may not send this now: ask Postmark.")
        if code == _INVALID and _TO.search(words):
            return providers.reader_refused(api, answer)
        if code not in _SHAPE and _STREAM.search(words):
            raise self._unable(answer, "Check transports.{name}.stream: it is the ID of a stream of that server.")
        if code == _INVALID or code in _SHAPE:
            return providers.content_refused(api, answer)
        return providers.refused_somehow(api, answer)

    def _unable(self, answer: Answer, todo: str) -> TransportError:
        return providers.unable(self._api, answer, f"{todo.format(name=self.name)} Then resume.")
