"""docs/findings.md, from the table of codes."""

from __future__ import annotations

from newsletter.preflight import CODES

HEAD = """\
# Findings

`newsletter check`, `preview` and `publish` look an article over before anybody sees it.
Each finding has a code, a severity, a place and advice.
An *error* keeps home what it concerns: the email, the feeds, the page, or all of them; the command exits 4.
A *warning* is shown, and the article goes out.
A *note* is for the curious: `check` shows it, `publish` with `-v` only.
Codes never change, so that rules can be written for them; `--json` gives them as `code`.

| code | what it means |
|---|---|
"""


def page() -> str:
    """The whole page."""
    return HEAD + "".join(f"| `{code}` | {meaning} |\n" for code, meaning in CODES.items())
