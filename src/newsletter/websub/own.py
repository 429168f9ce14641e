"""Our own hub as the web door asks it: its feeds are those whose changes are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from newsletter.store import Store
from newsletter.store.hub_tasks import told_versions
from newsletter.websub.asking import HubAnswer, HubRules, ask


class OwnHub:
    """The hub of one newsroom. Shared by threads."""

    def __init__(self, store: Store, *, clock: Callable[[], datetime], allow_private: bool = False) -> None:
        """Keep requests in `store`; `clock` gives aware UTC.

        `allow_private` lets callbacks be anywhere, for a newsroom for which `is_on_this_machine` holds.
        """
        self._store, self._clock, self._allow_private = store, clock, allow_private

    def ask(self, fields: Mapping[str, str]) -> HubAnswer:
        """Take the request that the form `fields` make, or say what is wrong with it.

        A feed that `note_changes` has not seen yet is none: nobody would ever be told of it.
        """
        with self._store.reading() as connection:
            topics = frozenset(told_versions(connection, hold=False) or ())
        rules = HubRules(is_topic=topics.__contains__, allow_private=self._allow_private)
        return ask(self._store, fields, rules, now=self._clock())
