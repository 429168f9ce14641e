"""Whether the asker already has these bytes (RFC 9110 §13)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from starlette.datastructures import Headers

_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def is_known(headers: Headers, *, etag: str, last_modified: datetime | None = None) -> bool:
    """Whether a GET with `headers` is answered 304 by a representation with these validators.

    If-None-Match, when present, decides alone (§13.2.2): a list, weak tags, or `*`, compared weakly
    (§13.1.2). If-Modified-Since counts only without it, and where there is a `last_modified` to compare
    it with; a date nobody can read counts as absent.
    """
    wanted = headers.getlist("if-none-match")
    if wanted:
        return wanted == ["*"] or etag in _TAG.findall(", ".join(wanted))
    since = _moment(headers.get("if-modified-since"))
    return since is not None and last_modified is not None and last_modified.replace(microsecond=0) <= since


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    # RFC 9110 §5.6.7: the zone is always GMT; some write it as "-0000", which Python gives back naive.
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
