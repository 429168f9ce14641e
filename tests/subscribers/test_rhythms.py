"""Any sequence of rhythms, releases and pauses: what a reader has a claim to is neither lost nor repeated.

Digests are not sent here: an article counts as kept when it was delivered, is owed, or lies after the
cursor of a digest reader. The model knows sets only; releases are the real ones of the store.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from newsletter.model import Subscriber, SubscriberId
from newsletter.store import Store
from newsletter.store.articles import add_publication, insert_article
from newsletter.store.audience import Audience, move_cursors, queue_deliveries
from newsletter.store.owed import owe_paused
from newsletter.store.subscribers import hold_sequence
from newsletter.store.tables import (
    article_topics,
    articles,
    deliveries,
    editions,
    owed,
    publications,
    revisions,
    subscribers,
    variant_articles,
    variants,
)
from newsletter.subscribers import Choices, Intake, find_by_id
from newsletter.subscribers.pauses import pause
from newsletter.subscribers.preferences import save

DIGESTS = ("daily", "weekly", "monthly")
PUBLISH = st.tuples(
    st.just("publish"), st.integers(0, 5), st.sampled_from(["en", "fr"]), st.sampled_from([True, True, True, False])
)
RHYTHM = st.tuples(st.just("rhythm"), st.sampled_from(["each", "feed", *DIGESTS]))
PAUSE = st.tuples(st.just("pause"), st.sampled_from([0, 0, 2]), st.booleans())
STEPS = st.lists(st.one_of(PUBLISH, PUBLISH, RHYTHM, PAUSE), max_size=14)

numbers = itertools.count(1)


@dataclass(kw_only=True)
class Model:
    """What one reader should have, by translation group."""

    is_choosy: bool
    rhythm: str = "each"
    paused: bool = False
    catch_up: bool = False
    delivered: set[str] = field(default_factory=set)
    owed: set[str] = field(default_factory=set)
    in_next_digest: set[str] = field(default_factory=set)

    def publish(self, group: str, *, is_on_topic: bool) -> None:
        if self.rhythm == "feed" or (self.is_choosy and not is_on_topic):
            return
        if self.rhythm in DIGESTS:
            if not self.paused or self.catch_up:
                self.in_next_digest.add(group)
        elif not self.paused:
            self.delivered.add(group)
        elif self.catch_up:
            self.owed.add(group)

    def pause(self, begins: bool, *, catch_up: bool) -> None:
        self.paused, self.catch_up = begins, begins and catch_up
        if begins and not catch_up and self.rhythm in DIGESTS:
            self.owed |= self.in_next_digest
            self.in_next_digest = set()

    def choose(self, rhythm: str) -> None:
        if rhythm == self.rhythm:
            return
        if self.rhythm in DIGESTS and rhythm == "each":
            self.owed |= self.in_next_digest
        if rhythm in ("each", "feed"):
            self.in_next_digest = set()
        self.rhythm = rhythm

    @property
    def kept(self) -> set[str]:
        return self.delivered | self.owed | self.in_next_digest


def publish(store: Store, group: str, language: str, *, topic: str, mail: bool, now: datetime) -> None:
    """Publish one article and, with `mail`, release it as the newsroom does."""
    uid = f"article-{next(numbers)}"
    with store.writing() as connection:
        hold_sequence(connection)
        article = insert_article(
            connection,
            uid=uid,
            group_uid=group,
            source_path=None,
            source_hash=uid,
            slug=uid,
            language=language,
            first_published_at=now,
            updated_at=now,
        )
        columns = {
            "article_id": article,
            "no": 1,
            "title": "t",
            "summary": "",
            "author": "",
            "body_html": "",
            "meta": {},
        }
        columns |= {"source_hash": uid, "significant": True, "made_at": now}
        revision = connection.execute(insert(revisions).values(**columns).returning(revisions.c.id)).scalar_one()
        connection.execute(update(articles).where(articles.c.id == article).values(revision_id=revision))
        connection.execute(insert(article_topics).values(article_id=article, topic=topic, position=0))
        seq = add_publication(connection, (article, revision), kind="publish", mail=mail, now=now)
        if not mail:
            return
        columns = {"uid": uid, "kind": "single", "dedupe_key": uid, "state": "sending", "reason": "", "subject": ""}
        columns |= {"scheduled_at": now, "considered": 0, "audience": 0}
        edition = connection.execute(insert(editions).values(**columns).returning(editions.c.id)).scalar_one()
        columns = {"edition_id": edition, "language": language, "furniture": "en", "articles_key": uid, "subject": ""}
        columns |= {"html": "", "text": "", "placeholders": []}
        variant = connection.execute(insert(variants).values(**columns).returning(variants.c.id)).scalar_one()
        columns = {"variant_id": variant, "position": 0, "article_id": article, "revision_id": revision}
        connection.execute(insert(variant_articles).values(**columns))
        audience = Audience(topics=(topic,), group_uids=(group,), everyone=False, now=now)
        queue_deliveries(connection, edition, audience, {"en": variant})
        owe_paused(connection, audience, {"en": variant})
        move_cursors(connection, seq, now=now)


def kept_by(store: Store, reader: Subscriber) -> tuple[list[str], list[str], set[str]]:
    """The groups that were delivered, that are owed, and that lie after the cursor of a digest reader."""
    group = articles.c.group_uid
    got = select(group).join_from(
        deliveries, variant_articles, variant_articles.c.variant_id == deliveries.c.variant_id
    )
    got = got.join(articles, articles.c.id == variant_articles.c.article_id)
    due = select(group).join_from(owed, articles, articles.c.id == owed.c.article_id)
    next_ = select(group).join_from(publications, articles, articles.c.id == publications.c.article_id)
    next_ = next_.where(publications.c.seq > reader.covered_through, publications.c.mail)
    if reader.topics:
        next_ = next_.join(article_topics, article_topics.c.article_id == articles.c.id)
        next_ = next_.where(article_topics.c.topic.in_(reader.topics))
    with store.reading() as connection:
        delivered = list(connection.execute(got.where(deliveries.c.subscriber_id == reader.id)).scalars())
        owing = list(connection.execute(due.where(owed.c.subscriber_id == reader.id)).scalars())
        after = set(connection.execute(next_).scalars()) if reader.rhythm in DIGESTS else set()
    return delivered, owing, after


def play(store: Store, reader: SubscriberId, model: Model, steps: list[tuple], intake: Intake) -> None:
    """Take each step in the store and in the model, and compare them after each."""
    run = next(numbers)
    for step in steps:
        if step[0] == "publish":
            _, number, language, mail = step
            group, is_on_topic = f"group-{run}-{number}", number % 2 == 0
            topic = "diplomacy" if is_on_topic else "tides"
            publish(store, group, language, topic=topic, mail=mail, now=intake.now)
            if mail:
                model.publish(group, is_on_topic=is_on_topic)
        elif step[0] == "rhythm":
            save(store, reader, Choices(rhythm=step[1]), intake=intake)
            model.choose(step[1])
        else:
            pause(store, reader, weeks=step[1], catch_up=step[2], intake=intake)
            model.pause(bool(step[1]), catch_up=step[2])
        found = find_by_id(store, reader)
        assert found is not None
        delivered, owing, after = kept_by(store, found)
        assert {*delivered, *owing, *after} == model.kept
        assert len(delivered) == len(set(delivered))
        assert len(owing) == len(set(owing))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, is_choosy=st.booleans())
def test_rhythms_releases_and_pauses_lose_nothing_and_repeat_nothing(
    store: Store, added: Callable[..., Subscriber], intake: Intake, steps: list[tuple], is_choosy: bool
) -> None:
    topics = ("diplomacy",) if is_choosy else ()
    reader = added(f"reader{next(numbers)}@example.org", topics=topics)

    play(store, reader.id, Model(is_choosy=is_choosy), steps, intake)

    with store.writing() as connection:
        connection.execute(update(subscribers).where(subscribers.c.id == reader.id).values(state="unsubscribed"))
