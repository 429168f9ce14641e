"""The released digests of each schedule, read from the store for their feeds."""

from __future__ import annotations

from sqlalchemy import Connection

from newsletter.model import edition_url
from newsletter.site.channels import Press
from newsletter.site.digest_feeds import MAX_ISSUES, DigestIssue
from newsletter.site.edition_pages import public_variant
from newsletter.site.published import published_forms
from newsletter.store.articles import published_articles
from newsletter.store.editions import editions_with_withdrawn, variants_of
from newsletter.store.schedules import ReleasedDigest, digests_of


def digest_issues(connection: Connection, press: Press) -> dict[str, list[DigestIssue]]:
    """By schedule the latest issues, newest first; none for a digest that holds what was taken back."""
    withdrawn = editions_with_withdrawn(connection)
    return {
        name: [
            issue
            for released in digests_of(connection, name, limit=MAX_ISSUES)
            if released.edition_id not in withdrawn and (issue := _issue(connection, press, released)) is not None
        ]
        for name in press.schedules
    }


def digests_mark(connection: Connection, press: Press) -> str:
    """What changes when a digest was released since."""
    latest = {name: digests_of(connection, name, limit=1) for name in press.schedules}
    return ",".join(f"{name}:{found[0].uid}" for name, found in sorted(latest.items()) if found)


def _issue(connection: Connection, press: Press, released: ReleasedDigest) -> DigestIssue | None:
    """The edition in the variant that its page shows."""
    stored = public_variant(variants_of(connection, released.edition_id), press.masthead.language)
    if stored is None:
        return None
    found = published_articles(connection, uids=[held.uid for held in stored.contents])
    by_uid = {one.uid: one for one in published_forms(found, press.masthead)}
    return DigestIssue(
        uid=released.uid,
        title=stored.variant.subject,
        url=edition_url(press.masthead.base_url, released.uid, ()),
        language=stored.variant.furniture,
        released_at=released.released_at,
        articles=tuple(by_uid[held.uid] for held in stored.contents if held.uid in by_uid),
    )
