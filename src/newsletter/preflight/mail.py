"""A finished mail, before it is frozen."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from newsletter.feeds import has_illegal
from newsletter.model import Finding, Masthead, Output
from newsletter.preflight import images, links, size, structure
from newsletter.preflight import placeholders as values
from newsletter.preflight.findings import error
from newsletter.preflight.markup import read_html, visible_text
from newsletter.preflight.titles import check_subject
from newsletter.preflight.words import has_phrase, missing_words

# The head of a mail needs it; everything else active is cut out or refused by mail readers.
_ALLOWED = frozenset({"meta"})


def check_mail(
    html: str, text: str, subject: str, *, article_words: str, masthead: Masthead, placeholders: Mapping[str, str]
) -> tuple[Finding, ...]:
    """What is wrong with a mail in which each reader's own values are still placeholders.

    `article_words` is the text that the mail owes its readers, in the mail's order: the title and the
    body of each article, or its summary where only an excerpt is sent. `placeholders` maps TOKEN,
    ADDRESS and NAME to what stands for them in `html` and `text`.
    """
    root = read_html(html)
    parts = {"subject": subject, "HTML": html, "text": text}
    return (
        *check_subject(subject),
        *_check_words({"HTML": visible_text(root), "text": text}, article_words, masthead.publisher),
        *_check_characters(parts),
        *values.check_template_marks(parts, article_words=article_words),
        *values.check_subject_placeholders(subject, placeholders),
        *values.check_unsubscribe_link(root, text, masthead=masthead, placeholders=placeholders),
        *size.check_size(html, placeholders),
        *_check_page(root),
        *images.check_sources(root, masthead=masthead),
        *links.check_mailed_links(root, masthead=masthead),
    )


def _check_words(read: Mapping[str, str], article_words: str, publisher: str) -> list[Finding]:
    found = []
    if not read["text"].strip():
        message = "The mail has no text part, which some people and all filters read."
        found.append(error("text-empty", message, advice="Restore edition.txt in the theme.", output=Output.MAIL))
    for part, text in read.items():
        if missing := missing_words(article_words, text):
            message = f"The mail's {part} has lost words of the article, from here on: “{missing}”."
            advice = "Look there for markup that never ends or is nested very deeply."
            found.append(error("words-lost", message, advice=advice, place=part, output=Output.MAIL))
        if not has_phrase(publisher, text):
            message = f"The mail's {part} does not name its publisher, “{publisher}”, as the law asks."
            advice = "Put {{ publisher }} back into the footer of the theme."
            found.append(error("publisher-missing", message, advice=advice, place=part, output=Output.MAIL))
    return found


def _check_characters(parts: Mapping[str, str]) -> list[Finding]:
    return [
        error(
            "control-characters",
            f"The mail's {part} holds characters that no mail may carry.",
            advice="Remove the invisible characters from the article or the theme.",
            place=part,
            output=Output.MAIL,
        )
        for part, text in parts.items()
        # A carriage return inside a part could end the message for one server and not for the next (CVE-2023-51764).
        if part != "subject" and (has_illegal(text) or "\r" in text)
    ]


def _check_page(root: etree._Element) -> list[Finding]:
    return [
        *size.check_style_size(root),
        *structure.check_languages(root),
        *structure.check_single_heading(root),
        *structure.check_heading_order(root, above=0, output=Output.MAIL),
        *structure.check_tables(root),
        *structure.check_active_content(root, allowed=_ALLOWED, output=Output.MAIL),
        *structure.check_styles(root),
        *images.check_alt_texts(root, output=Output.MAIL),
        *images.check_sizes(root),
    ]
