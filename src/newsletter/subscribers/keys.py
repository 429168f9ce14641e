"""The newsroom's keys: what signs the links in mail, and what hashes suppressed addresses.

Comes in: the text of ``newsletter.key``, or random octets. Goes out: `Keys`. Pure; the file itself
is read and written elsewhere. Called by the desk, once per run.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field, replace

from newsletter.errors import ConfigError, Fault, UsageError

KEY_OCTETS = 32
MAX_TOKEN_KEYS = 16  # a token has four bits for the key's number

_PREAMBLE = """\
# The keys of this newsroom: keep them secret, and keep them in the backup.
# Without the token keys the unsubscribe links in mail already sent stop working; without the
# suppression key nobody can tell any more who asked never to be written to again.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningKey:
    """One secret of 32 octets and its number (0 to 15); neither repr nor errors show the secret.

    `started` is HMAC-SHA256 with the key already mixed in: a copy of it signs in half the time.
    """

    number: int
    secret: bytes = field(repr=False)
    started: hmac.HMAC = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Mix the key in."""
        object.__setattr__(self, "started", hmac.new(self.secret, digestmod="sha256"))

    def sign(self, message: bytes) -> bytes:
        """HMAC-SHA256 of `message` (RFC 2104): 32 octets."""
        mac = self.started.copy()
        mac.update(message)
        return mac.digest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """Token keys, newest first (the first signs, all verify), and the suppression key, which never rotates."""

    token_keys: tuple[SigningKey, ...]
    suppression: SigningKey


def new_keys(random: bytes) -> Keys:
    """The first keys of a newsroom, from 64 octets of randomness."""
    if len(random) != 2 * KEY_OCTETS:
        raise ValueError(f"new keys take {2 * KEY_OCTETS} random octets")
    return Keys(
        token_keys=(SigningKey(number=1, secret=random[:KEY_OCTETS]),),
        suppression=SigningKey(number=0, secret=random[KEY_OCTETS:]),
    )


def rotated_keys(keys: Keys, random: bytes) -> Keys:
    """`keys` with a new token key in front, from 32 random octets; the links already mailed go on working.

    Raises UsageError after sixteen keys, since none may be dropped: unsubscribe links never expire.
    """
    if len(random) != KEY_OCTETS:
        raise ValueError(f"a new key takes {KEY_OCTETS} random octets")
    if len(keys.token_keys) >= MAX_TOKEN_KEYS:
        raise UsageError(
            f"newsletter.key already holds {MAX_TOKEN_KEYS} token keys, and dropping one would break unsubscribe "
            "links in mail already sent. Remove the oldest line by hand if that mail no longer matters."
        )
    taken = {key.number for key in keys.token_keys}
    newest = keys.token_keys[0].number
    number = next(n % MAX_TOKEN_KEYS for n in range(newest + 1, newest + 1 + MAX_TOKEN_KEYS) if n % 16 not in taken)
    return replace(keys, token_keys=(SigningKey(number=number, secret=random), *keys.token_keys))


def serialise_keys(keys: Keys) -> str:
    """The text of ``newsletter.key``, which `parse_keys` reads back."""
    lines = [f"token {key.number} {_to_text(key.secret)}\n" for key in keys.token_keys]
    return _PREAMBLE + "".join(lines) + f"suppression {_to_text(keys.suppression.secret)}\n"


def parse_keys(text: str, *, path: str = "newsletter.key") -> Keys:
    """The keys in `text`; comments and empty lines are skipped.

    Raises ConfigError with every fault and its line; none shows a secret.
    """
    tokens: list[SigningKey] = []
    suppressions: list[SigningKey] = []
    faults: list[Fault] = []
    for line, words in enumerate((line.split() for line in text.splitlines()), start=1):
        if not words or words[0].startswith("#"):
            continue
        key = _read_line(words)
        if isinstance(key, str):
            faults.append(Fault(path=path, line=line, message=key))
        elif words[0] == "suppression":
            suppressions.append(key)
        elif key.number in {known.number for known in tokens}:
            faults.append(Fault(path=path, line=line, message="the number of this token key is taken. Remove a line."))
        else:
            tokens.append(key)
    if not faults:
        faults = _missing(path, len(tokens), len(suppressions))
    if faults:
        raise ConfigError(faults)
    return Keys(token_keys=tuple(tokens), suppression=suppressions[0])


def _missing(path: str, tokens: int, suppressions: int) -> list[Fault]:
    faults = []
    if not tokens:
        faults.append(Fault(path=path, message="no token key is in it. Bring back the file from the backup."))
    if suppressions != 1:
        message = f"it must have one suppression key and has {suppressions}. Bring back the file from the backup."
        faults.append(Fault(path=path, message=message))
    return faults


def _read_line(words: list[str]) -> SigningKey | str:
    """The key in one line, or a sentence that says what is wrong with it."""
    match words:
        case ["token", number, secret] if number.isascii() and number.isdecimal() and int(number) < MAX_TOKEN_KEYS:
            found = _to_octets(secret)
        case ["suppression", secret]:
            number, found = "0", _to_octets(secret)
        case _:
            return 'this line is neither "token NUMBER SECRET" nor "suppression SECRET". Bring back the file.'
    if found is None:
        return f"the secret must be {KEY_OCTETS} octets in base64url. Bring back the file from the backup."
    return SigningKey(number=int(number), secret=found)


def _to_text(secret: bytes) -> str:
    return base64.urlsafe_b64encode(secret).rstrip(b"=").decode("ascii")


def _to_octets(text: str) -> bytes | None:
    try:
        secret = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    return secret if len(secret) == KEY_OCTETS and _to_text(secret) == text else None
