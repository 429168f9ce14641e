"""Hooks: what providers report by themselves, proven to be theirs and put in our own words.

Comes in: header fields (names in lower case) and the body of a request. Goes out: a `HookReading`. Pure, but for the
certificates of Amazon, which are fetched by what is handed in. Called by the desk, which acts on the events and
knows which it has heard already.
"""

from __future__ import annotations

from newsletter.delivery.hooks import mailgun, postmark, sendgrid, ses
from newsletter.delivery.hooks.errors import HookRefused, HookUndecided
from newsletter.delivery.hooks.read import HookEvent, HookReading

__all__ = ["HookEvent", "HookReading", "HookRefused", "HookUndecided", "mailgun", "postmark", "sendgrid", "ses"]
