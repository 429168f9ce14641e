"""Words over what is public: one index that finds the same articles on SQLite and on PostgreSQL.

Words are folded here, before either engine sees them (`folded_words`), and both only compare folded
words: SQLite with FTS5, PostgreSQL with a tsvector made of our words. What a visitor types therefore
never is syntax. The index is derived from the articles and can be made again at any time; a question
is always joined with `articles`, so that it finds nothing withdrawn even while the index lags behind.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection, Integer, MetaData, Subquery, column, event, func, literal, select, text

from newsletter.store.articles import (
    StoredArticle,
    present_sequence,
    published_articles,
)
from newsletter.store.columns import Key
from newsletter.store.meta import remember, remembered
from newsletter.store.tables import articles, metadata, publications

# Changed whenever folding or the index does: the next renewal then makes the whole index again.
_FOLDING = "1"
_TRUE_UP_TO = "search.sequence"
_STEP = 200
_MAX_QUERY_WORDS = 16
_MAX_WORD = 64
# PostgreSQL refuses a tsvector above 1 MiB; SQLite gets the same words, so that both find the same.
_MAX_OCTETS = 400_000

# What decomposition (NFKD) leaves whole: letters that people also type in their plain form.
_PLAIN = str.maketrans({
    "œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i",
    "\u0671": "\u0627", "\u0649": "\u064a", "\u06cc": "\u064a", "\u0629": "\u0647", "\u06a9": "\u0643",
    "\u0640": "",
})  # fmt: skip

_DDL = {
    # Our words hold letters and digits only, and the ascii tokenizer takes every other letter as it is.
    "sqlite": (
        "CREATE VIRTUAL TABLE IF NOT EXISTS search USING fts5(title, words, tokenize = 'ascii', detail = 'column')",
    ),
    "postgresql": (
        "CREATE TABLE IF NOT EXISTS search "
        "(article_id BIGINT PRIMARY KEY, title TSVECTOR NOT NULL, words TSVECTOR NOT NULL)",
        "CREATE INDEX IF NOT EXISTS ix_search_words ON search USING gin (words)",
    ),
}


class _Folded(dict[int, str | None]):
    """What becomes of each character beyond ASCII, found out once: digits are 0 to 9, marks are left out."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        digit = unicodedata.digit(character, None)
        folded = character if digit is None else str(digit)
        self[code] = None if unicodedata.category(character).startswith("M") else folded
        return self[code]


_FOLDED = _Folded(_PLAIN)
_WORD = re.compile(r"[^\W_]+")


def folded_words(text: str) -> list[str]:
    """The words of `text` in order, without case, accents, Arabic vowel signs or forms of alef; digits as 0 to 9."""
    folded = text.casefold()
    if not folded.isascii():
        # Once more, since decomposition brings capitals out of signs such as "℡".
        folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", folded).casefold()).translate(_FOLDED)
    return [word[:_MAX_WORD] for word in _WORD.findall(folded)]


def renew_search(connection: Connection, text_of: Callable[[str], str], *, everything: bool = False) -> int:
    """Bring the index one step nearer to the present; gives how many articles were looked at.

    A step is at most 200 publications, in their order, so that nobody waits long for the write
    transaction, which is the caller's; call it for as long as `search_is_stale`. `text_of` turns the HTML
    of a body into plain text. `everything` empties the index and begins with the first publication.
    """
    since = None if everything else _true_up_to(connection)
    if since is None:
        connection.execute(text("DELETE FROM search"))
        since = 0
    until = min(since + _STEP, present_sequence(connection))
    uids = _published_between(connection, since, until)
    if uids:
        _renew(connection, uids, text_of)
    remember(connection, _TRUE_UP_TO, f"{_FOLDING}:{until}")
    return len(uids)


def search_is_stale(connection: Connection) -> bool:
    """Whether something was published since the index was renewed."""
    since = _true_up_to(connection)
    return since is None or since < present_sequence(connection)


def search_articles(
    connection: Connection, words: str, *, language: str | None, page: int, length: int
) -> tuple[int, list[StoredArticle]]:
    """How many public articles hold all `words`, and those of one page, without their bodies.

    The last word may be the beginning of one. Articles with all words in the title come first, then
    the newest. Any text is a question; one without a word in it finds nothing.
    """
    wanted = folded_words(words)[:_MAX_QUERY_WORDS]
    if not wanted:
        return 0, []
    found = _matching(connection.dialect.name, wanted)
    shown = articles.c.state == literal("published")
    if language is not None:
        shown &= articles.c.language == language
    query = select(articles.c.uid).join(found, found.c.article_id == articles.c.id).where(shown)
    number = int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())
    ordered = query.order_by(found.c.in_title.desc(), articles.c.first_published_at.desc(), articles.c.uid)
    start = (max(page, 1) - 1) * length
    if start >= number:
        return number, []
    uids = list(connection.execute(ordered.limit(length).offset(start)).scalars())
    by_uid = {one.uid: replace(one, body_html="") for one in published_articles(connection, uids=uids)}
    return number, [by_uid[uid] for uid in uids if uid in by_uid]


def is_search_table(name: str | None) -> bool:
    """Whether `name` is the index or a part of it, which `metadata` does not describe: each engine has its own."""
    return name is not None and (name == "search" or name.startswith("search_"))


def _true_up_to(connection: Connection) -> int | None:
    folding, _, number = (remembered(connection, _TRUE_UP_TO) or "").partition(":")
    return int(number) if folding == _FOLDING and number.isdecimal() else None


def _published_between(connection: Connection, since: int, until: int) -> list[str]:
    """The uids of articles published, corrected or withdrawn after `since`, up to `until` (primary key)."""
    query = (
        select(articles.c.uid)
        .join(publications, publications.c.article_id == articles.c.id)
        .where(publications.c.seq > since, publications.c.seq <= until)
        .distinct()
    )
    return sorted(connection.execute(query).scalars())


def _renew(connection: Connection, uids: Sequence[str], text_of: Callable[[str], str]) -> None:
    ids = select(articles.c.id).where(articles.c.uid.in_(uids))
    key = "rowid" if connection.dialect.name == "sqlite" else "article_id"
    numbers = list(connection.execute(ids).scalars())
    if numbers:
        gone = text(f"DELETE FROM search WHERE {key} = :id")  # noqa: S608  # one of two names of ours
        connection.execute(gone, [{"id": each} for each in numbers])
    entries = [_entry(one, text_of) for one in published_articles(connection, uids=uids)]
    if not entries:
        return
    if connection.dialect.name == "sqlite":
        connection.execute(text("INSERT INTO search (rowid, title, words) VALUES (:id, :title, :words)"), entries)
        return
    # Two renewals may meet on PostgreSQL; whichever comes last has read the newer state.
    connection.execute(
        text(
            "INSERT INTO search (article_id, title, words) VALUES "
            "(:id, array_to_tsvector(string_to_array(:title, ' ')), array_to_tsvector(string_to_array(:words, ' '))) "
            "ON CONFLICT (article_id) DO UPDATE SET title = excluded.title, words = excluded.words"
        ),
        entries,
    )


def _entry(stored: StoredArticle, text_of: Callable[[str], str]) -> dict[str, object]:
    title = _within_limit(folded_words(stored.title))
    standfirst = str(stored.meta.get("standfirst", ""))
    parts = (stored.summary, standfirst, stored.author, text_of(stored.body_html))
    words = _within_limit([*title, *(word for part in parts for word in folded_words(part))])
    return {"id": stored.id, "title": " ".join(title), "words": " ".join(words)}


def _within_limit(words: Iterable[str]) -> list[str]:
    """Each word once, as far as the index can hold them."""
    kept: list[str] = []
    octets = 0
    for word in dict.fromkeys(words):
        octets += len(word.encode()) + 1
        if octets > _MAX_OCTETS:
            break
        kept.append(word)
    return kept


def _matching(dialect: str, wanted: Sequence[str]) -> Subquery:
    """(article_id, in_title) of every entry that holds all the words; `in_title` is 1 when its title does."""
    if dialect == "sqlite":
        asked = " AND ".join(f'"{word}"' for word in wanted) + " *"
        query = text(
            "SELECT rowid AS article_id, rowid IN (SELECT rowid FROM search WHERE search MATCH :in_title) AS in_title "
            "FROM search WHERE search MATCH :in_words"
        ).bindparams(in_title=f"title : ({asked})", in_words=f"words : ({asked})")
    else:
        asked = " & ".join(f"'{word}'" for word in wanted) + ":*"
        query = text(
            "SELECT article_id, CAST(title @@ CAST(:asked AS tsquery) AS integer) AS in_title "
            "FROM search WHERE words @@ CAST(:asked AS tsquery)"
        ).bindparams(asked=asked)
    return query.columns(column("article_id", Key), column("in_title", Integer)).subquery("found")


@event.listens_for(metadata, "after_create")
def _create(_metadata: MetaData, connection: Connection, **_: object) -> None:
    """Make the index beside the tables, wherever these are made without migrations."""
    for statement in _DDL[connection.dialect.name]:
        connection.execute(text(statement))
