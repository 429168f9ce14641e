"""The page of an edition of several articles: the frozen email, without anything of a reader in it."""

from __future__ import annotations

from sqlalchemy import Connection

from newsletter.model import EditionKind, EditionState, Masthead, Variant
from newsletter.store.articles import withdrawn_addresses
from newsletter.store.editions import list_editions, variants_of

_HIDDEN = (EditionState.DRAFT, EditionState.SCHEDULED, EditionState.HELD)


def edition_pages(connection: Connection, masthead: Masthead) -> dict[str, bytes]:
    """Path → page of each released edition that has no article page to point at.

    An edition that holds a withdrawn article has none: what was taken back is not shown here either.
    """
    pages: dict[str, bytes] = {}
    withdrawn = set(withdrawn_addresses(connection))
    for edition in list_editions(connection):
        if edition.kind is EditionKind.SINGLE or edition.state in _HIDDEN:
            continue
        stored = variants_of(connection, edition.id)
        variants = [one.variant for one in stored]
        contents = {(held.language, held.slug) for one in stored for held in one.contents}
        if variants and contents.isdisjoint(withdrawn):
            pages[f"site/editions/{edition.uid}/index.html"] = anonymous(_first(variants, masthead)).encode()
    return pages


def anonymous(variant: Variant) -> str:
    """The frozen HTML with every placeholder taken out: no token, no name, no address."""
    html = variant.html
    for name, placeholder in variant.placeholders.items():
        html = html.replace(placeholder, "…" if name == "ADDRESS" else "")
    return html


def _first(variants: list[Variant], masthead: Masthead) -> Variant:
    return next((v for v in variants if v.furniture == masthead.language), variants[0])
