"""Whatever happens in between, each subscriber is sent all changes in order, each from where it stood."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.store import Store
from newsletter.websub import Reply

from .conftest import Hub

CALLBACKS = [f"https://reader{number}.example.com/" for number in range(3)]


@dataclass
class World:
    """Subscribers without a network: some are down, and each keeps what it took."""

    down: set[str] = field(default_factory=set)
    took: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def get(self, url: str) -> Reply:
        return Reply(status=200, body=url.partition("hub.challenge=")[2].partition("&")[0].encode())

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        if url in self.down:
            return Reply(fault="It could not be reached (ConnectionRefusedError).")
        _, _, since, _, digest = body.decode().split()
        self.took.setdefault(url, []).append((since, digest))
        return Reply(status=204)


acts = st.one_of(
    st.just(("change", 0)),
    st.just(("run", 0)),
    st.just(("die", 0)),
    st.tuples(st.just("turn"), st.sampled_from(range(len(CALLBACKS)))),
    st.tuples(st.just("wait"), st.sampled_from((1, 2, 30, 600))),
)


class Killed(BaseException):
    """What stands for the end of a process."""


def perform(hub: Hub, world: World, act: tuple[str, int], versions) -> None:
    """One thing that happens."""
    word, number = act
    if word == "change":
        hub.change(atom=next(versions))
    elif word == "run":
        hub.run()
    elif word == "turn":
        world.down ^= {CALLBACKS[number]}
    elif word == "wait":
        hub.pass_time(minutes=number)
    else:
        usual, hub.body_of = hub.body_of, _die
        try:
            hub.run()
        except Killed:
            pass
        finally:
            hub.body_of = usual


def _die(topic: str, since: str, digest: str) -> None:
    raise Killed


@settings(max_examples=25, deadline=None)
@given(st.lists(acts, max_size=25))
def test_no_subscriber_ever_has_a_gap(empty_database: Path, script) -> None:
    with TemporaryDirectory() as folder:
        shutil.copy(empty_database, Path(folder) / "newsletter.db")
        store = Store(f"sqlite:///{folder}/newsletter.db")
        world = World()
        hub = Hub(store, datetime.fromisoformat("2026-11-24T09:00:00Z"), client=world)
        hub.change(atom="v1")
        for callback in CALLBACKS:
            hub.subscribe(callback, lease_seconds="2592000")
        versions = (f"v{number}" for number in range(2, 100))

        for act in script:
            perform(hub, world, act, versions)
        last = next(versions)
        hub.change(atom=last)
        world.down = set()
        hub.pass_time(hours=7)
        hub.run()

        assert hub.tasks() == []
        for callback in CALLBACKS:
            before = "v1"
            for since, digest in world.took[callback]:
                assert since == before
                before = digest
            assert before == last
        store.close()
