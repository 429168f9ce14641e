"""A plan and a balance in words: what would happen, to whom, and what became of each email."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.delivery import Balance
    from newsletter.editions.draft import Draft
    from newsletter.editions.plan import Plan, PlannedEdition
    from newsletter.model import Finding

REASONS = {
    "pending": "not confirmed yet",
    "feed": "want feeds only",
    "topics": "chose other topics",
    "received": "have it already",
    "paused": "paused",
    "late": "joined after their hour",
    "nothing new": "nothing new for them",
    "too few": "too little new yet",
}
_SEVERITIES = ("error", "warning", "note")


def plan_lines(plan: Plan, feeds: Sequence[str]) -> Iterator[str]:
    """The plan for people: articles, feeds that change, each edition with its readers."""
    for draft in plan.drafts:
        yield from _article_lines(draft)
    if feeds:
        folders = list(dict.fromkeys(str(PurePath(path).parent) for path in feeds))
        names = list(dict.fromkeys(PurePath(path).name for path in feeds))
        yield "feeds that change"
        yield f"  files     {', '.join(names)}"
        yield f"  in        {', '.join(folders)}"
    for edition in plan.editions:
        yield from _edition_lines(edition)
    if not plan.editions:
        yield "edition"
        yield f"  readers   nobody is mailed{_why_nobody(plan)}"


def _article_lines(draft: Draft) -> Iterator[str]:
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


def _edition_lines(edition: PlannedEdition) -> Iterator[str]:
    count = edition.count
    yield "edition"
    yield f"  subject   {edition.subject}"
    by = f" (by language: {pairs(count.by_language)}; by rhythm: {pairs(count.by_rhythm)})" if count.audience else ""
    yield f"  readers   {count.audience:,} of {count.considered:,}{by}"
    if count.excluded:
        yield f"  not now   {pairs({reason_in_words(why): n for why, n in count.excluded.items()})}"


def _why_nobody(plan: Plan) -> str:
    if plan.wishes.feed_only:
        return " (--feed-only)"
    if plan.wishes.mail_correction:
        return " but those who got the old text"
    standings = {str(draft.standing) for draft in plan.drafts}
    if standings == {"same"}:
        return "; it is published and unchanged"
    return "; a revision mails nobody" if "new" not in standings else ""


def article_data(draft: Draft) -> dict[str, object]:
    """A draft as stable JSON; `uid` is null before an article's first publication."""
    article = draft.article
    return {
        "path": draft.source_path,
        "standing": draft.standing,
        "uid": article.uid if draft.known else None,
        "title": article.title,
        "language": article.language,
        "topics": [topic.slug for topic in article.topics],
        "url": article.url,
    }


def plan_data(plan: Plan, feeds: Sequence[str]) -> dict[str, object]:
    """The plan as stable JSON."""
    return {
        "articles": [article_data(draft) for draft in plan.drafts],
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


def finding_lines(findings: Sequence[tuple[str, Finding]], *, notes: bool = True) -> Iterator[str]:
    """Findings for people, one line each, errors first; without `notes` only what needs an eye."""
    for path, finding in sorted(findings, key=lambda pair: _SEVERITIES.index(pair[1].severity)):
        if notes or finding.severity != "note":
            yield f"{_where(path, finding)}: {finding.severity} {finding.code}: {finding.message} {finding.advice}"


def _where(path: str, finding: Finding) -> str:
    """The file, with the line or the part of it that is meant."""
    file, colon, line = finding.place.partition(":")
    if PurePath(file).name == PurePath(path).name:
        return f"{path}{colon}{line}"
    return f"{path} ({finding.place})" if finding.place else path


def balance_line(balance: Balance) -> str:
    """One edition's closing balance: considered = audience + excluded; audience = sum of the states."""
    states = " + ".join(f"{number:,} {state.name.lower()}" for state, number in balance.by_state.items() if number)
    excluded = pairs({reason_in_words(why): n for why, n in balance.excluded.items()})
    left_out = f" + {sum(balance.excluded.values()):,} left out ({excluded})" if excluded else ""
    considered = f"considered {balance.considered:,} = audience {balance.audience:,}{left_out}"
    return f"{considered}; audience {balance.audience:,} = {states}" if states else considered


def pairs(counts: Mapping[str, int]) -> str:
    """`en 2, fr 1`"""
    return ", ".join(f"{name} {number:,}" for name, number in counts.items())


def reason_in_words(reason: str) -> str:
    """Why a reader is left out, as people say it."""
    kind, _, rhythm = reason.partition(" ")
    return f"{rhythm} digest" if kind == "digest" else REASONS.get(reason, reason)


def _how(findings: Sequence[Finding]) -> str:
    """How the language was found where the file does not say it."""
    note = next((finding.message for finding in findings if finding.code == "language-detected"), None)
    if note is None:
        return ""
    return "  (told from the text)" if note.startswith("The language was told") else "  (the newsroom's own)"
