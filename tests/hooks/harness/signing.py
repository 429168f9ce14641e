"""Reports as the providers send them: signed with keys and certificates made on the spot."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from newsletter.delivery.hooks import HookReading, mailgun, postmark, sendgrid, ses

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem"
CONFIRM_URL = (
    "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"
    "&TopicArn=arn:aws:sns:eu-west-1:123456789012:bounces&Token=2336412f37fb687f"
)
TOKEN = "abcdefghijklmnopqrstuvwxyz234567abcdefg"
MAILGUN_KEY, POSTMARK_PASSWORD = "key-of-mailgun", "correct horse"
SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}


@cache
def amazon_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


@cache
def sendgrid_private() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def sendgrid_key() -> str:
    public = sendgrid_private().public_key()
    return base64.b64encode(
        public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    ).decode()


@cache
def certificate(
    starts: timedelta = timedelta(days=-1), ends: timedelta = timedelta(days=1), kind: str = "rsa"
) -> bytes:
    """A certificate of Amazon's key in PEM, valid from NOW + `starts` until NOW + `ends`."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    key: Any = amazon_key() if kind == "rsa" else sendgrid_private()
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW + starts)
        .not_valid_after(NOW + ends)
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM)


class Web:
    """What lies at Amazon's addresses; remembers what was asked."""

    def __init__(self, answer: bytes | OSError | None = None) -> None:
        self.answer = certificate() if answer is None else answer
        self.asked: list[str] = []

    def __call__(self, url: str) -> bytes:
        self.asked.append(url)
        if isinstance(self.answer, OSError):
            raise self.answer
        return self.answer


def envelope(message: object, version: str = "1", **fields: object) -> dict[str, Any]:
    """What SNS posts, signed; fields that are None are left out."""
    told: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Subject": "Amazon SES Email Event Notification",
        "Message": message if isinstance(message, str) else json.dumps(message),
        "Timestamp": "2026-11-24T08:59:58.123Z",
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE_URL,
    }
    if fields.get("Type", "Notification") != "Notification":
        told |= {"SubscribeURL": CONFIRM_URL, "Token": "2336412f37fb687f", "Subject": None}
    told = {name: value for name, value in (told | fields).items() if value is not None}
    names = SIGNED.get(str(told.get("Type")), SIGNED["Notification"])
    text = "".join(f"{name}\n{told[name]}\n" for name in names if name in told)
    hashed = hashes.SHA256() if version == "2" else hashes.SHA1()  # noqa: S303  # as Amazon does
    signature = amazon_key().sign(text.encode("utf-8", "surrogatepass"), padding.PKCS1v15(), hashed)
    return told | {"Signature": base64.b64encode(signature).decode()}


def by_ses(message: object, *, web: Web | None = None, now: datetime = NOW, **fields: object) -> HookReading:
    body = json.dumps(envelope(message, **fields)).encode()
    return ses.verify_and_read({}, body, now=now, topic=TOPIC, fetch=web or Web())


def mailgun_body(data: object, *, moment: object = int(NOW.timestamp()), token: str = "t" * 50) -> bytes:
    signed = hmac.new(MAILGUN_KEY.encode(), f"{moment}{token}".encode(), "sha256").hexdigest()
    signature = {"timestamp": str(moment), "token": token, "signature": signed}
    return json.dumps({"signature": signature, "event-data": data}).encode()


def by_mailgun(data: object, *, now: datetime = NOW, **signature: Any) -> HookReading:
    return mailgun.verify_and_read({}, mailgun_body(data, **signature), now=now, key=MAILGUN_KEY)


def login(user: str = "postmark", password: str = POSTMARK_PASSWORD) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def by_postmark(data: object, *, now: datetime = NOW) -> HookReading:
    return postmark.verify_and_read(login(), json.dumps(data).encode(), now=now, password=POSTMARK_PASSWORD)


def sendgrid_headers(body: bytes, moment: str = str(int(NOW.timestamp()))) -> dict[str, str]:
    signature = sendgrid_private().sign(moment.encode() + body, ec.ECDSA(hashes.SHA256()))
    return {sendgrid.TIMESTAMP: moment, sendgrid.SIGNATURE: base64.b64encode(signature).decode()}


def by_sendgrid(data: object, *, now: datetime = NOW) -> HookReading:
    body = json.dumps(data).encode()
    return sendgrid.verify_and_read(sendgrid_headers(body), body, now=now, key=sendgrid_key())


@dataclass(frozen=True)
class Provider:
    """A provider's proven reports of any content: `read` takes the octets that its signature covers."""

    name: str
    read: Callable[[bytes], HookReading]


def _proven_by_ses(content: bytes) -> HookReading:
    return by_ses(content.decode("utf-8", "replace"))


def _proven_by_postmark(content: bytes) -> HookReading:
    return postmark.verify_and_read(login(), content, now=NOW, password=POSTMARK_PASSWORD)


def _proven_by_sendgrid(content: bytes) -> HookReading:
    return sendgrid.verify_and_read(sendgrid_headers(content), content, now=NOW, key=sendgrid_key())


def _proven_by_mailgun(content: bytes) -> HookReading:
    signature: Mapping[str, object] = json.loads(mailgun_body(None))["signature"]
    body = b'{"signature":' + json.dumps(signature).encode() + b',"event-data":' + content + b"}"
    return mailgun.verify_and_read({}, body, now=NOW, key=MAILGUN_KEY)


PROVIDERS = [
    Provider("ses", _proven_by_ses),
    Provider("mailgun", _proven_by_mailgun),
    Provider("postmark", _proven_by_postmark),
    Provider("sendgrid", _proven_by_sendgrid),
]
