"""Octets of a file to clean text: UTF-8 or UTF-16, LF lines, NFC, nothing that XML refuses.

Comes in: octets. Goes out: text every later parser can take. Called first, before any parser.
"""

from __future__ import annotations

import codecs
import re
import unicodedata

from newsletter.articles.limits import MAX_SOURCE_BYTES
from newsletter.errors import ArticleError, Fault
from newsletter.model import Finding, Severity

# XML 1.0 §2.2 refuses the first group, surrogates and U+FFFE/F; the W3C feed validator also
# complains of U+007F-U+009F and U+FDD0-U+FDEF. One of them makes lxml drop the whole feed.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_LINE_BREAKING = re.compile("[\x00-\x08\n\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_BLANKS = re.compile(r"[ \t\n\f]+")
_ADVICE = "Save it as UTF-8."


def decode(source: bytes, *, path: str) -> tuple[str, tuple[Finding, ...]]:
    """The text of a file: LF lines, NFC, no byte order mark, and a finding for what was removed.

    UTF-8, or UTF-16 with its byte order mark. Raises ArticleError for an empty, a too large, a
    binary and a wrongly encoded file.
    """
    if len(source) > MAX_SOURCE_BYTES:
        size = f"{len(source):,} octets large; an article holds at most {MAX_SOURCE_BYTES:,}"
        raise ArticleError([Fault(path=path, message=f"the file is {size}. Split it, or shorten it.")])
    text = _with_line_feeds(_decoded(source, path=path))
    if "\x00" in text:
        line = _line_at(text, text.index("\x00"))
        message = f"the file holds a NUL, so it is not plain text. {_ADVICE}"
        raise ArticleError([Fault(path=path, line=line, message=message)])
    tidied, removed = tidy(text)
    if not tidied.strip():
        raise ArticleError([Fault(path=path, message="the file is empty. Write the article into it.")])
    return tidied, _removed(text, removed, path=path)


def tidy(text: str) -> tuple[str, int]:
    """`text` with LF lines, in NFC, without characters unfit for XML, and how many those were."""
    text = _with_line_feeds(text)
    removed = 0
    if _UNFIT.search(text):
        text, removed = _UNFIT.subn("", text)
    return unicodedata.normalize("NFC", text), removed


def one_line(text: str) -> str:
    """`text` tidied, its blanks and line ends as single spaces; no-break spaces stay."""
    return _BLANKS.sub(" ", tidy(text)[0]).strip(" ")


def line_breaking(text: str) -> str | None:
    """The name of the first character of `text` that has no place in a one-line value, as U+XXXX.

    Such a value becomes a header, where CR LF would begin another one (CVE-2024-6923).
    """
    match = _LINE_BREAKING.search(text)
    return None if match is None else f"U+{ord(match[0]):04X}"


def _decoded(source: bytes, *, path: str) -> str:
    encoding = "utf-8"
    if source.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        return source.removeprefix(codecs.BOM_UTF8).decode(encoding)
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1 if encoding == "utf-8" else None
        octet = error.object[error.start]
        message = f"the octet 0x{octet:02X} is not {encoding.upper()}. {_ADVICE}"
        raise ArticleError([Fault(path=path, line=line, message=message)]) from error


def _removed(text: str, count: int, *, path: str) -> tuple[Finding, ...]:
    if not count:
        return ()
    first = _UNFIT.search(text)
    line = _line_at(text, first.start()) if first else 1
    noun = "character was" if count == 1 else "characters were"
    return (
        Finding(
            code="control-characters",
            severity=Severity.WARNING,
            message=f"{count} invisible {noun} removed, since feeds and mail cannot carry them.",
            advice="Nothing needs to be done; deleting them from the file ends this warning.",
            place=f"{path}:{line}",
        ),
    )


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _line_at(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
