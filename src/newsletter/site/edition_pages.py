"""The page of an edition: the frozen email, without anything of a reader in it.

Editions of one article have one too, although their "view in browser" leads to the article's own page,
which is in the reader's language and up to date: this is the copy of what was really mailed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from newsletter.model import EditionKind, EditionState, Masthead, Variant
from newsletter.store.editions import StoredVariant, editions_with_withdrawn, list_editions, variants_of

_HIDDEN = (EditionState.DRAFT, EditionState.SCHEDULED, EditionState.HELD)


def edition_pages(
    connection: Connection, masthead: Masthead, *, standing: Collection[str] = ()
) -> dict[str, bytes | None]:
    """Path → page of each released edition; None for those `standing`, which are frozen and need no second look.

    An edition that holds a withdrawn article has none: what was taken back is not shown here either.
    """
    pages: dict[str, bytes | None] = {}
    withdrawn = editions_with_withdrawn(connection)
    for edition in list_editions(connection):
        path = f"site/editions/{edition.uid}/index.html"
        # An article that was mailed to nobody has no email to show.
        was_never_mailed = edition.kind is EditionKind.SINGLE and not edition.audience
        was_released = edition.released_at is not None
        if not was_released or edition.state in _HIDDEN or edition.id in withdrawn or was_never_mailed:
            continue
        if path in standing:
            pages[path] = None
            continue
        shown = public_variant(variants_of(connection, edition.id), masthead.language)
        if shown is not None:
            pages[path] = anonymous(shown.variant).encode()
    return pages


def anonymous(variant: Variant) -> str:
    """The frozen HTML with every placeholder taken out: no token, no name, no address."""
    html = variant.html
    for name, placeholder in variant.placeholders.items():
        html = html.replace(placeholder, "…" if name == "ADDRESS" else "")
    return html


def public_variant(variants: Sequence[StoredVariant], language: str) -> StoredVariant | None:
    """The variant an edition's page shows: the first in the newsroom's words, else the first; None without any."""
    mine = next((one for one in variants if one.variant.furniture == language), None)
    return mine or next(iter(variants), None)
