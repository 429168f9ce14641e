"""The disk edge of what readers fetch: feeds, pages and pictures, swapped whole and only when they change.

A room: the desk hands in paths and bytes, this room writes them under the newsroom's folder and
remembers them in the store. The web door reads the same files through `open_output`.
"""

from newsletter.site.alone import render_alone
from newsletter.site.channels import Press, feeds_touched_by
from newsletter.site.digest_feeds import DigestIssue, digest_feed_files
from newsletter.site.forwarding import GONE, REDIRECTS, Forwarding, read_forwarding
from newsletter.site.lock import LOCK_WAIT_S
from newsletter.site.packing import ENDINGS, packed_copies, packed_paths, unpacked
from newsletter.site.places import OUTPUT_FOLDERS, open_output, require_writable
from newsletter.site.published import published_form
from newsletter.site.renewal import Renewed, outputs_are_stale, renew_public, write_pictures
from newsletter.site.searching import Found, Question, renew_index, search_articles
from newsletter.site.writing import (
    Renewal,
    Written,
    plan_outputs,
    remove_outputs,
    renew_outputs,
    write_outputs,
)

__all__ = [
    "ENDINGS",
    "GONE",
    "LOCK_WAIT_S",
    "OUTPUT_FOLDERS",
    "REDIRECTS",
    "DigestIssue",
    "Forwarding",
    "Found",
    "Press",
    "Question",
    "Renewal",
    "Renewed",
    "Written",
    "digest_feed_files",
    "feeds_touched_by",
    "open_output",
    "outputs_are_stale",
    "packed_copies",
    "packed_paths",
    "plan_outputs",
    "published_form",
    "read_forwarding",
    "remove_outputs",
    "render_alone",
    "renew_index",
    "renew_outputs",
    "renew_public",
    "require_writable",
    "search_articles",
    "unpacked",
    "write_outputs",
    "write_pictures",
]
