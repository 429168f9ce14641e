"""What the newsroom remembers of itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from newsletter.store.meta import add_event, last_event_at, remember, remembered


def test_note_is_kept_changed_and_forgotten(store) -> None:
    seen = []
    for value in ("one", "two", None, None):
        with store.writing() as connection:
            remember(connection, "paused", value)
            seen.append(remembered(connection, "paused"))

    assert seen == ["one", "two", None, None]


def test_notes_are_kept_apart(store) -> None:
    with store.writing() as connection:
        remember(connection, "paused", "restored")
        remember(connection, "backup", "yesterday")
        remember(connection, "paused", None)

        assert remembered(connection, "backup") == "yesterday"


def test_one_note_written_by_two_at_once_is_the_last_ones(store) -> None:
    def write(number: int) -> None:
        with store.writing() as connection:
            remember(connection, "outputs.sequence", str(number))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(40)))

    with store.reading() as connection:
        assert remembered(connection, "outputs.sequence") in set(map(str, range(40)))


def test_last_event_is_the_last_written(store, now) -> None:
    with store.writing() as connection:
        assert last_event_at(connection) is None
        add_event(connection, "release", ("editions", 1), now=now + timedelta(days=1), audience=3)
        add_event(connection, "pause", ("editions", None), now=now)

        assert last_event_at(connection) == now
