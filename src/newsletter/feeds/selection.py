"""Which articles stand in a feed, and in which order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from newsletter.feeds import faults
from newsletter.feeds.channel import Channel
from newsletter.feeds.entries import Entry, make_entry, summary_only, wash, whole_seconds
from newsletter.model import Article, Finding


def newest_first(articles: Iterable[Article]) -> tuple[list[Article], list[Finding]]:
    """Each uid once, newest published first, ties by uid; with a finding for each one left out.

    Of two texts with one uid the one updated last stays.
    """
    by_uid: dict[str, Article] = {}
    findings: list[Finding] = []
    for article in articles:
        if wrong := faults.date_faults(article):
            findings += wrong
            continue
        other = by_uid.get(article.uid)
        if other is not None:
            findings.append(faults.repeated(min(article, other, key=_age)))
        by_uid[article.uid] = article if other is None else max(article, other, key=_age)
    ordered = sorted(by_uid.values(), key=lambda article: article.uid)
    return sorted(ordered, key=lambda article: whole_seconds(article.published_at), reverse=True), findings


def admit(
    channel: Channel, articles: Iterable[Article], *, max_entries: int, room: int
) -> tuple[list[Entry], list[Finding]]:
    """The entries that fit into `room` octets, in the order of `articles`, and what was found on the way.

    Without gaps: nothing is looked at after `max_entries`, or after the first entry for which no room is left.
    """
    entries: list[Entry] = []
    findings: list[Finding] = []
    left = room
    for article in articles:
        if len(entries) == max_entries:
            break
        entry, octets, found = _examine(channel, article, room)
        findings += found
        if entry is None:
            continue
        left -= octets
        if left < 0:
            break
        entries.append(entry)
    return entries, findings


def _examine(channel: Channel, original: Article, room: int) -> tuple[Entry | None, int, list[Finding]]:
    article = wash(original)
    findings = [] if article is original else faults.unclean(original)
    if wrong := faults.shape_faults(article):
        return None, 0, [*findings, *wrong]
    entry = make_entry(article, channel)
    if (octets := entry.octets()) <= room:
        return entry, octets, findings
    entry = summary_only(entry, article, channel)
    if (octets := entry.octets()) <= room:
        return entry, octets, [*findings, faults.body_too_long(article)]
    return None, 0, [*findings, faults.too_long(article)]


def _age(article: Article) -> tuple[datetime, datetime, str]:
    return article.updated_at, article.published_at, article.url
