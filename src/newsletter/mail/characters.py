"""Characters that have no place in a message: what is dropped, and what is brought to one form.

Comes in: text from articles, the configuration and readers. Goes out: the same text without controls,
in Unicode normal form C, with LF line ends (RFC 5198 §2 asks the same of text on the net).
"""

from __future__ import annotations

import re
import unicodedata

# C0 but TAB and LF, DEL, C1, lone surrogates, the byte order mark and the noncharacters.
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]")
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_BLANKS = re.compile("[ \t\n\u2028\u2029]+")
_LINE_BREAKS = re.compile("\r\n?")


def drop_controls(markup: str) -> str:
    """`markup` without control characters, otherwise untouched; CR and CRLF become LF."""
    return _UNWANTED.sub("", _LINE_BREAKS.sub("\n", markup))


def wash(text: str) -> str:
    """Plain `text` in normal form C without control characters; CR and CRLF become LF.

    Never for markup: U+0338 after a tag would join its ">" and make it "≯".
    """
    return unicodedata.normalize("NFC", drop_controls(text))


def wash_line(text: str) -> str:
    """`text` washed, on one line: each run of spaces and breaks is one space; no-break spaces stay."""
    return _BLANKS.sub(" ", wash(text)).strip(" ")


def wash_name(name: str) -> str:
    """A person's name on one line, without the controls that could turn the text around it."""
    return wash_line(_BIDI_CONTROLS.sub("", name))


def guard_tags(markup: str) -> str:
    """`markup` that survives normalisation: U+0338 right behind a tag is written as a reference."""
    return markup.replace(">\u0338", ">&#824;")
