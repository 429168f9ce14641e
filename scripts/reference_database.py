"""docs/database.md, from the tables; what each table is for is written here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import JSON, Boolean, Column, LargeBinary, String, Table, Text
from sqlalchemy.types import TypeEngine

from newsletter.store.columns import Utc
from newsletter.store.tables import metadata

HEAD = """\
# The database

One SQLite file, `newsletter.db`, or a PostgreSQL database, with the same tables.
This page is made from them.
Read as much as you like; write through the commands, which keep the sums right.
Times are UTC.
A *key* column identifies the row; *may be empty* means NULL.
"""

MEANINGS: Mapping[str, str] = {
    "meta": "What the newsroom remembers of itself: whether it is paused and why, and the last backup.",
    "counters": "The locked row `publication`, which gives publications their sequence number.",
    "articles": "One row per published article: its permanent uid, its address, its file, its present revision.",
    "slugs": "Former addresses of articles, which redirect to the present one.",
    "article_topics": "The topics of an article, in the author's order.",
    "revisions": "Every published text of an article; the present one is public.",
    "media": "Pictures by the hash of their octets: the same picture is stored once.",
    "publications": "Each first publication, adoption, correction and withdrawal, in order, and whether it is mailed.",
    "scheduled": "Articles that are ready and wait for their hour, whole; nothing of them is anywhere else before it.",
    "schedules": "What each schedule has done so far; what it is to do stands in `config.toml`.",
    "slots": "One row per run of a schedule, unique by schedule and local date, with what became of it and why.",
    "waves": "The readers of an edition whose hour is the same: the wish on their clock, and the instant it means.",
    "subscribers": "One row per address: its state, what its reader chose, and the last publication considered for it.",
    "subscriber_topics": "The topics a reader chose; none means all.",
    "owed": "Articles a reader is still to get in a digest, outside the usual order.",
    "suppressions": "Addresses never to be mailed, as keyed hashes, so that an erased person stays left alone.",
    "wordings": "The sentences readers agreed to, each once; the hash is its version.",
    "bounces": "What came back: bounces, complaints, answers of machines, and what a person has to read.",
    "consents": "What a reader agreed to, in which words, where and when; only ever added to.",
    "confirmations": "What a reader asked for and has to agree to from the mailbox: a subscription, another address, "
    "coming back.",
    "notice_counts": "How many notices strangers had sent to an address, known only by its keyed hash.",
    "editions": "One row per mailing: its key against doubles, its state, its audience.",
    "variants": "The frozen look of an edition for one body language, furniture language and article list.",
    "variant_articles": "Which revision of which article a variant shows, in order.",
    "exclusions": "How many readers an edition left out, by reason.",
    "chunks": "Runs of deliveries that one sender leases at a time.",
    "deliveries": "One row per edition and reader. States: 0 queued, 1 leased, 2 sent, 3 deferred, 4 failed, "
    "5 unknown, 6 cancelled.",
    "attempts": "One row per try on the wire: opened before the first octet of content, closed after the reply.",
    "notices": "Messages about the service itself, each sent once under its key.",
    "revocations": "What a running sender looks at before each attempt: readers who left, editions that were stopped.",
    "lanes": "How fast mail may go over a transport, as a whole or to one recipient domain; what refusals taught.",
    "traffic": "Answers of each transport by minute and edition: limits an hour or a day, and the pace that is shown.",
    "feed_versions": "What a feed file held under an entity tag, as marks of its entries: readers who have these get "
    "the others alone.",
    "hub_subscriptions": "Programs that asked our own hub to be told of a feed (WebSub), until when, and how it went.",
    "hub_tasks": "What has to be told and to whom: external hubs, subscribers to verify, subscribers to send new "
    "entries to.",
    "feed_readers": "How many read a feed through a service, by day: as the service says, or as programs were counted.",
    "private_feeds": "Personal feeds that stand for email. Of the token there is a hash only.",
    "outputs": "The written feeds, pages and pictures by hash, so that a stale file can be mended.",
    "events": "What was done, when and by whom.",
}


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(line for table in metadata.tables.values() for line in _table(table))]).rstrip() + "\n"


def _table(table: Table) -> Iterator[str]:
    yield f"## `{table.name}`\n"
    yield f"{MEANINGS[table.name]}\n"
    yield "| column | holds | |"
    yield "|---|---|---|"
    for column in table.columns:
        yield f"| `{column.name}` | {_kind(column.type)} | {', '.join(_notes(column))} |"
    yield ""


def _kind(kind: TypeEngine[object]) -> str:
    names = {Utc: "time", Boolean: "true or false", JSON: "JSON", LargeBinary: "octets", Text: "text"}
    for wanted, name in names.items():
        if isinstance(kind, wanted):
            return name
    return f"text, at most {kind.length}" if isinstance(kind, String) else "number"


def _notes(column: Column[object]) -> Iterator[str]:
    if column.primary_key:
        yield "key"
    for foreign in column.foreign_keys:
        yield f"→ `{foreign.target_fullname}`"
    if column.unique:
        yield "unique"
    if column.nullable:
        yield "may be empty"
