"""The headers that keep a browser from doing more than we mean, one set for each kind of page."""

from __future__ import annotations

from collections.abc import Mapping

# Ours have no script at all, so none may run, whatever a title or a body contains.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' https: data:; media-src 'self' https:; script-src 'none'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

# The readers' forms have one script, which guesses the time zone; they work without it.
FORM_POLICY = PAGE_POLICY.replace("script-src 'none'", "script-src 'self'")

# The web copy of an edition is the email itself, whose styles stand in its elements. It gets an
# origin of its own, and its links open outside of that.
_ALONE = "sandbox allow-popups allow-popups-to-escape-sandbox"
EDITION_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https: data:; script-src 'none'; "
    f"form-action 'none'; frame-ancestors 'none'; base-uri 'none'; {_ALONE}"
)

INBOX_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)

# One message in the dev inbox. Pictures come from this server only: looking at a message must not
# tell anybody that it was looked at.
MESSAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; script-src 'none'; "
    f"form-action 'none'; frame-ancestors 'self'; base-uri 'none'; {_ALONE}"
)

EVERYWHERE: Mapping[str, str] = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

PERSONAL: Mapping[str, str] = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
