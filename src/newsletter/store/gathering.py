"""Which readers of a schedule stand where: the set-based half of gathering a digest.

Readers who would get the same articles in the same language are one cohort, told apart by a short text
made in SQL: language, cursor, and one bit for each topic and translation group in question. A million
readers make a handful of cohorts; Python decides for each what it gets, and SQL writes the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    CTE,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Select,
    SmallInteger,
    String,
    Table,
    Text,
    case,
    cast,
    column,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
    values,
)

from newsletter.model import DeliveryState, EditionId, SubscriberId
from newsletter.store.columns import Key, Utc
from newsletter.store.tables import (
    articles,
    deliveries,
    owed,
    publications,
    subscriber_topics,
    subscribers,
    suppressions,
    variant_articles,
)

# Of a signed 64-bit number, with room for its sum.
_BITS = 60
# Values handed over in one statement: SQLite takes 32,766.
_ROWS = 5_000
OWN_HOUR = -1

_gathered = Table(
    "gathered",
    MetaData(),
    # No key: rows come in the order of an index, and each key would be put in its place at random.
    Column("subscriber_id", Key, nullable=False),
    Column("reason", String(64)),
    Column("cohort", Text),
    Column("wave", SmallInteger),
    prefixes=["TEMPORARY"],
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadersHour:
    """An hour of a run: the readers of `time_zone` who chose `hour` (OWN_HOUR: the schedule's) get it at `at`."""

    no: int
    time_zone: str
    hour: int
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Whom to sort into cohorts, and by what.

    `groups` and `topics` are those of the articles in question. No delivery of an edition before
    `first_edition` can hold any of them; None means that none was mailed at all. Without `is_local` readers'
    zones and hours are not asked: there is one hour for all. `is_owed` False says that nothing is owed to
    anybody; with `owed_only` only readers to whom something is are considered.
    """

    rhythm: str
    now: datetime
    groups: tuple[str, ...]
    topics: tuple[str, ...]
    first_edition: EditionId | None
    hours: tuple[ReadersHour, ...]
    is_local: bool = True
    is_owed: bool = True
    owed_only: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Cohort:
    """Readers in the same position: what lies `after` the cursor, on `topics` (None: all), but for `received`.

    `owed` are groups owed in spite of the cursor. `key` is the cohort's name inside, `readers` their number.
    """

    key: str
    language: str
    after: int
    topics: frozenset[str] | None
    received: frozenset[str]
    owed: frozenset[str]
    readers: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a cohort gets: a variant, or a reason for nothing. `moves` says whether it has been considered."""

    variant_id: int | None
    reason: str
    moves: bool


def sort_readers(connection: Connection, question: Question) -> list[Cohort]:
    """Look at every subscriber of the rhythm, keep what was seen until the transaction ends, and give the cohorts.

    One scan; sorted by key. Whoever is left out has a reason: state, "suppressed", "paused", or "late"
    for who joined after their hour.
    """
    _gathered.drop(connection, checkfirst=True)
    _gathered.create(connection, checkfirst=False)
    target = insert(_gathered).from_select(["subscriber_id", "reason", "cohort", "wave"], _position(question))
    connection.execute(target)
    query = (
        select(_gathered.c.cohort, func.count())
        .where(_gathered.c.reason.is_(None))
        .group_by(_gathered.c.cohort)
        .order_by(_gathered.c.cohort)
    )
    return [_cohort(key, number, question) for key, number in connection.execute(query)]


def left_out(connection: Connection) -> dict[str, int]:
    """How many of those sorted last were left out before any article was looked at, by reason."""
    why = _gathered.c.reason
    query = select(why, func.count()).where(why.is_not(None)).group_by(why).order_by(why)
    return {row[0]: row[1] for row in connection.execute(query)}


def queue_cohorts(connection: Connection, edition_id: EditionId, outcomes: Mapping[str, Outcome]) -> dict[int, int]:
    """Write one queued row for each sorted reader whose cohort gets a variant; gives readers by wave."""
    columns = ["edition_id", "subscriber_id", "variant_id", "wave", "state", "attempts"]
    for batch in _batches(outcomes):
        rows = (
            select(
                literal(edition_id, Key),
                _gathered.c.subscriber_id,
                batch.c.variant_id,
                _gathered.c.wave,
                literal(int(DeliveryState.QUEUED), Integer),
                literal(0, Integer),
            )
            .join(batch, batch.c.cohort == _gathered.c.cohort)
            .where(batch.c.variant_id > 0)
            .order_by(_gathered.c.subscriber_id)
        )
        connection.execute(insert(deliveries).from_select(columns, rows))
    count = select(deliveries.c.wave, func.count()).where(deliveries.c.edition_id == edition_id)
    return {row[0]: row[1] for row in connection.execute(count.group_by(deliveries.c.wave))}


def cover_cohorts(connection: Connection, outcomes: Mapping[str, Outcome], *, through: int) -> None:
    """Move the cursors of the sorted readers who were considered, and owe them nothing up to there any more."""
    for batch in _batches(outcomes):
        considered = (
            select(_gathered.c.subscriber_id)
            .join(batch, batch.c.cohort == _gathered.c.cohort)
            .where(batch.c.moves == 1)
        )
        connection.execute(
            update(subscribers)
            .where(subscribers.c.id.in_(considered), subscribers.c.covered_through < through)
            .values(covered_through=through)
        )
        # What is published after the cut of a run that was held stays owed: this run does not bring it.
        was_in_question = exists().where(publications.c.article_id == owed.c.article_id, publications.c.seq <= through)
        connection.execute(delete(owed).where(owed.c.subscriber_id.in_(considered), was_in_question))


def forget_sorted(connection: Connection) -> None:
    """Drop what `sort_readers` kept."""
    _gathered.drop(connection, checkfirst=True)


def sorted_wave_counts(connection: Connection, keys: Sequence[str]) -> dict[int, int]:
    """How many of the sorted readers of these cohorts there are by wave."""
    counts: dict[int, int] = {}
    for start in range(0, len(keys), _ROWS):
        query = select(_gathered.c.wave, func.count()).where(_gathered.c.cohort.in_(keys[start : start + _ROWS]))
        for wave, number in connection.execute(query.group_by(_gathered.c.wave)):
            counts[wave] = counts.get(wave, 0) + number
    return counts


def readers_hours(connection: Connection, rhythm: str) -> list[tuple[str, int, datetime, int]]:
    """(time zone, hour or OWN_HOUR, when the first of them joined, number) of a rhythm's active readers.

    Answered from the index on rhythm, state, time_zone, hour, joined_at.
    """
    me = subscribers.c
    query = (
        select(me.time_zone, me.hour, func.min(me.joined_at), func.count())
        .where(me.rhythm == rhythm, me.state == "active")
        .group_by(me.time_zone, me.hour)
    )
    found = [
        (zone, OWN_HOUR if hour is None else int(hour), joined, number)
        for zone, hour, joined, number in connection.execute(query)
    ]
    return sorted(found)


def lowest_cursor(connection: Connection, rhythm: str, *, now: datetime) -> int | None:
    """The cursor of the active reader of a rhythm who is furthest behind and does not pause; None without one."""
    me = subscribers.c
    query = select(func.min(me.covered_through)).where(
        me.rhythm == rhythm, me.state == "active", or_(me.paused_until.is_(None), me.paused_until <= now)
    )
    return connection.execute(query).scalar()


def something_is_owed(connection: Connection, rhythm: str, *, now: datetime) -> bool:
    """Whether an active reader of a rhythm who does not pause is owed an article.

    Begins with `owed`, which is short or empty: a join lets SQLite begin with the readers.
    """
    me = subscribers.c
    is_due = exists().where(
        me.id == owed.c.subscriber_id,
        me.rhythm == rhythm,
        me.state == "active",
        or_(me.paused_until.is_(None), me.paused_until <= now),
    )
    return connection.execute(select(literal(1)).select_from(owed).where(is_due).limit(1)).first() is not None


def _position(question: Question) -> Select[tuple[SubscriberId, str | None, str | None, int]]:
    me = subscribers.c
    rows = [(one.no, f"{one.time_zone}|{one.hour}", one.at) for one in question.hours]
    # A FROM of VALUES needs a row; one that no zone can be called.
    rows = rows or [(0, "", question.now)]
    # One word to look up, not two: SQLite makes its index on the spot for one column only.
    named = (column("no", SmallInteger), column("who", String), column("at", Utc))
    hours = values(*named, name="hours").data(rows).cte("hours")
    own = me.time_zone + literal("|") + cast(func.coalesce(me.hour, OWN_HOUR), String)
    who: ColumnElement[str] = own if question.is_local else literal(f"|{OWN_HOUR}")
    reason = case(
        (me.state != "active", me.state),
        (exists().where(suppressions.c.address_key == me.suppression_key), literal("suppressed")),
        (me.paused_until > question.now, literal("paused")),
        (or_(hours.c.no.is_(None), me.joined_at > hours.c.at), literal("late")),
        else_=null(),
    )
    key = case((reason.is_(None), _key(question)), else_=null())
    query = (
        select(me.id, reason, key, func.coalesce(hours.c.no, 0))
        .join_from(subscribers, hours, hours.c.who == who, isouter=True)
        .where(me.rhythm == question.rhythm)
    )
    return query.where(exists().where(owed.c.subscriber_id == me.id)) if question.owed_only else query


def _key(question: Question) -> ColumnElement[str]:
    """language|cursor|topics|/|received|/|owed: sets as numbers of 60 bits, and bit 60 where topics were chosen."""
    me = subscribers.c
    topics = select(subscriber_topics.c.topic.label("what")).where(subscriber_topics.c.subscriber_id == me.id)
    mine = (
        select(articles.c.group_uid.label("what"))
        .join_from(owed, articles, articles.c.id == owed.c.article_id)
        .where(owed.c.subscriber_id == me.id)
    )
    first = question.first_edition
    parts = [
        me.language,
        cast(me.covered_through, String),
        *_bits(topics, question.topics or ("",), marks=True),
        literal("/"),
        *(_bits(_received(first), question.groups) if first is not None else ()),
        literal("/"),
        # Seldom anything is owed to anybody, and then nobody has to be asked.
        *(_bits(mine, question.groups) if question.is_owed else ()),
    ]
    text: ColumnElement[str] = parts[0]
    for part in parts[1:]:
        text = text + literal("|") + part
    return text


def _received(first_edition: EditionId) -> Select[tuple[str]]:
    """The groups this reader has in a delivery that is not cancelled (index on deliveries.subscriber_id)."""
    return (
        select(articles.c.group_uid.label("what"))
        .select_from(deliveries)
        .join(variant_articles, variant_articles.c.variant_id == deliveries.c.variant_id)
        .join(articles, articles.c.id == variant_articles.c.article_id)
        .where(
            deliveries.c.subscriber_id == subscribers.c.id,
            deliveries.c.edition_id >= first_edition,
            deliveries.c.state != int(DeliveryState.CANCELLED),
        )
    )


def _bits(rows: Select[tuple[str]], words: Sequence[str], *, marks: bool = False) -> Iterator[ColumnElement[str]]:
    """Which of `words` are among the subquery's `what`, as texts of numbers with one bit for each of 60.

    With `marks` bit 60 says that there is any row at all.
    """
    what = rows.selected_columns.what
    # Seldom is there a row at all, and looking for one is cheaper than adding up none.
    is_any = rows.correlate(subscribers).exists()
    for start in range(0, len(words), _BITS):
        ranks = {word: literal(1 << at, BigInteger) for at, word in enumerate(words[start : start + _BITS])}
        bit = case(ranks, value=what, else_=literal(0, BigInteger))
        # Two deliveries may hold the same group: a sum of different bits is their union.
        total = func.sum(bit.distinct()) + literal(1 << _BITS if marks else 0, BigInteger)
        found = rows.with_only_columns(total, maintain_column_froms=True).correlate(subscribers).scalar_subquery()
        yield case((is_any, cast(cast(found, BigInteger), String)), else_=literal("0"))


def _cohort(key: str, readers: int, question: Question) -> Cohort:
    head, received, mine = key.split("|/")
    language, after, *topics = head.split("|")
    return Cohort(
        key=key,
        language=language,
        after=int(after),
        topics=_words(topics, question.topics) if int(topics[0]) >> _BITS else None,
        received=_words(received.split("|")[1:], question.groups),
        owed=_words(mine.split("|")[1:], question.groups),
        readers=readers,
    )


def _words(numbers: Sequence[str], words: Sequence[str]) -> frozenset[str]:
    return frozenset(
        words[block * _BITS + bit]
        for block, number in enumerate(numbers)
        for bit in range(_BITS)
        if int(number) >> bit & 1 and block * _BITS + bit < len(words)
    )


def _batches(outcomes: Mapping[str, Outcome]) -> Iterator[CTE]:
    """The outcomes as tables of at most some thousand rows that a statement can join."""
    # No variant is 0: PostgreSQL takes a column of nothing but NULLs for text.
    rows = [(key, one.variant_id or 0, 1 if one.moves else 0) for key, one in outcomes.items()]
    named = (column("cohort", Text), column("variant_id", Key), column("moves", Integer))
    for start in range(0, len(rows), _ROWS):
        yield values(*named, name="outcomes").data(rows[start : start + _ROWS]).cte("outcomes")
