"""Amazon SES over its own API (version 2): the message as it is, in one request for each reader.

Comes in: a message and its envelope. Goes out: what SES said, as a `Receipt`. SES replaces Message-ID and Date and
signs the message itself.
"""

from __future__ import annotations

import base64
import json
import re
import ssl
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self

from newsletter.delivery.transports import providers
from newsletter.delivery.transports.https import Answer, Api, Request
from newsletter.delivery.transports.screen import refuse_unfit
from newsletter.delivery.transports.settings import SesSettings
from newsletter.delivery.transports.sigv4 import Signer
from newsletter.model import Envelope, Receipt

_PATH = "/v2/email/outbound-emails"
# The names of errors, without "Exception", from the references "SendEmail" and "Common errors" of the SES API.
_WAIT = frozenset({"TooManyRequests", "LimitExceeded", "Throttling", "Throttled", "RequestThrottled", "SlowDown"})
_CLOCK = frozenset({"RequestExpired", "RequestTimeTooSkewed"})
_KEYS = frozenset(
    {"IncompleteSignature", "InvalidSignature", "SignatureDoesNotMatch", "MissingAuthenticationToken", "ExpiredToken"}
    | {"UnrecognizedClient", "InvalidClientTokenId", "InvalidAccessKeyId", "AuthFailure"}
)
_RIGHTS = frozenset({"AccessDenied", "NotAuthorized", "OptInRequired"})
_ACCOUNT = frozenset({"AccountSuspended", "SendingPaused"})
_READER = re.compile(r"\baddress(?:es)?\b|@domain|\bdomain (?:starts|ends|contains|name)|\blocal (?:part|name)", re.I)
_NOT_VERIFIED = re.compile(r"not verified|not been verified|failed the check", re.I)
_SIZE = re.compile(r"message (?:length|size)|too large|maximum (?:message )?size", re.I)


class SesTransport:
    """Hands messages to Amazon SES; `clock` (aware UTC) dates the signatures."""

    def __init__(
        self, settings: SesSettings, *, clock: Callable[[], datetime], context: ssl.SSLContext | None = None
    ) -> None:
        """Call the account's region at the first message; `context` replaces the system's trust."""
        self._settings, self._clock = settings, clock
        self._api = Api(settings, settings.host or host_of(settings.region), context=context)
        self._signer = Signer(
            access_key=settings.access_key, secret_key=settings.secret_key, region=settings.region, service="ses"
        )

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
        raw = base64.b64encode(providers.without_signatures(message)).decode("ascii")
        said: dict[str, object] = {
            # Without it SES would mail whomever the header names.
            "Destination": {"ToAddresses": [envelope.recipient]},
            "Content": {"Raw": {"Data": raw}},
        }
        if envelope.sender:
            said["FeedbackForwardingEmailAddress"] = envelope.sender
        token = providers.bounce_token_of(envelope)
        if token:
            said["EmailTags"] = [{"Name": "bounce", "Value": token}]
        body = json.dumps(said).encode()
        headers = {"Host": self._api.authority, "Content-Type": "application/json"}
        return Request(
            path=_PATH, headers=self._signer.sign("POST", _PATH, headers, body=body, now=self._clock()), body=body
        )

    def _judge(self, answer: Answer) -> Receipt:
        api, error = self._api, _name_of(answer)
        if answer.status == 200 and answer.text("MessageId"):
            return providers.accepted(api, answer.text("MessageId"))
        if not 400 <= answer.status <= 499:
            # "The request has failed due to a temporary failure of the server": the only one that says so.
            waits = answer.status == 503 and error == "ServiceUnavailable"
            return providers.asked_to_wait(api, answer) if waits else providers.unsure(api, answer)
        if answer.status == 429 or error in _WAIT:
            return providers.asked_to_wait(api, answer)
        todo = self._todo(answer, error)
        if todo:
            raise providers.unable(api, answer, todo)
        return self._refusal(answer, error)

    def _todo(self, answer: Answer, error: str) -> str:
        """What a person has to do before any message can go; "" when it is about this one."""
        here = f"transports.{self.name}"
        if error in _CLOCK or (error in _KEYS and "expired" in answer.words.lower()):
            return "Set the clock of this machine, then resume."
        if error in _RIGHTS:
            return f"Allow ses:SendEmail and ses:SendRawEmail to the key in {here}.user, then resume."
        if error in _KEYS or answer.status in (401, 403):
            return f"Check {here}.user and {here}.password, and {here}.region, then resume."
        if error in _ACCOUNT:
            return "Sending is paused or suspended for this account: ask Amazon, then resume."
        if error == "MailFromDomainNotVerified" or (error == "MessageRejected" and _NOT_VERIFIED.search(answer.words)):
            return (
                f"Verify the domains of email.sender and email.bounce_domain at Amazon SES in {self._settings.region}, "
                "and leave its sandbox, then resume."
            )
        if answer.status == 404:
            return f"Check {here}.region and {here}.host, and the account's configuration set, then resume."
        return ""

    def _refusal(self, answer: Answer, error: str) -> Receipt:
        api = self._api
        if answer.status == 413 or (error and _SIZE.search(answer.words)):
            return providers.too_large(api, answer)
        if error in ("MessageRejected", "BadRequest", "InvalidParameterValue", "Validation"):
            judged = providers.reader_refused if _READER.search(answer.words) else providers.content_refused
            return judged(api, answer)
        # Without a name it is not from SES but from something on the way.
        return providers.refused_somehow(api, answer) if error else providers.unsure(api, answer)


def host_of(region: str) -> str:
    """The host of the SES API in a region of Amazon."""
    return f"email.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"


def _name_of(answer: Answer) -> str:
    """The error's name without namespace, link and "Exception": it stands in the header, or in the body."""
    written = answer.error_type or answer.text("__type")
    return written.partition(":")[0].rpartition("#")[2].removesuffix("Exception")
