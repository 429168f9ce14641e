"""A trial with the first readers: when the relay refuses too many of them, the others are not tried.

Comes in: the owner's rules, the transaction in which rows are leased. Goes out: how many rows may be
leased. Kept on the edition's row, so that every process and every restart knows how far it has come.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from newsletter.delivery.pace import Grant
from newsletter.model import EditionId
from newsletter.store.canary import Tried, move_trial, trial_of, tried
from newsletter.store.progress import pause_edition

_LOOK_AGAIN = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class CanaryRules:
    """Try `share` of the audience first, wait for `wait`, and go on if at most `refused` of them were refused.

    Both shares lie between 0 and 1. An edition for fewer than `least` readers has no trial.
    """

    share: float
    wait: timedelta
    refused: float
    least: int = 100


def limit_trial(
    connection: Connection, edition_id: EditionId, rules: CanaryRules | None, wanted: int, *, now: datetime
) -> Grant:
    """How many of `wanted` rows may be leased, as far as the trial is concerned; may pause the edition.

    A trial that failed and was resumed by a person is over.
    """
    everything = Grant(count=wanted)
    if rules is None:
        return everything
    trial = trial_of(connection, edition_id)
    if trial.audience < rules.least or trial.state in ("passed", "failed"):
        return everything
    size = max(1, math.ceil(rules.share * trial.audience))
    if trial.state != "waiting":
        found = tried(connection, edition_id)
        if found.begun < size:
            return Grant(count=min(wanted, size - found.begun))
        if found.leased:
            return Grant(count=0, next_at=now + _LOOK_AGAIN, reason=f"a trial with the first {size:,} readers")
        move_trial(connection, edition_id, "waiting", until=now + rules.wait)
        return _wait(size, now + rules.wait)
    if trial.until is not None and now < trial.until <= now + rules.wait:
        return _wait(size, trial.until)
    return _judge(connection, edition_id, rules, tried(connection, edition_id), now) or everything


def _wait(size: int, until: datetime) -> Grant:
    reason = f"the first {size:,} readers have it; the others wait for their answers"
    return Grant(count=0, next_at=until, reason=reason)


def _judge(
    connection: Connection, edition_id: EditionId, rules: CanaryRules, found: Tried, now: datetime
) -> Grant | None:
    if found.refused <= rules.refused * found.begun:
        move_trial(connection, edition_id, "passed")
        return None
    move_trial(connection, edition_id, "failed")
    reason = (
        f"the trial failed: {found.refused:,} of the first {found.begun:,} were refused, "
        f"{rules.refused:.0%} at most are allowed"
    )
    pause_edition(connection, edition_id, reason=reason, now=now)
    return Grant(count=0, reason=reason)
