"""The disk edge of what readers fetch: feeds, pages and pictures, swapped whole and only when they change.

A room: the desk hands in paths and bytes, this room writes them under the newsroom's folder and
remembers them in the store. The web door reads the same files through `open_output`.
"""

from newsletter.site.alone import render_alone
from newsletter.site.archiving import is_archive
from newsletter.site.channels import Press, feeds_touched_by
from newsletter.site.digest_feeds import DigestIssue, digest_feed_files
from newsletter.site.forwarding import GONE, REDIRECTS, Forwarding, read_forwarding
from newsletter.site.kinds import FEED_TYPES, feed_type, json_feed_of
from newsletter.site.lock import LOCK_WAIT_S
from newsletter.site.packing import ENDINGS, packed_copies, packed_paths, unpacked
from newsletter.site.places import OUTPUT_FOLDERS, open_output, require_writable
from newsletter.site.private_feeds import Selection, made_private, private_feeds, private_urls
from newsletter.site.published import published_form
from newsletter.site.renewal import Renewed, outputs_are_stale, renew_public, write_pictures
from newsletter.site.searching import Found, Question, renew_index, search_articles
from newsletter.site.versions import feed_digests, newer_entries
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
    "FEED_TYPES",
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
    "Selection",
    "Written",
    "digest_feed_files",
    "feed_digests",
    "feed_type",
    "feeds_touched_by",
    "is_archive",
    "json_feed_of",
    "made_private",
    "newer_entries",
    "open_output",
    "outputs_are_stale",
    "packed_copies",
    "packed_paths",
    "plan_outputs",
    "private_feeds",
    "private_urls",
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
