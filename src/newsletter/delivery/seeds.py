"""The owner's own mailboxes get an edition before its readers do: copies without a row, counted nowhere."""

from __future__ import annotations

from newsletter.delivery.loose import TOKEN_OF_NOBODY, send_loose
from newsletter.delivery.run import Run
from newsletter.model import EditionId, EditionState, Recipient, SubscriberId
from newsletter.store import Store
from newsletter.store.canary import begin_trial
from newsletter.store.editions import variants_of
from newsletter.store.progress import edition_row


def send_seeds(store: Store, edition_id: EditionId, run: Run) -> int:
    """Send every variant of a new edition to each of `run.seeds`, once; gives how many were accepted.

    Noted before it is done: after a crash in between a seed may miss its copy, but never gets a second.
    Raises TransportError when the relay takes none; no reader was tried then.
    """
    if not run.seeds:
        return 0
    with store.writing() as connection:
        edition = edition_row(connection, edition_id)
        if edition is None or edition.state != EditionState.SENDING or not begin_trial(connection, edition_id):
            return 0
        variants = [variant.id for variant in variants_of(connection, edition_id)]
    seeds = [_seed(number, address) for number, address in enumerate(run.seeds, 1)]
    with run.open_transport() as transport:
        copies = (run.compose(variant, seed, run.clock()) for variant in variants for seed in seeds)
        return send_loose(transport, copies)


def _seed(number: int, address: str) -> Recipient:
    return Recipient(
        subscriber_id=SubscriberId(0),
        uid=f"seed-{number}",
        address=address,
        name="",
        token=TOKEN_OF_NOBODY,
        preferences=TOKEN_OF_NOBODY,
    )
