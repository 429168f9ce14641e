"""What should have been filled in by now, and what must still be there to be filled in."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from newsletter.model import Finding, Masthead, Output
from newsletter.preflight.findings import error
from newsletter.preflight.markup import addresses, shown

# Jinja's, and those that come along when a mail is brought over from another service.
_MARKS = ("{{", "{%", "*|")


def check_template_marks(texts: Mapping[str, str], *, article_words: str) -> list[Finding]:
    """An error for each mark of a template that was not filled in and that no author wrote.

    `texts` are the parts of the mail by name.
    """
    found = []
    for part, text in texts.items():
        for mark in _MARKS:
            at = text.find(mark)
            if at >= 0 and mark not in article_words:
                message = f"The {part} still holds “{shown(text[at : at + 30])}”: a place that was not filled in."
                advice = "Correct that place in the theme."
                found.append(error("template-mark", message, advice=advice, place=part, output=Output.MAIL))
    return found


def check_subject_placeholders(subject: str, placeholders: Mapping[str, str]) -> list[Finding]:
    """An error where a reader's own value should stand in the subject, which is the same for all."""
    return [
        error(
            "placeholder-in-subject",
            f"The subject holds the placeholder for {name}, which is never filled in there.",
            advice="Write the subject without it.",
            place="subject",
            output=Output.MAIL,
        )
        for name, placeholder in placeholders.items()
        if placeholder and placeholder in subject
    ]


def check_unsubscribe_link(
    root: etree._Element, text: str, *, masthead: Masthead, placeholders: Mapping[str, str]
) -> list[Finding]:
    """An error for each part without the link by which its reader leaves."""
    token = placeholders.get("TOKEN", "")
    address = f"{masthead.base_url}/u/{token}"
    present = {
        "HTML": bool(token) and address in addresses(root, "a", attribute="href"),
        "text": bool(token) and address in text,
    }
    return [
        error(
            "unsubscribe-missing",
            f"The mail's {part} has no link to unsubscribe.",
            advice="Put {{ unsubscribe_url }} back into the footer of the theme.",
            place=part,
            output=Output.MAIL,
        )
        for part, there in present.items()
        if not there
    ]
