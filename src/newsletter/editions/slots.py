"""One run of a schedule becomes one edition: gathered, dressed, and released in one transaction.

The readers are sorted twice: once to know which variants are needed, so that none is rendered while
others wait for the database, and once more in the transaction that writes them. What the second look
needs and the first did not is rendered, and the whole is tried again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from newsletter.editions.digests import DigestBench, Run, articles_of, dress_look, texts_of
from newsletter.editions.gather import Gathered, Look, Order, gather
from newsletter.editions.hours import local_time, readers_hours_on
from newsletter.editions.news import News, NewsKind, waiting_key
from newsletter.errors import StoreBusy
from newsletter.model import EditionId, EditionKind, EditionState, Masthead, Variant, VariantId
from newsletter.store import Store
from newsletter.store.articles import present_sequence
from newsletter.store.audience import chunk_ranges
from newsletter.store.editions import (
    drop_unused_variants,
    edition_by_id,
    insert_chunks,
    insert_edition,
    insert_exclusions,
    insert_variant,
    update_edition,
    variant_looks,
)
from newsletter.store.gathering import Outcome, cover_cohorts, left_out, queue_cohorts, readers_hours
from newsletter.store.meta import add_event
from newsletter.store.schedules import (
    SlotId,
    SlotState,
    StoredSlot,
    delete_slot,
    insert_slot,
    schedule_by_name,
    slot_of_edition,
    slot_on,
    supersede_held,
    update_schedule,
    update_slot,
)
from newsletter.store.subscribers import hold_sequence
from newsletter.store.waves import Wave, insert_waves

_TRIES = 6


class _Undressed(Exception):
    """A look is wanted that was not rendered yet."""


def make_run(store: Store, run: Run, *, bench: DigestBench, now: datetime) -> StoredSlot | None:
    """Make the run: released at once, or scheduled until its hold is over, or skipped with the reason.

    One transaction at the end of it; None, and nothing is written, when another process made it first.
    Raises MessageError for a theme that cannot be rendered, and StoreBusy when readers change faster than that.
    """
    dressed: dict[Look, Variant] = {}
    uid = bench.new_id().replace("-", "")[:20]
    for _ in range(_TRIES):
        with store.reading() as connection:
            order = _order(connection, run, bench.masthead, cut=present_sequence(connection), now=now)
            gathered = gather(connection, order, bench.masthead)
            texts = texts_of(connection, gathered, dressed, bench)
        dressed |= {look: dress_look(look, texts[look], run, bench=bench, uid=uid) for look in texts}
        try:
            with store.writing() as connection:
                return _write(connection, run, order.cut, dressed, bench=bench, uid=uid, now=now)
        except _Undressed:
            continue
    raise StoreBusy("The readers change faster than their digest can be rendered. Run the command again.")


def release_run(
    store: Store, edition_id: EditionId, run: Run, *, bench: DigestBench, now: datetime
) -> StoredSlot | None:
    """Release an edition whose hold is over, for the readers of this moment; its articles are those of its cut.

    One transaction. None when it is not scheduled any more: cancelled meanwhile, or released by another.
    """
    dressed: dict[Look, Variant] = {}
    for _ in range(_TRIES):
        with store.reading() as connection:
            slot, edition = slot_of_edition(connection, edition_id), edition_by_id(connection, edition_id)
            if slot is None or edition is None or edition.state is not EditionState.SCHEDULED:
                return None
            order = _order(connection, run, bench.masthead, cut=slot.cut, now=now)
            gathered = gather(connection, order, bench.masthead)
            frozen = set(variant_looks(connection, edition_id))
            missing = {look: None for look in gathered.wanted if _key_of(look) not in frozen}
            texts = {look: articles_of(connection, look, bench) for look in missing if look not in dressed}
        dressed |= {look: dress_look(look, texts[look], run, bench=bench, uid=edition.uid) for look in texts}
        try:
            with store.writing() as connection:
                return _write_release(connection, edition_id, run, dressed, bench=bench, now=now)
        except _Undressed:
            continue
    raise StoreBusy("The readers change faster than their digest can be rendered. Run the command again.")


def hold_run(store: Store, run: Run, *, reason: str, bench: DigestBench, now: datetime) -> StoredSlot | None:
    """Keep a run that comes too late for a person to decide; the next run supersedes it. One transaction."""
    with store.writing() as connection:
        schedule_by_name(connection, run.schedule.name, to_change=True)
        slot_id = _insert(connection, run, SlotState.HELD, cut=present_sequence(connection), reason=reason, now=now)
        if slot_id is None:
            return None
        what = f"the {run.schedule.name} digest of {run.day}"
        key = f"held:{run.schedule.name}:{run.day}"
        bench.post(connection, News(kind=NewsKind.HELD, dedupe_key=key, what=what, reason=reason))
        add_event(connection, "hold", ("slots", slot_id), now=now, reason=reason)
        return slot_on(connection, run.schedule.name, run.day)


def _order(connection: Connection, run: Run, masthead: Masthead, *, cut: int, now: datetime) -> Order:
    hours = readers_hours_on(run.day, run.schedule, readers_hours(connection, run.rhythm))
    schedule = schedule_by_name(connection, run.schedule.name)
    return Order(
        schedule=run.schedule,
        rhythm=run.rhythm,
        cut=cut,
        hours=tuple(replace(one, at=now) for one in hours) if run.at_once else hours,
        covered_through=schedule.covered_through if schedule else cut,
        now=now,
        owed_only=run.owed_only,
    )


def _write(
    connection: Connection,
    run: Run,
    cut: int,
    dressed: Mapping[Look, Variant],
    *,
    bench: DigestBench,
    uid: str,
    now: datetime,
) -> StoredSlot | None:
    hold_sequence(connection)
    schedule_by_name(connection, run.schedule.name, to_change=True)
    if run.replaces is not None:
        delete_slot(connection, run.replaces)
    slot_id = _insert(connection, run, SlotState.SCHEDULED, cut=cut, reason="", now=now)
    if slot_id is None:
        return None
    supersede_held(connection, run.schedule.name, reason=f"the run of {run.day} brings what it would have brought")
    order = _order(connection, run, bench.masthead, cut=cut, now=now)
    gathered = gather(connection, order, bench.masthead)
    if not gathered.wanted:
        _skip(connection, slot_id, run, order, gathered)
        return slot_on(connection, run.schedule.name, run.day)
    if any(look not in dressed for look in gathered.wanted):
        raise _Undressed
    until = _hold_until(run, now)
    edition_id = insert_edition(
        connection,
        uid=uid,
        kind=str(EditionKind.DIGEST),
        # The slot itself is unique; its number alone would come again after a run that was replaced.
        dedupe_key=f"slot:{slot_id}:{uid}",
        state=str(EditionState.SCHEDULED),
        reason="",
        subject=dressed[gathered.wanted[0]].subject,
        scheduled_at=run.first_at,
        hold_until=until or now,
        released_at=None,
        finished_at=None,
        considered=0,
        audience=0,
    )
    update_slot(connection, slot_id, edition_id=edition_id)
    if until is None:
        _release(connection, edition_id, run, order, gathered, dressed)
        return slot_on(connection, run.schedule.name, run.day)
    for look in gathered.wanted:
        _freeze(connection, edition_id, look, dressed[look])
    bench.post(connection, _news_of_wait(edition_id, uid, until, gathered, dressed))
    add_event(connection, "schedule", ("editions", edition_id), now=now)
    return slot_on(connection, run.schedule.name, run.day)


def _write_release(
    connection: Connection,
    edition_id: EditionId,
    run: Run,
    dressed: Mapping[Look, Variant],
    *,
    bench: DigestBench,
    now: datetime,
) -> StoredSlot | None:
    hold_sequence(connection)
    schedule_by_name(connection, run.schedule.name, to_change=True)
    slot, edition = slot_of_edition(connection, edition_id), edition_by_id(connection, edition_id, to_change=True)
    if slot is None or edition is None or edition.state is not EditionState.SCHEDULED:
        return None
    order = _order(connection, run, bench.masthead, cut=slot.cut, now=now)
    gathered = gather(connection, order, bench.masthead)
    if not gathered.wanted:
        # What it was to bring was withdrawn meanwhile.
        update_edition(connection, edition_id, state=str(EditionState.CANCELLED), reason="nothing is left in it")
        _skip(connection, slot.id, run, order, gathered)
        return slot_on(connection, run.schedule.name, run.day)
    frozen = variant_looks(connection, edition_id)
    if any(look not in dressed and _key_of(look) not in frozen for look in gathered.wanted):
        raise _Undressed
    _release(connection, edition_id, run, order, gathered, dressed)
    return slot_on(connection, run.schedule.name, run.day)


def _release(
    connection: Connection,
    edition_id: EditionId,
    run: Run,
    order: Order,
    gathered: Gathered,
    dressed: Mapping[Look, Variant],
) -> None:
    """Write variants, one row per due reader, waves and exclusions; move every cursor that was considered."""
    variant_of = _variants(connection, edition_id, gathered, dressed)
    outcomes = {one.key: _outcome(one.key, gathered, variant_of) for one in gathered.cohorts}
    excluded = left_out(connection)
    for one in gathered.cohorts:
        if outcomes[one.key].variant_id is None:
            excluded[outcomes[one.key].reason] = excluded.get(outcomes[one.key].reason, 0) + one.readers
    by_wave = queue_cohorts(connection, edition_id, outcomes)
    _write_waves(connection, edition_id, run, order, by_wave)
    insert_chunks(connection, edition_id, chunk_ranges(connection, edition_id), {one.no: one.at for one in order.hours})
    cover_cohorts(connection, outcomes, through=order.cut)
    insert_exclusions(connection, edition_id, excluded)
    audience = sum(by_wave.values())
    ended = {} if audience else {"state": str(EditionState.SENT), "finished_at": order.now}
    values = {"state": str(EditionState.SENDING), "released_at": order.now, "hold_until": None, **ended}
    considered = audience + sum(excluded.values())
    update_edition(connection, edition_id, considered=considered, audience=audience, **values)
    _cover_schedule(connection, run, order, gathered)
    slot = slot_of_edition(connection, edition_id)
    if slot is not None:
        update_slot(connection, slot.id, state=str(SlotState.RELEASED))
    add_event(connection, "release", ("editions", edition_id), now=order.now, audience=audience)


def _variants(
    connection: Connection, edition_id: EditionId, gathered: Gathered, dressed: Mapping[Look, Variant]
) -> dict[Look, VariantId]:
    """A variant for each look: frozen ones as they are, the others written now; frozen ones nobody gets leave."""
    frozen = variant_looks(connection, edition_id)
    found = {look: frozen[_key_of(look)] for look in gathered.wanted if _key_of(look) in frozen}
    drop_unused_variants(connection, edition_id, keep=found.values())
    for look in gathered.wanted:
        if look not in found:
            found[look] = _freeze(connection, edition_id, look, dressed[look])
    return found


def _freeze(connection: Connection, edition_id: EditionId, look: Look, variant: Variant) -> VariantId:
    contents = [(one.article_id, one.revision_id) for one in look.contents]
    return insert_variant(connection, edition_id, variant, contents)


def _key_of(look: Look) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A look as the store knows it: the furniture's language, and (article, revision) in reading order."""
    return look.furniture, tuple((int(one.article_id), int(one.revision_id)) for one in look.contents)


def _outcome(key: str, gathered: Gathered, variant_of: Mapping[Look, VariantId]) -> Outcome:
    look = gathered.looks[key]
    if look is not None:
        return Outcome(variant_id=variant_of[look], reason="", moves=True)
    is_few = key in gathered.few
    return Outcome(variant_id=None, reason="too few" if is_few else "nothing new", moves=not is_few)


def _write_waves(
    connection: Connection, edition_id: EditionId, run: Run, order: Order, by_wave: Mapping[int, int]
) -> None:
    rows = [
        Wave(
            edition_id=edition_id,
            no=one.no,
            time_zone=one.time_zone or run.schedule.zone,
            local_at=f"{run.day}T{local_time(run.schedule, one.hour):%H:%M}",
            at=one.at,
            readers=by_wave[one.no],
        )
        for one in order.hours
        if by_wave.get(one.no)
    ]
    insert_waves(connection, rows)


def _skip(connection: Connection, slot_id: SlotId, run: Run, order: Order, gathered: Gathered) -> None:
    """Nobody gets anything: the run is recorded with its reason, and whoever was considered is."""
    outcomes = {one.key: _outcome(one.key, gathered, {}) for one in gathered.cohorts}
    cover_cohorts(connection, outcomes, through=order.cut)
    _cover_schedule(connection, run, order, gathered)
    reason = f"fewer than {run.schedule.min} new articles" if gathered.few else "nothing new"
    update_slot(connection, slot_id, state=str(SlotState.SKIPPED), reason=reason)
    add_event(connection, "skip", ("slots", slot_id), now=order.now, reason=reason)


def _cover_schedule(connection: Connection, run: Run, order: Order, gathered: Gathered) -> None:
    """Move the cursor of the schedule's own feed, unless it waits for its minimum."""
    if gathered.public is not None or "" not in gathered.few:
        update_schedule(connection, run.schedule.name, covered_through=order.cut)


def _insert(
    connection: Connection, run: Run, state: SlotState, *, cut: int, reason: str, now: datetime
) -> SlotId | None:
    return insert_slot(
        connection,
        schedule=run.schedule.name,
        local_date=run.day,
        state=str(state),
        reason=reason,
        cut=cut,
        due_at=run.first_at,
        made_at=now,
        edition_id=None,
    )


def _hold_until(run: Run, now: datetime) -> datetime | None:
    """Until when the owner may stop a run; None for one without a hold. One that is made late gets its whole hold."""
    if run.at_once or not run.hold:
        return None
    return run.first_at if run.first_at - now >= run.hold / 2 else now + run.hold


def _news_of_wait(
    edition_id: EditionId, uid: str, until: datetime, gathered: Gathered, dressed: Mapping[Look, Variant]
) -> News:
    readers = sum(one.readers for one in gathered.cohorts if gathered.looks[one.key] is not None)
    return News(
        kind=NewsKind.WAITS,
        dedupe_key=waiting_key(edition_id),
        what=dressed[gathered.wanted[0]].subject,
        edition=(edition_id, uid),
        at=until,
        readers=readers,
        text=dressed[gathered.wanted[0]].text,
    )
