"""A variant made ready to be signed: what all its messages share is canonicalised and hashed once.

Comes in: the shared fields and the body with its gaps. Goes out: a `Seal` that signs one reader's message.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter.mail.dkim import DkimSigner, Hash, canonical_fields, signed_names, written_names
from newsletter.mail.multipart import Body


@dataclass(frozen=True, kw_only=True, slots=True)
class Seal:
    """What signs the messages of one variant: `headers` and `body` are hashed as far as they never change.

    `opened` octets of each body are in `body` already. Safe to share between threads.
    """

    signer: DkimSigner
    signed: str
    headers: Hash
    body: Hash
    opened: int

    def fields(self, head: bytes, body: bytes, *, now: datetime) -> bytes:
        """The signatures over a message with the reader's own fields `head` and the whole `body`."""
        headers, hashed = self.headers.copy(), self.body.copy()
        headers.update(canonical_fields(head))
        hashed.update(memoryview(body)[self.opened :])
        return self.signer.fields(self.signed, headers, hashed.digest(), now=now)


def make_seal(
    signer: DkimSigner, *, shared: bytes, shared_names: Sequence[str], own: Sequence[str], body: Body
) -> Seal:
    """A seal for messages with the fields `shared`, named `shared_names`, and a reader's `own` names, all in order.

    `body` ends in exactly one line end, as multipart bodies of ours do.
    """
    opening = body.opening
    return Seal(
        signer=signer,
        # Fields that never change come first in `h=`, whose order is ours to choose (RFC 6376 §5.4).
        signed=written_names(signed_names([*shared_names, *own])),
        headers=hashlib.sha256(canonical_fields(shared)),
        body=hashlib.sha256(opening),
        opened=len(opening),
    )
