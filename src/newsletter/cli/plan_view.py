"""A plan and a balance in words: what would happen, to whom, and what became of each email."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from newsletter.model import Finding

if TYPE_CHECKING:
    from newsletter.delivery import Balance
    from newsletter.editions.plan import Plan, PlannedEdition

REASONS = {
    "pending": "not confirmed yet",
    "feed": "want feeds only",
    "topics": "chose other topics",
    "received": "have it already",
    "paused": "paused",
}


def plan_lines(plan: Plan, feeds: Sequence[str]) -> Iterator[str]:
    """The plan for people: articles, feeds that change, each edition with its readers."""
    for draft in plan.drafts:
        article = draft.article
        yield f"{draft.source_path}: {draft.standing}"
        yield f"  title     {article.title}"
        yield f"  language  {article.language}{_how(draft.manuscript.findings)}"
        if article.topics:
            yield f"  topics    {', '.join(topic.name_in(article.language) for topic in article.topics)}"
        yield f"  page      {article.url}"
        if draft.is_outside:
            yield f"  copy      the file is copied to {draft.source_path}; that copy is the source from then on"
        if draft.moved_from:
            yield f"  renamed   was {draft.moved_from}; the same article, mailed to nobody again"
        if draft.remembered:
            yield "  known     published before, by a database since lost; comes back without mail"
    if feeds:
        yield "feeds that change"
        yield from (f"  {path}" for path in feeds)
    for edition in plan.editions:
        yield from _edition_lines(edition)


def _edition_lines(edition: PlannedEdition) -> Iterator[str]:
    count = edition.count
    yield f"edition {edition.uid}"
    yield f"  subject   {edition.subject}"
    yield f"  readers   {count.audience} of {count.considered}"
    if count.audience:
        yield f"            by language: {pairs(count.by_language)}; by rhythm: {pairs(count.by_rhythm)}"
    if count.excluded:
        yield f"  not now   {pairs({reason_in_words(why): n for why, n in count.excluded.items()})}"


def plan_data(plan: Plan, feeds: Sequence[str]) -> dict[str, object]:
    """The plan as stable JSON."""
    return {
        "articles": [
            {
                "path": draft.source_path,
                "standing": draft.standing,
                "uid": draft.article.uid if draft.known else None,
                "title": draft.article.title,
                "language": draft.article.language,
                "topics": [topic.slug for topic in draft.article.topics],
                "url": draft.article.url,
            }
            for draft in plan.drafts
        ],
        "feeds": list(feeds),
        "editions": [
            {
                "kind": edition.kind,
                "subject": edition.subject,
                "considered": edition.count.considered,
                "audience": edition.count.audience,
                "by_language": edition.count.by_language,
                "by_rhythm": edition.count.by_rhythm,
                "excluded": edition.count.excluded,
            }
            for edition in plan.editions
        ],
        "findings": findings_data(plan.findings),
    }


def findings_data(findings: Sequence[tuple[str, Finding]]) -> list[dict[str, object]]:
    """Findings as stable JSON."""
    return [
        {
            "path": path,
            "code": finding.code,
            "severity": finding.severity,
            "output": finding.output,
            "place": finding.place,
            "message": finding.message,
            "advice": finding.advice,
        }
        for path, finding in findings
    ]


def finding_lines(findings: Sequence[tuple[str, Finding]]) -> Iterator[str]:
    """Findings for people, one line each, errors first."""
    order = {"error": 0, "warning": 1, "note": 2}
    for path, finding in sorted(findings, key=lambda pair: order[pair[1].severity]):
        place = f" ({finding.place})" if finding.place else ""
        yield f"{path}: {finding.severity} {finding.code}: {finding.message}{place} {finding.advice}"


def balance_line(balance: Balance) -> str:
    """One edition's closing balance: considered = audience + excluded; audience = sum of the states."""
    states = " + ".join(f"{number} {state.name.lower()}" for state, number in balance.by_state.items() if number)
    excluded = pairs({reason_in_words(why): n for why, n in balance.excluded.items()})
    left_out = f" + {sum(balance.excluded.values())} left out ({excluded})" if excluded else ""
    return f"considered {balance.considered} = audience {balance.audience}{left_out}; audience = {states or '0'}"


def pairs(counts: Mapping[str, int]) -> str:
    """`en 2, fr 1`"""
    return ", ".join(f"{name} {number}" for name, number in counts.items())


def reason_in_words(reason: str) -> str:
    """Why a reader is left out, as people say it."""
    kind, _, rhythm = reason.partition(" ")
    return f"{rhythm} digest" if kind == "digest" else REASONS.get(reason, reason)


def _how(findings: Sequence[Finding]) -> str:
    note = next((finding.message for finding in findings if finding.code == "language-detected"), "")
    return f"  ({note})" if note else ""
