"""How the newsroom is, in one look. Reads the store; changes nothing."""

from __future__ import annotations

from newsletter import subscribers
from newsletter.answers import Status, Underway
from newsletter.schedule_board import ScheduleBoard
from newsletter.store import Store, overview
from newsletter.store.bounces import count_kept
from newsletter.store.editions import edition_counts
from newsletter.store.meta import remembered
from newsletter.store.scheduled import list_scheduled


def status_of(
    store: Store, *, title: str, changed: tuple[str, ...], board: ScheduleBoard, underway: Underway
) -> Status:
    """Readers, articles, editions under way, what waits for its hour, and what a person must decide.

    `changed` are the files that were edited since their publication.
    """
    with store.reading() as connection:
        return Status(
            title=title,
            paused=underway.paused,
            subscribers={str(state): n for state, n in subscribers.counts(store).items() if n},
            articles=overview.article_counts(connection),
            editions=edition_counts(connection),
            changed=changed,
            underway=underway,
            unknown=overview.unknown_by_edition(connection),
            last_backup=remembered(connection, "backup"),
            scheduled=tuple(list_scheduled(connection)),
            schedules=tuple(board.lines(runs=1)),
            waiting=tuple(board.waiting()),
            held_runs=tuple(board.held_runs()),
            unserved=board.unserved(),
            reports=count_kept(connection),
        )
