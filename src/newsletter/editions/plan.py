"""What a publish would do, before anything is done: the same record is shown, then released.

Comes in: drafts and the command's wishes. Goes out: `Plan`, with its editions dressed, its findings,
and the readers counted. Reads the store; writes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from newsletter.articles import visible_text
from newsletter.editions.draft import Draft, Standing
from newsletter.editions.dress import Dressed, Wardrobe, dress, in_groups
from newsletter.errors import UsageError
from newsletter.model import Article, EditionKind, EmailMode, Finding, Output, Severity
from newsletter.preflight import check_address_of_site, check_article, check_mail, check_manuscript
from newsletter.store.audience import Audience, Count, count_audience, reader_languages
from newsletter.store.editions import StoredEdition, edition_by_key, editions_of_articles


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishWishes:
    """What `publish` was asked to do with its articles.

    A `sample` plan is for looking at: it dresses every article, mailed before or not, and is never
    released. `now` is for articles that wait for an hour to come: they wait no longer. `note` tells readers
    what was changed in a published article, with `mail_correction` also those who were mailed the old text.
    """

    subject: str | None = None
    feed_only: bool = False
    everyone: bool = False
    each: bool = False
    significant: bool = False
    sample: bool = False
    now: bool = False
    note: str | None = None
    mail_correction: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedEdition:
    """One mailing as it would be released: its key, its look, and whom it would reach."""

    uid: str
    kind: EditionKind
    dedupe_key: str
    subject: str
    drafts: tuple[Draft, ...]
    dressed: tuple[Dressed, ...]
    audience: Audience
    count: Count


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What would happen.

    `open` are editions of these articles that an earlier run released and did not finish.
    `findings` pairs each finding with the path of its article.
    """

    drafts: tuple[Draft, ...]
    editions: tuple[PlannedEdition, ...]
    open: tuple[StoredEdition, ...]
    mailed: tuple[StoredEdition, ...]
    findings: tuple[tuple[str, Finding], ...]
    wishes: PublishWishes

    @property
    def recipients(self) -> int:
        """How many emails the new editions would send."""
        return sum(edition.count.audience for edition in self.editions)

    @property
    def errors(self) -> tuple[tuple[str, Finding], ...]:
        """The findings that keep it home; those on mail count only when mail is wanted."""
        wanted = {Output.ALL, Output.FEED, Output.PAGE} | ({Output.MAIL} if self.editions else set())
        return tuple((path, f) for path, f in self.findings if f.severity is Severity.ERROR and f.output in wanted)

    @property
    def changes_something(self) -> bool:
        """Whether there is an article to write or an edition to release."""
        return bool(self.editions) or any(draft.standing is not Standing.SAME for draft in self.drafts)


def plan_publish(
    connection: Connection,
    drafts: Sequence[Draft],
    *,
    wishes: PublishWishes,
    wardrobe: Wardrobe,
    clock: tuple[datetime, Callable[[], str]],
    transport_kind: str,
) -> Plan:
    """Plan the publication of `drafts`; `clock` is (now, source of fresh ids).
    `transport_kind` says how mail would leave, since a relay needs a public base URL.

    Raises UsageError when several articles need a common subject and none was given.
    """
    now = clock[0]
    findings = [(d.source_path, finding) for d in drafts for finding in _article_findings(d, wardrobe, now)]
    planned: list[PlannedEdition] = []
    if not wishes.feed_only:
        to_mail = [draft for draft in drafts if _is_mailed(draft, wishes)]
        for batch in _batches(to_mail, wishes):
            edition = _edition(connection, batch, wishes=wishes, wardrobe=wardrobe, clock=clock)
            if edition is not None:
                planned.append(edition)
                findings += _mail_findings(edition, wardrobe)
    if planned and not wishes.sample:
        place = drafts[0].source_path
        findings += [(place, f) for f in check_address_of_site(wardrobe.masthead, transport_kind=transport_kind)]
    earlier = editions_of_articles(connection, {draft.article.group_uid for draft in drafts})
    return Plan(
        drafts=tuple(drafts),
        editions=tuple(planned),
        open=tuple(edition for edition in earlier if edition.state in ("sending", "scheduled")),
        mailed=tuple(earlier),
        findings=tuple(dict.fromkeys(findings)),
        wishes=wishes,
    )


def _is_mailed(draft: Draft, wishes: PublishWishes) -> bool:
    return wishes.everyone or wishes.sample or (draft.standing is Standing.NEW and draft.remembered is None)


def _batches(drafts: Sequence[Draft], wishes: PublishWishes) -> list[tuple[Draft, ...]]:
    groups = in_groups(drafts)
    if not groups:
        return []
    if wishes.each or wishes.sample or len(groups) == 1:
        return list(groups)
    if not wishes.subject:
        raise UsageError(
            f"{len(groups)} articles make one edition, which needs a subject of its own. "
            'Pass --subject "…", or --each for one edition per article.'
        )
    return [tuple(draft for group in groups for draft in group)]


def _edition(
    connection: Connection,
    drafts: tuple[Draft, ...],
    *,
    wishes: PublishWishes,
    wardrobe: Wardrobe,
    clock: tuple[datetime, Callable[[], str]],
) -> PlannedEdition | None:
    now, new_id = clock
    groups = in_groups(drafts)
    key = "sample" if wishes.sample else _dedupe_key(connection, groups, everyone=wishes.everyone)
    if key is None:
        return None
    subject = wishes.subject if len(groups) > 1 or not wishes.each else None
    audience = Audience(
        topics=tuple(sorted({topic.slug for draft in drafts for topic in draft.article.topics})),
        group_uids=tuple(group[0].article.group_uid for group in groups),
        everyone=wishes.everyone,
        now=now,
    )
    uid = new_id().replace("-", "")[:20]
    languages = reader_languages(connection)
    dressed = dress(drafts, languages, wardrobe=wardrobe, edition_uid=uid, subject=subject)
    return PlannedEdition(
        uid=uid,
        kind=EditionKind.SINGLE if len(groups) == 1 else EditionKind.SET,
        dedupe_key=key,
        subject=dressed[0].variant.subject,
        drafts=drafts,
        dressed=dressed,
        audience=audience,
        count=count_audience(connection, audience),
    )


def _dedupe_key(connection: Connection, groups: Sequence[Sequence[Draft]], *, everyone: bool) -> str | None:
    """The key one edition of these articles may be made under; None when it was made already."""
    uids = sorted(group[0].article.group_uid for group in groups)
    if len(uids) == 1:
        key = f"article:{uids[0]}"
    else:
        key = f"set:{hashlib.sha256(chr(10).join(uids).encode()).hexdigest()[:32]}"
    if edition_by_key(connection, key) is None:
        return key
    again = f"again:{key}:everyone"
    return again if everyone and edition_by_key(connection, again) is None else None


def _article_findings(draft: Draft, wardrobe: Wardrobe, now: datetime) -> tuple[Finding, ...]:
    return (
        *draft.manuscript.findings,
        *check_manuscript(draft.manuscript, masthead=wardrobe.masthead),
        *check_article(draft.article, now=now),
    )


def _words_in_mail(article: Article) -> str:
    """What an email must say of an article, in its order: the title, then body or summary."""
    is_excerpt = article.email is EmailMode.EXCERPT
    return f"{article.title} {article.summary if is_excerpt else visible_text(article.body_html)}"


def _mail_findings(edition: PlannedEdition, wardrobe: Wardrobe) -> list[tuple[str, Finding]]:
    found: list[tuple[str, Finding]] = []
    for dressed in edition.dressed:
        variant = dressed.variant
        words = " ".join(_words_in_mail(draft.article) for draft in dressed.drafts)
        findings = check_mail(
            variant.html,
            variant.text,
            variant.subject,
            article_words=words,
            masthead=wardrobe.masthead,
            placeholders=variant.placeholders,
        )
        found += [(dressed.drafts[0].source_path, finding) for finding in findings]
    return found
