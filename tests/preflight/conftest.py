"""A sound manuscript and a sound mail, against which nothing is found; each test spoils one thing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from newsletter.model import Finding, Manuscript, Masthead, Severity
from newsletter.preflight import check_mail, check_manuscript

TOKEN, ADDRESS = "PAAAABBBBCCCCDDDD001", "PAAAABBBBCCCCDDDD002"
WORDS = "The tide tables are out Spring tides come earlier than last year"
HTML = f"""<!DOCTYPE html>
<html lang="en" dir="ltr"><head><meta charset="utf-8"><title>Tides</title><style>p {{ margin: 0 }}</style></head>
<body><div lang="en" dir="ltr"><table role="presentation"><tr><td>
<h1>The tide tables are out</h1><p>Spring tides <b>come</b> earlier<br>than last year.</p>
<img src="https://news.example.org/media/a.png" alt="The quay" width="600" height="400">
<p><a href="https://news.example.org/en/tides/">On the web</a></p>
<p>Harbour Press, 1 Quay Street, Exampletown. For {ADDRESS}.
<a href="https://news.example.org/u/{TOKEN}">Unsubscribe</a></p></td></tr></table></div></body></html>
"""
TEXT = f"""The tide tables are out
=======================
Spring tides come earlier than last year. [1]

[1] https://news.example.org/tides
--\u0020
Harbour Press, 1 Quay Street, Exampletown. For {ADDRESS}.
https://news.example.org/u/{TOKEN}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Findings, and the ways in which the tests look at them."""

    findings: Sequence[Finding]

    @property
    def codes(self) -> list[str]:
        return [finding.code for finding in self.findings]

    @property
    def errors(self) -> list[str]:
        return [finding.code for finding in self.findings if finding.severity is Severity.ERROR]

    def the(self, code: str) -> Finding:
        (finding,) = (each for each in self.findings if each.code == code)
        return finding


@pytest.fixture
def manuscript() -> Manuscript:
    return Manuscript(
        path="articles/tides.md",
        title="The tide tables are out",
        body_html="<p>Spring tides come earlier than last year.</p>",
        source_text="Spring tides come earlier than last year.",
        source_hash="0",
        topics=("Diplomacy",),
        lines={"title": 2, "topics": 5},
    )


@pytest.fixture
def check_body(manuscript: Manuscript, masthead: Masthead) -> Callable[[str], Found]:
    """Check the manuscript with another body."""

    def check(body_html: str) -> Found:
        changed = replace(manuscript, body_html=body_html, source_text="")
        return Found(findings=check_manuscript(changed, masthead=masthead))

    return check


@pytest.fixture
def check_written(manuscript: Manuscript, masthead: Masthead) -> Callable[..., Found]:
    """Check the manuscript with some fields changed."""

    def check(**changes: Any) -> Found:
        return Found(findings=check_manuscript(replace(manuscript, **changes), masthead=masthead))

    return check


@pytest.fixture
def check_spoilt(masthead: Masthead) -> Callable[..., Found]:
    """Check the mail after one replacement in its HTML, or with another text or subject."""

    def check(old: str = "", new: str = "", /, **changes: Any) -> Found:
        assert old in HTML
        given: dict[str, Any] = {"html": HTML.replace(old, new, 1), "text": TEXT, "subject": "Tides"}
        given |= {"article_words": WORDS, "placeholders": {"TOKEN": TOKEN, "ADDRESS": ADDRESS}} | changes
        parts = [given.pop(name) for name in ("html", "text", "subject")]
        return Found(findings=check_mail(*parts, masthead=masthead, **given))

    return check


@pytest.fixture
def mail_html() -> str:
    return HTML


@pytest.fixture
def mail_text() -> str:
    return TEXT
