"""Puts one recorded answer of a provider before its transport, and tells what the transport made of it."""

from __future__ import annotations

from dataclasses import dataclass

from ledger_rows import NOW
from provider_server import TAKEN_BODY, Post, ProviderServer, Said, transport_to

from newsletter.delivery.retry import Decision, Try, decide
from newsletter.errors import TransportError
from newsletter.model import Envelope, Receipt

SENDER = "b+ah5Tokens_of-Ours@news.example.org"
MESSAGE = (
    b"DKIM-Signature: v=1; a=rsa-sha256; d=example.org;\r\n\tb=abc\r\nTo: ada@example.org\r\n"
    b"DKIM-Signature: v=1; a=ed25519-sha256; d=example.org; b=def\r\nDate: Tue, 24 Nov 2026 09:00:00 +0000\r\n"
    b"Message-ID: <e1.s1@example.org>\r\nList-Unsubscribe: <https://news.example.org/u/t>,\r\n"
    b" <mailto:unsub+t@example.org?subject=unsubscribe>\r\nFrom: =?utf-8?q?H=C3=A4fen=2C_Post?= <news@example.org>\r\n"
    b"Subject: =?utf-8?q?Mar=C3=A9es?=\r\nList-ID: Post <post.news.example.org>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nX-Article-UID: tag:example.org,2026:1\r\n"
    b"Feedback-ID: 1:post:single:post\r\nMIME-Version: 1.0\r\nContent-Language: fr\r\n"
    b'Content-Type: multipart/alternative;\r\n boundary="=_b"\r\n\r\n--=_b\r\n'
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Mar=C3=A9es\r\nDKIM-Signature: is a word here\r\n--=_b\r\nContent-Type: text/html; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nPHA+TWFyw6llczwvcD4=\r\n--=_b--\r\n"
)
# The same without what the providers sign themselves.
UNSIGNED = (MESSAGE.replace(b"DKIM-Signature: v=1; a=rsa-sha256; d=example.org;\r\n\tb=abc\r\n", b"")).replace(
    b"DKIM-Signature: v=1; a=ed25519-sha256; d=example.org; b=def\r\n", b""
)


@dataclass(frozen=True)
class Told:
    """A transport's answer: a receipt, or an error; and what it had posted."""

    receipt: Receipt | None
    error: TransportError | None
    posts: list[Post]

    @property
    def given(self) -> Receipt:
        assert self.receipt is not None, self.error
        return self.receipt

    @property
    def raised(self) -> TransportError:
        assert self.error is not None, self.receipt
        return self.error

    @property
    def decision(self) -> Decision:
        """What becomes of the delivery at its first try."""
        attempt = Try(number=1, since=NOW, now=NOW, jitter=0.5, content=not self.given.of_reader)
        return decide(self.given, attempt)


def tell(name: str, said: Said | None = None, *, sender: str = SENDER, recipient: str = "ada@example.org") -> Told:
    """What the transport makes of `said`, or of an acceptance."""
    receipt = error = None
    with (
        ProviderServer(TAKEN_BODY[name], [said] if said else []) as server,
        transport_to(name, server.port) as transport,
    ):
        try:
            receipt = transport.deliver(Envelope(sender=sender, recipient=recipient), MESSAGE, opened=lambda: None)
        except TransportError as caught:
            error = caught
    return Told(receipt, error, server.posts)
