"""An edition as email: articles dressed in the theme, frozen, encoded, and filled for each reader.

Comes in: articles, the theme as text, the masthead. Goes out: a `Variant` to freeze, and from a frozen
one the octets of each reader's message. Pure: no clock, no disk, no network, no database. Called by
the desk and, for the finished parts, by preflight.
"""

from newsletter.mail.addresses import wire_address, wire_domain
from newsletter.mail.compiled import CompiledVariant, compile_variant
from newsletter.mail.compose import EditionText, articles_key, compose_variant
from newsletter.mail.digest import DigestText, compose_digest
from newsletter.mail.dkim import DkimKey, DkimKind, DkimSigner, new_dkim_key, read_dkim_key, sign_message
from newsletter.mail.errors import MessageError
from newsletter.mail.headers import header_names
from newsletter.mail.list_headers import EditionFacts
from newsletter.mail.notice import NoticeText, compose_notice
from newsletter.mail.typography import typeset

__all__ = [
    "CompiledVariant",
    "DigestText",
    "DkimKey",
    "DkimKind",
    "DkimSigner",
    "EditionFacts",
    "EditionText",
    "MessageError",
    "NoticeText",
    "articles_key",
    "compile_variant",
    "compose_digest",
    "compose_notice",
    "compose_variant",
    "header_names",
    "new_dkim_key",
    "read_dkim_key",
    "sign_message",
    "typeset",
    "wire_address",
    "wire_domain",
]
