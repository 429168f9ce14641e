"""Tells whom there is something to tell: takes tasks, does them on the wire, writes down what came of it.

One thread takes and settles, so that many outcomes share a transaction; the others wait for answers. A
process that dies leaves its tasks taken: they come due again when its lease ends, and whoever was told
just before is told a second time, which WebSub allows (§7) and no reader of feeds minds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.errors import NewsletterError
from newsletter.store import Store
from newsletter.store.hub import Subscription, delete_subscription, ended_leases, subscriptions_by_id
from newsletter.store.hub_tasks import PUSH, HubTask, has_due_task, hold_hub, put_back_tasks, take_tasks
from newsletter.websub.errands import Bodies, BodyOf, Errand, Wires, run_errand
from newsletter.websub.guarded import GuardedClient, Reply
from newsletter.websub.settling import Settling, settle

THREADS = 32
# Longer than all tasks in hand can take: each thread has four, of five seconds at most.
LEASE = timedelta(minutes=2)
IN_HAND = 4 * THREADS
# Outcomes of this time share a transaction, whose fsync costs as much as several of them.
_GATHER_S = 0.05
_ENDED_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class HubTools:
    """What telling needs of the world.

    `hub_url` is our own hub's address. `callbacks` calls subscribers and `hubs` the hubs the owner named.
    `body_of(topic, since, digest)` gives what a subscriber who was last told of version `since` is sent, and
    its media type; None when the feed is gone. `clock` gives aware UTC, `jitter` a number in [0, 1), and
    `new_id` a text nobody can guess.
    """

    hub_url: str
    callbacks: GuardedClient
    hubs: GuardedClient
    body_of: BodyOf
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    new_id: Callable[[], str]


def run_tasks(store: Store, tools: HubTools, *, stop: Callable[[], bool] = lambda: False) -> int:
    """Do what is due, and what becomes due meanwhile, until nothing is left; gives how many tasks were tried.

    Several processes may do so at once: each task is done by one of them. When `stop` says so, what is on
    the wire is finished and the rest is put back. Subscriptions whose lease has ended are forgotten.
    """
    _forget_ended(store, now=tools.clock())
    with store.reading() as connection:
        if not has_due_task(connection, tools.clock()):
            return 0
    with ThreadPoolExecutor(THREADS, thread_name_prefix="websub") as pool:
        return _Round(store, tools, pool).run(stop)


def _forget_ended(store: Store, *, now: datetime) -> None:
    with store.reading() as connection:
        ended = ended_leases(connection, now, limit=_ENDED_AT_ONCE)
    if ended:
        with store.writing() as connection:
            hold_hub(connection)
            # Asked again, since one may have been renewed in between.
            for subscription_id in ended_leases(connection, now, limit=_ENDED_AT_ONCE):
                delete_subscription(connection, subscription_id)


class _Round:
    """One call of `run_tasks`: the tasks in hand, each with the answer it waits for."""

    def __init__(self, store: Store, tools: HubTools, pool: ThreadPoolExecutor) -> None:
        self._store, self._tools, self._pool = store, tools, pool
        self._bodies = Bodies(tools.body_of)
        self._wires = Wires(hub_url=tools.hub_url, callbacks=tools.callbacks, hubs=tools.hubs)
        self._on_wire: dict[Future[Reply], Errand] = {}

    def run(self, stop: Callable[[], bool]) -> int:
        tried = 0
        try:
            while not stop():
                # More are taken before all have ended, so that a slow subscriber keeps no other waiting.
                if len(self._on_wire) <= IN_HAND - THREADS:
                    self._take()
                if not self._on_wire:
                    break
                tried += self._settle_answered(wait(self._on_wire, _GATHER_S).done)
        finally:
            # Whatever ended the round, what was said on the wire is written down.
            unsaid = [self._on_wire.pop(future) for future in list(self._on_wire) if future.cancel()]
            tried += self._settle_answered(wait(self._on_wire).done)
            self._put_back(unsaid)
        return tried

    def _take(self) -> None:
        now = self._tools.clock()
        with self._store.reading() as connection:
            if not has_due_task(connection, now):
                return
        with self._store.writing() as connection:
            tasks = take_tasks(connection, limit=IN_HAND - len(self._on_wire), until=now + LEASE, now=now)
            ids = {task.subscription_id for task in tasks if task.subscription_id is not None}
            subscriptions = subscriptions_by_id(connection, ids)
        for task in tasks:
            errand = self._errand(task, subscriptions)
            if task.kind == PUSH and errand.body is None:
                self._on_wire[_answered(Reply(fault=errand.excuse))] = errand
            else:
                self._on_wire[self._pool.submit(run_errand, self._wires, errand)] = errand

    def _put_back(self, unsaid: list[Errand]) -> None:
        if unsaid:
            with self._store.writing() as connection:
                hold_hub(connection)
                put_back_tasks(connection, [errand.task for errand in unsaid], now=self._tools.clock())

    def _errand(self, task: HubTask, subscriptions: Mapping[int, Subscription]) -> Errand:
        subscription = subscriptions.get(task.subscription_id or 0)
        if task.kind != PUSH:
            return Errand(task=task, subscription=subscription, challenge=self._tools.new_id())
        try:
            return Errand(task=task, subscription=subscription, body=self._bodies.of(task))
        except NewsletterError as error:
            # One feed that cannot be read keeps no other from being told.
            return Errand(task=task, subscription=subscription, excuse=str(error))

    def _settle_answered(self, answered: set[Future[Reply]]) -> int:
        if answered:
            settling = Settling(now=self._tools.clock(), jitter=self._tools.jitter)
            with self._store.writing() as connection:
                hold_hub(connection)
                settle(connection, [(self._on_wire[future], future.result()) for future in answered], settling)
            for future in answered:
                del self._on_wire[future]
        return len(answered)


def _answered(reply: Reply) -> Future[Reply]:
    """An answer to what needs no wire."""
    future: Future[Reply] = Future()
    future.set_result(reply)
    return future
