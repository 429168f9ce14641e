"""Delivery: every reader of a released edition gets one message, and the books say what became of it.

Comes in: rows that a release queued, a transport, and the desk's way to compose. Goes out: a
`Balance`. Called by the desk, which knows the newsroom; nothing here does.
"""

from __future__ import annotations

from newsletter.delivery.balance import Balance, balance_of, verify
from newsletter.delivery.engine import send_edition
from newsletter.delivery.notice_sender import NoticeSender
from newsletter.delivery.notices import NoticeCounts, NoticeRun, notices_are_due, send_notices
from newsletter.delivery.recover import Recovered, recover, resend_unknown, retry_deliveries
from newsletter.delivery.run import Compose, OnUnknown, Run
from newsletter.delivery.senders import Sender, this_sender
from newsletter.delivery.signals import draining
from newsletter.delivery.worker import Worker, WorkerWords

__all__ = [
    "Balance",
    "Compose",
    "NoticeCounts",
    "NoticeRun",
    "NoticeSender",
    "OnUnknown",
    "Recovered",
    "Run",
    "Sender",
    "Worker",
    "WorkerWords",
    "balance_of",
    "draining",
    "notices_are_due",
    "recover",
    "resend_unknown",
    "retry_deliveries",
    "send_edition",
    "send_notices",
    "this_sender",
    "verify",
]
