"""The keys that sign mail (RFC 6376), and what the world's name servers must say of them.

Comes in: the octets of a PEM file. Goes out: a `DkimKey`. RSA is what every receiver knows; Ed25519
(RFC 8463) is a second signature beside it, small and fast, which many receivers pass over.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import StrEnum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from newsletter.mail.errors import MessageError

RSA_BITS = 2048
# Receivers must not accept less (RFC 8301 §3.2).
LEAST_RSA_BITS = 1024
_SHA256 = Prehashed(SHA256())
_PKCS1 = padding.PKCS1v15()


class DkimKind(StrEnum):
    """How a key signs; the word is the one of the DNS record (`k=`)."""

    RSA = "rsa"
    ED25519 = "ed25519"


@dataclass(frozen=True, kw_only=True, slots=True)
class DkimKey:
    """One private key under its `selector`; safe to share between threads."""

    selector: str
    private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

    def __repr__(self) -> str:
        """The selector alone."""
        return f"DkimKey({self.selector!r})"

    @property
    def kind(self) -> DkimKind:
        """How it signs."""
        return DkimKind.RSA if isinstance(self.private, rsa.RSAPrivateKey) else DkimKind.ED25519

    @property
    def bits(self) -> int:
        """The length of an RSA key; 256 for Ed25519."""
        return self.private.key_size if isinstance(self.private, rsa.RSAPrivateKey) else 256

    @property
    def record(self) -> str:
        """What the TXT record at `SELECTOR._domainkey.DOMAIN` says (RFC 6376 §3.6.1, RFC 8463 §4.2)."""
        public = self.private.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        else:
            form = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return f"v=DKIM1; k={self.kind}; p={base64.b64encode(public.public_bytes(*form)).decode('ascii')}"

    def sign(self, digest: bytes) -> bytes:
        """The signature of a SHA-256 `digest`; the same each time. RSA lets other threads run meanwhile."""
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(digest, _PKCS1, _SHA256)
        return self.private.sign(digest)


def new_dkim_key(kind: DkimKind = DkimKind.RSA, *, bits: int = RSA_BITS) -> bytes:
    """A new private key as PEM (PKCS #8, not encrypted), out of the system's randomness."""
    private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    if kind is DkimKind.RSA:
        private = rsa.generate_private_key(public_exponent=65_537, key_size=bits)
    else:
        private = ed25519.Ed25519PrivateKey.generate()
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private.private_bytes(*form)


def read_dkim_key(pem: bytes, *, selector: str) -> DkimKey:
    """The key in a PEM file. Raises MessageError for what is none, needs a password, or is too weak to sign with."""
    try:
        private = serialization.load_pem_private_key(pem, password=None)
    except TypeError:
        raise MessageError(
            f"The DKIM key {selector} has a password. Save it without: openssl pkey -in … -out …"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        # The cause may quote the key.
        raise MessageError(
            f"The DKIM key {selector} is no private key in PEM form, or one of less than {LEAST_RSA_BITS} bits. "
            "Make a new one: newsletter dkim keygen"
        ) from None
    if isinstance(private, rsa.RSAPrivateKey):
        if private.key_size < LEAST_RSA_BITS:
            raise MessageError(
                f"The DKIM key {selector} has {private.key_size} bits, which no receiver accepts. "
                "Make a new one: newsletter dkim keygen"
            )
    elif not isinstance(private, ed25519.Ed25519PrivateKey):
        raise MessageError(f"The DKIM key {selector} is neither RSA nor Ed25519. Make one: newsletter dkim keygen")
    return DkimKey(selector=selector, private=private)
