"""The envelope in which Amazon SNS posts: proven to be Amazon's and for our topic.

Its certificate is fetched from where the envelope says, so the place is looked at before anything is asked of it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from newsletter.delivery.hooks import read
from newsletter.delivery.hooks.errors import HookRefused, HookUndecided

WITHIN = timedelta(hours=1)
NOTIFICATION, CONFIRMATION, FAREWELL = "Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"
_MAX_CERTIFICATE = 64 * 1024
_KEPT = 8
# The whole address in one pattern: what is parsed can be parsed in two ways.
_HOST = r"https://sns\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?"
_CERTIFICATE = re.compile(_HOST + r"/(?:[A-Za-z0-9_-]+/)*[A-Za-z0-9_-]+\.pem")
_CONFIRM = re.compile(_HOST + r"/\?Action=ConfirmSubscription&[A-Za-z0-9%=&._:+~-]+")
_SIGNED = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    FAREWELL: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
# Version 1 is what topics begin with; to forge it takes a second preimage, which SHA-1 withstands.
_HASHES: Mapping[str, type[SHA1 | SHA256]] = {"1": SHA1, "2": SHA256}  # noqa: S303  # Amazon's choice

Fetch = Callable[[str], bytes]


class KeptCertificates:
    """A `fetch` that asks once for each certificate and keeps the last few; any thread may use it."""

    def __init__(self, fetch: Fetch) -> None:
        """Begin with none; `fetch` gives what lies at an https address, or raises OSError."""
        self._fetch = fetch
        self._kept: dict[str, bytes] = {}

    def __call__(self, url: str) -> bytes:
        """The certificate at `url`. What is none is not kept. Raises OSError."""
        found = self._kept.get(url)
        if found is None:
            found = self._fetch(url)
            if b"-----BEGIN CERTIFICATE-----" in found[:_MAX_CERTIFICATE]:
                # Replaced as a whole, so that no other thread sees it half done.
                newest = [*self._kept.items(), (url, found)][-_KEPT:]
                self._kept = dict(newest)
        return found


def open_envelope(body: bytes, *, now: datetime, topic: str, fetch: Fetch) -> Mapping[str, str]:
    """The texts of a proven envelope by name, `Type` being one of three.

    Raises HookRefused, and HookUndecided when the certificate cannot be had now.
    """
    read.refuse_oversized(body)
    told = {name: value for name, value in read.read_object(body).items() if isinstance(value, str)}
    signed = _SIGNED.get(told.get("Type", ""))
    if signed is None or not all(name in told for name in signed if name != "Subject"):
        raise HookRefused("The report is no message of Amazon SNS. It was not read. Leave raw delivery switched off.")
    if not topic or told["TopicArn"] != topic:
        raise HookRefused("The report is of another topic. It was not read. If it was ours, check hooks.ses_topic.")
    read.refuse_stale(told["Timestamp"], now=now, within=WITHIN)
    hashed = _HASHES.get(told.get("SignatureVersion", ""))
    if hashed is None:
        raise HookRefused("The report is signed in an unknown way. It was not read.")
    key = _key_at(told.get("SigningCertURL", ""), now=now, fetch=fetch)
    text = "".join(f"{name}\n{told[name]}\n" for name in signed if name in told)
    try:
        signature = base64.b64decode(told.get("Signature", "").encode("ascii"), validate=True)
        key.verify(signature, text.encode("utf-8"), PKCS1v15(), hashed())
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise HookRefused("The report is not signed by Amazon. It was not read.") from error
    return told


def confirm_url_in(told: Mapping[str, str]) -> str:
    """The address that confirms a subscription when it is fetched. Raises HookRefused for one that is not Amazon's."""
    url = told.get("SubscribeURL", "")
    if not _CONFIRM.fullmatch(url):
        raise HookRefused("The report would be confirmed somewhere else than at Amazon. Nothing was fetched.")
    return url


def _key_at(url: str, *, now: datetime, fetch: Fetch) -> RSAPublicKey:
    if not _CERTIFICATE.fullmatch(url):
        raise HookRefused("The report has its certificate somewhere else than at Amazon. It was not read.")
    try:
        written = fetch(url)
    except OSError as error:
        raise HookUndecided("Amazon's certificate cannot be fetched now. The report should be sent again.") from error
    try:
        certificate = x509.load_pem_x509_certificate(written[:_MAX_CERTIFICATE])
        key = certificate.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise HookRefused(
            "What lies where Amazon's certificate should lie is none. The report was not read."
        ) from error
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise HookRefused("Amazon's certificate is not valid now. The report was not read. Check this machine's clock.")
    if not isinstance(key, RSAPublicKey):
        raise HookRefused("Amazon's certificate holds an unknown kind of key. The report was not read.")
    return key
