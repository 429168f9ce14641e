"""Digests under everything that can happen to them: each claim is met once, and nothing else is mailed.

The model beside this file knows sets and promises only. Each control takes one rule out of the program,
and the machine has to notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from machine import Digests
from sqlalchemy import false
from stage import Stage

from newsletter.editions import gather, rounds
from newsletter.store import gathering

# Parts, so that several processes share the work.
PARTS, EXAMPLES = 4, 25
LONG_PARTS, LONG_EXAMPLES = 8, 250


@pytest.fixture
def stage(tmp_path: Path, empty_database: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path, empty_database)
    yield stage
    stage.store.close()


def run(stage: Stage, *, part: int, examples: int, phases: tuple[Phase, ...] = tuple(Phase)) -> None:
    usual = settings(
        max_examples=examples,
        stateful_step_count=30,
        deadline=None,
        database=None,
        print_blob=False,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(part)(lambda: Digests(stage)), settings=usual)


@pytest.mark.parametrize("part", range(PARTS))
def test_every_claim_is_met_once_whatever_happens(stage: Stage, part: int) -> None:
    run(stage, part=part, examples=EXAMPLES)


@pytest.mark.faults
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(100, 100 + LONG_PARTS))
def test_every_claim_is_met_once_in_thousands_of_stories(stage: Stage, part: int) -> None:
    run(stage, part=part, examples=LONG_EXAMPLES)


def take_out_received(patch: pytest.MonkeyPatch) -> None:
    real = gathering._received
    patch.setattr(gathering, "_received", lambda first: real(first).where(false()))


def take_out_owed(patch: pytest.MonkeyPatch) -> None:
    for module in (gather, rounds):
        patch.setattr(module, "something_is_owed", lambda *_args, **_values: False)


def take_out_translations(patch: pytest.MonkeyPatch) -> None:
    """Let each article stand for itself, as if it had no sisters in other languages."""
    from dataclasses import replace

    real = gather.candidates
    patch.setattr(
        gather, "candidates", lambda *args, **values: [replace(one, group_uid=one.uid) for one in real(*args, **values)]
    )


@pytest.mark.faults
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("rule", [take_out_received, take_out_owed, take_out_translations])
def test_machine_notices_a_rule_that_is_missing(stage: Stage, monkeypatch: pytest.MonkeyPatch, rule) -> None:
    rule(monkeypatch)

    with pytest.raises((AssertionError, BaseExceptionGroup)):
        run(stage, part=7, examples=150, phases=(Phase.generate,))
