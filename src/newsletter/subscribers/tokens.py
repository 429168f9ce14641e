"""Signed names for readers: what stands in unsubscribe links and bounce addresses.

Comes in: `Keys` and ids. Goes out: short texts that nobody else can make, and ids again. Nothing is
stored, nothing expires (RFC 8058 §3 wants links that work for as long as the mail is read). A
preferences link also signs the reader's token version, so that moving it makes older links worthless;
what a confirm link stands for has its own end. Pure.

One token is: 4 bits of key number and 4 bits of purpose · the ids · 12 octets of HMAC-SHA256 over
both. Guessing one takes 2^95 tries on average.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from newsletter.model import EditionId, SubscriberId
from newsletter.subscribers.keys import Keys, SigningKey

TOKEN_CHARACTERS = 26
BOUNCE_TOKEN_CHARACTERS = 39

_MAC_OCTETS = 12
_SUBSCRIBER_OCTETS = 6
_EDITION_OCTETS = 5
_VERSION_OCTETS = 4
_TOKEN_DATA_OCTETS = 1 + _SUBSCRIBER_OCTETS
_BOUNCE_DATA_OCTETS = 1 + _SUBSCRIBER_OCTETS + _EDITION_OCTETS


class Purpose(IntEnum):
    """What a token may do: it is signed in, so that no link opens another door."""

    UNSUBSCRIBE = 1
    PREFERENCES = 2
    CONFIRM = 3
    BOUNCE = 4
    CANCEL = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class BouncedDelivery:
    """Which delivery a bounce report speaks of."""

    edition_id: EditionId
    subscriber_id: SubscriberId


def unsubscribe_token(keys: Keys, subscriber_id: SubscriberId) -> str:
    """The token of a reader's unsubscribe link: 26 characters of base64url, always the same for one key."""
    return _token(keys, Purpose.UNSUBSCRIBE, subscriber_id)


def preferences_token(keys: Keys, subscriber_id: SubscriberId, token_version: int) -> str:
    """The token of a reader's preferences link: 26 characters, worthless once the version has moved."""
    return _token(keys, Purpose.PREFERENCES, subscriber_id, _version(token_version))


def confirm_token(keys: Keys, confirmation_id: int, address: str) -> str:
    """The token of the link that agrees to one confirmation, mailed to `address`: 26 characters.

    The address is signed along: a database brought back from a backup gives numbers out again, and a
    link of the days between must not agree for somebody else.
    """
    return _token(keys, Purpose.CONFIRM, confirmation_id, address.encode())


def read_token(keys: Keys, token: str, purpose: Purpose) -> SubscriberId | None:
    """Whose token this is; None unless one of `keys` signed exactly this text for `purpose`.

    The signature is compared in constant time. Whether the subscriber still exists is another question.
    Preferences are read by `read_preferences_token`.
    """
    octets = _octets(token)
    ids = None if octets is None else _verified(keys, purpose, octets, _TOKEN_DATA_OCTETS)
    return None if ids is None else SubscriberId(int.from_bytes(ids, "big"))


def read_confirm_token(keys: Keys, token: str, address_of: Callable[[int], str | None]) -> int | None:
    """Which confirmation this token agrees to; None unless it was signed for the address that was asked.

    `address_of` looks up whom a confirmation asks, None for one that is not there.
    """
    octets = _octets(token)
    if octets is None or octets[0] & 0x0F != Purpose.CONFIRM:
        return None
    named = int.from_bytes(octets[1:_TOKEN_DATA_OCTETS], "big")
    address = address_of(named)
    if address is None:
        return None
    return named if _verified(keys, Purpose.CONFIRM, octets, _TOKEN_DATA_OCTETS, address.encode()) else None


def read_preferences_token(
    keys: Keys, token: str, version_of: Callable[[SubscriberId], int | None]
) -> SubscriberId | None:
    """Whose preferences this token opens; None unless it was signed for the reader's present version.

    `version_of` looks the version up, None for somebody who is not there.
    """
    octets = _octets(token)
    if octets is None or octets[0] & 0x0F != Purpose.PREFERENCES:
        return None
    named = SubscriberId(int.from_bytes(octets[1:_TOKEN_DATA_OCTETS], "big"))
    version = version_of(named)
    if version is None:
        return None
    return named if _verified(keys, Purpose.PREFERENCES, octets, _TOKEN_DATA_OCTETS, _version(version)) else None


def cancel_token(keys: Keys, edition_id: EditionId, uid: str) -> str:
    """The token of the owner's link that stops an edition before it goes out: 26 characters.

    The uid is signed along: a database brought back from a backup gives numbers out again.
    """
    return _token(keys, Purpose.CANCEL, edition_id, uid.encode())


def read_cancel_token(keys: Keys, token: str, uid_of: Callable[[EditionId], str | None]) -> EditionId | None:
    """Which edition this token stops; None unless it was signed for the edition of that number and uid."""
    octets = _octets(token)
    if octets is None or octets[0] & 0x0F != Purpose.CANCEL:
        return None
    named = EditionId(int.from_bytes(octets[1:_TOKEN_DATA_OCTETS], "big"))
    uid = uid_of(named)
    if uid is None:
        return None
    return named if _verified(keys, Purpose.CANCEL, octets, _TOKEN_DATA_OCTETS, uid.encode()) else None


def bounce_token(keys: Keys, edition_id: EditionId, subscriber_id: SubscriberId) -> str:
    """The token of one delivery's return address: 39 characters of lower-case base32.

    Base32, because mail servers on the way may change the case of a local part.
    """
    ids = subscriber_id.to_bytes(_SUBSCRIBER_OCTETS, "big") + edition_id.to_bytes(_EDITION_OCTETS, "big")
    signed = _signed(keys.token_keys[0], Purpose.BOUNCE, ids)
    return base64.b32encode(signed)[:BOUNCE_TOKEN_CHARACTERS].decode("ascii").lower()


def read_bounce_token(keys: Keys, token: str) -> BouncedDelivery | None:
    """Which delivery the token names, in any case of letters; None unless one of `keys` signed it."""
    if len(token) != BOUNCE_TOKEN_CHARACTERS or not token.isascii():
        return None
    try:
        octets = base64.b32decode(token.upper() + "=")
    except ValueError:
        return None
    if base64.b32encode(octets)[:BOUNCE_TOKEN_CHARACTERS].decode("ascii") != token.upper():
        return None
    ids = _verified(keys, Purpose.BOUNCE, octets, _BOUNCE_DATA_OCTETS)
    if ids is None:
        return None
    return BouncedDelivery(
        subscriber_id=SubscriberId(int.from_bytes(ids[:_SUBSCRIBER_OCTETS], "big")),
        edition_id=EditionId(int.from_bytes(ids[_SUBSCRIBER_OCTETS:], "big")),
    )


def suppression_key(keys: Keys, address_key: str) -> str:
    """What stands for an address that must never be mailed: 64 hexadecimal digits, one-way without the key."""
    return keys.suppression.sign(address_key.encode()).hex()


def _token(keys: Keys, purpose: Purpose, id_: int, also: bytes = b"") -> str:
    signed = _signed(keys.token_keys[0], purpose, id_.to_bytes(_SUBSCRIBER_OCTETS, "big"), also)
    # 19 octets fill 26 characters; the two behind them are padding.
    return base64.urlsafe_b64encode(signed)[:TOKEN_CHARACTERS].decode("ascii")


def _octets(token: str) -> bytes | None:
    """The octets of a well-formed token."""
    if len(token) != TOKEN_CHARACTERS:
        return None
    try:
        octets = base64.urlsafe_b64decode(token + "==")
    except ValueError:
        return None
    # The decoder skips what it does not know and ignores the last four bits: one token, one spelling.
    return octets if base64.urlsafe_b64encode(octets)[:TOKEN_CHARACTERS] == token.encode("ascii") else None


def _version(token_version: int) -> bytes:
    return token_version.to_bytes(_VERSION_OCTETS, "big")


def _signed(key: SigningKey, purpose: Purpose, ids: bytes, also: bytes = b"") -> bytes:
    """Key number, purpose, ids and their signature; `also` is signed and not written."""
    data = bytes((key.number << 4 | purpose,)) + ids
    return data + key.sign(data + also)[:_MAC_OCTETS]


def _verified(keys: Keys, purpose: Purpose, octets: bytes, data_octets: int, also: bytes = b"") -> bytes | None:
    """The ids in `octets`, or None when the purpose is another or the signature is not ours."""
    if octets[0] & 0x0F != purpose:
        return None
    for key in keys.token_keys:
        if key.number == octets[0] >> 4:
            mac = key.sign(octets[:data_octets] + also)[:_MAC_OCTETS]
            return octets[1:data_octets] if hmac.compare_digest(mac, octets[data_octets:]) else None
    return None
