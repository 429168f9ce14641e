"""The messages of one edition: its frozen variants, compiled once, filled for each reader.

Comes in: the store and the edition. Goes out: the engine's `Compose`. Reads the snapshot only, never
a template or an article's file.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from newsletter.mail import CompiledVariant, DkimSigner, EditionFacts, compile_variant
from newsletter.model import Envelope, Masthead, Recipient, SubscriberId, VariantId, article_url, edition_url
from newsletter.store import Store
from newsletter.store.editions import StoredEdition, StoredVariant, variants_of


class Letters:
    """Fills messages of one edition; each variant is compiled once, at its first reader. Safe to share."""

    def __init__(
        self,
        store: Store,
        edition: StoredEdition,
        *,
        masthead: Masthead,
        bounce_token: Callable[[SubscriberId], str],
        signer: DkimSigner | None = None,
    ) -> None:
        """Read the edition's variants; `bounce_token` signs a reader's return address, `signer` the message."""
        with store.reading() as connection:
            self._variants = {one.id: one for one in variants_of(connection, edition.id)}
        self._compiled: dict[VariantId, CompiledVariant] = {}
        self._compiling = threading.Lock()
        self._edition = edition
        self._masthead = masthead
        self._bounce_token = bounce_token
        self._signer = signer

    def compose(self, variant_id: VariantId, recipient: Recipient, now: datetime) -> tuple[Envelope, bytes]:
        """Envelope and whole bytes of one reader's message; the same Message-ID each time.

        Raises MessageError when this reader's message cannot be written.
        """
        compiled = self._compiled.get(variant_id) or self._compile_once(variant_id)
        envelope = compiled.envelope(recipient, self._bounce_token(recipient.subscriber_id))
        return envelope, compiled.fill(recipient, now=now)

    def _compile_once(self, variant_id: VariantId) -> CompiledVariant:
        with self._compiling:
            if variant_id not in self._compiled:
                self._compiled[variant_id] = self._compile(self._variants[variant_id])
            return self._compiled[variant_id]

    def _compile(self, stored: StoredVariant) -> CompiledVariant:
        base_url = self._masthead.base_url
        urls = [article_url(base_url, held.language, held.slug) for held in stored.contents]
        facts = EditionFacts(
            uid=self._edition.uid,
            kind=self._edition.kind,
            article_uids=tuple(held.uid for held in stored.contents),
            archived_at=edition_url(base_url, self._edition.uid, urls),
        )
        return compile_variant(stored.variant, facts, masthead=self._masthead, signer=self._signer)
