"""A long run of batches: the next one is made while the present one is taken, and little time goes to tidying up.

Comes in: an iterator of batches, what takes one, and who hears of it. Goes out: nothing. Knows nothing of
readers. Called by `imports`.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

# New objects, less those gone, before Python looks for cycles among them. A batch is some tens of
# thousands of objects without any, and with the usual 700 the search took a fifth of an import.
OBJECTS_BETWEEN_COLLECTIONS = 100_000

Batch = TypeVar("Batch")


def take_each(batches: Iterator[Batch], take: Callable[[Batch], None], then: Callable[[Batch], None]) -> None:
    """Give each of `batches` to `take`, one after another and in order, and to `then` when it is taken.

    `take` runs in a thread of its own, at most one batch ahead of `then`; the caller's thread makes the
    next one meanwhile, since a database waits for the disk. Only the caller's thread hears Ctrl-C and
    waits for the file, which may be a pipe.

    Errors of both threads are raised here. After one in making a batch, or Ctrl-C, the batch under way
    is taken to its end and told; after one in taking or telling, no further batch is taken.
    """
    under_way: list[tuple[Batch, Future[None]]] = []

    def finish() -> None:
        while under_way:
            # Ctrl-C may end the wait, and the batch is still under way then.
            wait([under_way[0][1]])
            batch, taken = under_way.pop()
            taken.result()
            then(batch)

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="taking") as thread:
        try:
            for batch in batches:
                finish()
                under_way.append((batch, thread.submit(take, batch)))
        finally:
            finish()


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Let Python look for cycles among objects every 100,000 of them, until the block ends."""
    usual = gc.get_threshold()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
