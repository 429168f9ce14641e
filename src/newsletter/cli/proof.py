"""`newsletter subscribers proof`: what a reader agreed to, on one page."""

from __future__ import annotations

from dataclasses import asdict

import typer

from newsletter.cli.app import JsonOption, session
from newsletter.cli.help import examples
from newsletter.cli.subscribers import Address, subscribers
from newsletter.errors import UsageError


@subscribers.command(
    no_args_is_help=True,
    short_help="Print what a reader agreed to, when and in which words.",
    epilog=examples(
        "newsletter subscribers proof ada@example.org", "newsletter subscribers proof ada@example.org --json"
    ),
)
def proof(ctx: typer.Context, address: Address, json: JsonOption = False) -> None:
    """Print the proof of consent of one reader on one page (GDPR article 7): wording with its version, page, time."""
    from newsletter import subscribers as readers
    from newsletter.subscribers.proofs import proof_lines, proof_of

    here = session(ctx, json=json)
    newsroom = here.newsroom()
    found = proof_of(newsroom.store, address)
    if found is None:
        raise UsageError(f"{readers.mask(address)} is no subscriber here. See: newsletter subscribers list")
    record = {
        "address": found.subscriber.address,
        "state": found.subscriber.state,
        "joined_at": found.subscriber.joined_at,
        "consents": [asdict(line) for line in found.consents],
        "asked": [asdict(line) for line in found.asked],
    }
    here.screen.data(record, proof_lines(found, title=newsroom.masthead.title, now=newsroom.now))
