"""The page of an edition: the frozen email, without anything of a reader in it.

Editions of one article have one too, although their "view in browser" leads to the article's own page,
which is in the reader's language and up to date: this is the copy of what was really mailed.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from newsletter.model import EditionKind, EditionState, Masthead, Variant
from newsletter.store.editions import editions_with_withdrawn, list_editions, variants_of

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
        if edition.state in _HIDDEN or edition.id in withdrawn or was_never_mailed:
            continue
        if path in standing:
            pages[path] = None
            continue
        variants = [one.variant for one in variants_of(connection, edition.id)]
        if variants:
            pages[path] = anonymous(_first(variants, masthead)).encode()
    return pages


def anonymous(variant: Variant) -> str:
    """The frozen HTML with every placeholder taken out: no token, no name, no address."""
    html = variant.html
    for name, placeholder in variant.placeholders.items():
        html = html.replace(placeholder, "…" if name == "ADDRESS" else "")
    return html


def _first(variants: list[Variant], masthead: Masthead) -> Variant:
    return next((v for v in variants if v.furniture == masthead.language), variants[0])
