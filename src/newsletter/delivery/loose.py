"""Messages outside the ledger: test copies of an edition for the owner's own eyes.

They have no row and are counted nowhere. Their links are signed for nobody, so that trying them
changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from newsletter.delivery.transports import Transport
from newsletter.errors import TransportError
from newsletter.mail import DkimSigner, EditionFacts, compile_variant
from newsletter.model import Article, EditionKind, Envelope, Masthead, Outcome, Recipient, SubscriberId, Variant

TOKEN_OF_NOBODY = "0" * 26


def loose_message(
    variant: Variant,
    articles: tuple[Article, ...],
    *,
    masthead: Masthead,
    address: str,
    now: datetime,
    signer: DkimSigner | None = None,
) -> tuple[Envelope, bytes]:
    """Envelope and bytes of a test copy of `variant` to `address`, marked by its own Message-ID."""
    facts = EditionFacts(
        uid=f"test-{now:%Y%m%dT%H%M%S}",
        kind=EditionKind.SINGLE,
        article_uids=tuple(article.uid for article in articles),
        archived_at=articles[0].url,
    )
    recipient = Recipient(
        subscriber_id=SubscriberId(0),
        # No address: it would stand in error messages.
        uid=f"test-{variant.language}-{variant.furniture}",
        address=address,
        name="",
        token=TOKEN_OF_NOBODY,
        preferences=TOKEN_OF_NOBODY,
    )
    compiled = compile_variant(variant, facts, masthead=masthead, signer=signer)
    return compiled.envelope(recipient, TOKEN_OF_NOBODY), compiled.fill(recipient, now=now)


def send_loose(transport: Transport, messages: Iterable[tuple[Envelope, bytes]]) -> int:
    """Hand messages over; gives how many. Raises TransportError with the server's words at the first refusal."""
    number = 0
    for envelope, message in messages:
        receipt = transport.deliver(envelope, message, opened=lambda: None)
        if receipt.outcome is not Outcome.ACCEPTED:
            raise TransportError(f"The test copy was not accepted ({receipt.outcome}): {receipt.code} {receipt.reply}")
        number += 1
    return number
