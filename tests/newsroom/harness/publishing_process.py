"""Publishes and sends one file in a process of its own, when told to on stdin; says the edition's uid."""

from __future__ import annotations

import os
import sys
import uuid
from pathlib import Path

from real_newsroom import NOW

from newsletter.answers import World
from newsletter.editions import PublishWishes, Wishes
from newsletter.newsroom import Newsroom


def main(folder: str, file: str) -> None:
    # The ids of the harness are counted, and would be the same in two processes.
    world = World(clock=lambda: NOW, new_id=lambda: str(uuid.uuid4()), random=os.urandom, environ={})
    newsroom = Newsroom(Path(folder), world)
    say("ready")
    sys.stdin.readline()
    released = newsroom.publish(newsroom.plan([Path(file)], wishes=Wishes(), publish=PublishWishes()))
    for edition in released.editions:
        newsroom.send(edition)
        say(edition.uid)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
