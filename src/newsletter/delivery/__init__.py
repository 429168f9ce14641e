"""Delivery: every reader of a released edition gets one message, and the books say what became of it.

Comes in: rows that a release queued, a transport, and the desk's way to compose. Goes out: a
`Balance`. Called by the desk, which knows the newsroom; nothing here does.
"""

from __future__ import annotations

from newsletter.delivery.balance import Balance, balance_of, verify
from newsletter.delivery.engine import send_edition
from newsletter.delivery.recover import Recovered, recover, resend_unknown, retry_deliveries
from newsletter.delivery.run import Compose, OnUnknown, Run
from newsletter.delivery.senders import Sender, this_sender
from newsletter.delivery.signals import draining

__all__ = [
    "Balance",
    "Compose",
    "OnUnknown",
    "Recovered",
    "Run",
    "Sender",
    "balance_of",
    "draining",
    "recover",
    "resend_unknown",
    "retry_deliveries",
    "send_edition",
    "this_sender",
    "verify",
]
