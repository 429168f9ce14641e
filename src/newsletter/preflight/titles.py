"""One-line texts that become headers: the title of an article, the subject of an edition."""

from __future__ import annotations

import re

from newsletter.model import Finding, Output
from newsletter.preflight.findings import error, note
from newsletter.preflight.markup import shown

MAX_TITLE = 255
# What an inbox shows of a subject on a desktop; a phone shows about half.
INBOX_WIDTH = 70
_FEWEST_CAPITALS = 8
# Anything that ends a line somewhere: U+0085, U+2028 and U+2029 do in str.splitlines and in some mail software.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def check_title(title: str, *, place: str) -> list[Finding]:
    """What is wrong with the title of an article; `place` is where it is written."""
    if not title.strip():
        return [error("title-empty", "The article has no title.", advice="Write a title.", place=place)]
    found = []
    if _CONTROLS.search(title):
        message = f"The title “{shown(title)}” holds a line break or another control character."
        found.append(error("title-controls", message, advice="Write the title on one line.", place=place))
    if len(title) > MAX_TITLE:
        message = f"The title has {len(title):,} characters; at most {MAX_TITLE} are allowed."
        found.append(error("title-too-long", message, advice="Shorten the title.", place=place))
    elif len(title) > INBOX_WIDTH:
        message = f"The title has {len(title)} characters; an inbox shows about {INBOX_WIDTH}."
        advice = "Put what matters first, or shorten it."
        found.append(note("title-long", message, advice=advice, place=place, output=Output.MAIL))
    letters = [character for character in title if character.isalpha()]
    if len(letters) >= _FEWEST_CAPITALS and title.isupper():
        message = "The title is written in capitals; filters count that as shouting."
        found.append(note("title-capitals", message, advice="Write it in ordinary letters.", place=place))
    return found


def check_subject(subject: str) -> list[Finding]:
    """What is wrong with the subject of an edition."""
    if not subject.strip():
        advice = "Give the edition a subject."
        return [error("subject-empty", "The edition has no subject.", advice=advice, output=Output.MAIL)]
    found = []
    if _CONTROLS.search(subject):
        # Written as it is, "\r\nBcc:" would be a header of its own (CVE-2024-6923).
        message = f"The subject “{shown(subject)}” holds a line break or another control character."
        found.append(error("subject-controls", message, advice="Write it on one line.", output=Output.MAIL))
    if len(subject) > MAX_TITLE:
        message = f"The subject has {len(subject):,} characters; at most {MAX_TITLE} are allowed."
        found.append(error("subject-too-long", message, advice="Shorten the subject.", output=Output.MAIL))
    return found
