"""The direction of a body, said where no feed format can say it."""

from __future__ import annotations

from html import escape

from newsletter.model import direction


def right_to_left(body_html: str, language: str) -> str:
    """`body_html` in a ``<div dir="rtl" lang="…">`` when `language` is written so, else as it is.

    Readers strip styles but keep dir; without it Arabic punctuation stands at the wrong end.
    """
    if direction(language) != "rtl":
        return body_html
    return f'<div dir="rtl" lang="{escape(language)}">{body_html}</div>'
