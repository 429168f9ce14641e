"""The reports that flufl.bounce is tested with: 117 from the wild, of forty kinds of servers."""

from __future__ import annotations

import ast
import email
import os
from pathlib import Path

import pytest
from flufl.bounce import all_failures

from newsletter.delivery.bounces import Report, ReportKind, Weight, read_report

CORPUS = Path(__file__).parents[1] / "tools" / "flufl-bounce"


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of the samples, else the test is skipped; with NEWSLETTER_REQUIRE_TOOLS=1 it fails instead."""
    if not (CORPUS / "detectors.txt").exists():
        sentence = "flufl.bounce's samples are not here, so they could not be read. Run make test-tools."
        if os.environ.get("NEWSLETTER_REQUIRE_TOOLS") == "1":
            pytest.fail(sentence)
        pytest.skip(sentence)
    return CORPUS


@pytest.fixture(scope="session")
def samples(corpus: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(corpus.glob("*.txt")) if path.name != "detectors.txt"}


@pytest.fixture(scope="session")
def reports(samples: dict[str, bytes]) -> dict[str, Report]:
    return {name: read_report(octets) for name, octets in samples.items()}


@pytest.fixture(scope="session")
def table(corpus: Path) -> dict[str, tuple[set[str], bool]]:
    """What flufl.bounce's own tests expect: the addresses of a sample, and whether they are merely delayed.

    Without the rows that expect one of its detectors to find nothing, where another finds something.
    """
    tree = ast.parse((corpus / "detectors.txt").read_text(encoding="utf-8"))
    (rows,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DETECTORS"
    )
    return {name: ({plain(each) for each in addresses}, delayed) for _, name, addresses, delayed in rows if addresses}


def plain(address: bytes) -> str:
    return address.decode().lower()


def addresses_of(report: Report) -> set[str]:
    return {failure.address.lower() for failure in report.failures}


def test_the_corpus_is_whole(samples: dict[str, bytes], table: dict[str, tuple[set[str], bool]]) -> None:
    assert len(samples) == 117
    assert len(table) > 100


def test_whom_flufl_bounce_finds_is_found_and_nobody_else(
    samples: dict[str, bytes], reports: dict[str, Report]
) -> None:
    found = {name: addresses_of(report) for name, report in reports.items()}

    expected = {}
    for name, octets in samples.items():
        temporary, permanent = all_failures(email.message_from_bytes(octets))
        expected[name] = {plain(each) for each in temporary | permanent}
    assert found == expected


def test_the_addresses_are_those_of_the_table(
    reports: dict[str, Report], table: dict[str, tuple[set[str], bool]]
) -> None:
    found = {name: addresses_of(reports[name]) for name in table}

    assert found == {name: addresses for name, (addresses, _) in table.items()}


def test_delayed_ones_are_delayed_and_failed_ones_bounce(
    reports: dict[str, Report], table: dict[str, tuple[set[str], bool]]
) -> None:
    found = {name: reports[name].kind for name in table}

    assert found == {name: ReportKind.DELAYED if delayed else ReportKind.BOUNCE for name, (_, delayed) in table.items()}


def test_an_automatic_reply_and_a_persons_mail_are_no_bounces(reports: dict[str, Report]) -> None:
    kinds = [reports[name].kind for name in ("qmail_08.txt", "groupwise_03.txt")]

    assert kinds == [ReportKind.AUTO_REPLY, ReportKind.UNCLEAR]


def test_no_full_mailbox_is_taken_for_a_dead_one(reports: dict[str, Report]) -> None:
    words = ("quota", "full", "too much mail", "not been collected")

    hard = [failure for report in reports.values() for failure in report.failures if failure.weight is Weight.HARD]

    assert len(hard) > 30
    assert not [failure for failure in hard if any(word in failure.diagnostic.lower() for word in words)]
