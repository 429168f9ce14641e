"""What the doors bring into a newsroom: ids that nobody else has."""

from __future__ import annotations

import os
import threading
import uuid

import pytest

from newsletter.cli.opening import Uids


def test_ids_are_random_uuids_and_none_comes_twice() -> None:
    new_id = Uids()

    found = [new_id() for _ in range(2_000)]

    assert len(set(found)) == 2_000
    read = [uuid.UUID(text) for text in found]
    assert [str(one) for one in read] == found
    assert {(one.version, one.variant) for one in read} == {(4, uuid.RFC_4122)}


def test_threads_share_no_id() -> None:
    new_id, found = Uids(), []

    threads = [threading.Thread(target=lambda: found.extend(new_id() for _ in range(5_000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(found)) == len(found) == 20_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes are forked")
def test_a_process_that_was_forked_off_has_ids_of_its_own() -> None:
    new_id = Uids()
    new_id()
    reading, writing = os.pipe()

    child = os.fork()
    if child == 0:
        os.write(writing, new_id().encode())
        os._exit(0)
    os.waitpid(child, 0)

    assert uuid.UUID(os.read(reading, 36).decode()) != uuid.UUID(new_id())
    os.close(reading)
    os.close(writing)
