"""What the desk is given by the world, and what it answers: records without methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from newsletter.delivery import Balance
from newsletter.model import Subscriber
from newsletter.store.editions import StoredEdition, StoredVariant
from newsletter.store.overview import ReaderLine


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """What comes from outside the program: the clock (aware UTC), fresh ids, random octets, the environment."""

    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    random: Callable[[int], bytes]
    environ: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class EditionReport:
    """An edition with its balance, its frozen variants, and the titles it carries."""

    edition: StoredEdition
    balance: Balance
    variants: tuple[StoredVariant, ...] = ()
    articles: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class AdoptReport:
    """Uids that are new, how many were known, and a sentence for each file left out."""

    adopted: tuple[str, ...]
    already: int
    faults: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """How the newsroom is; `unknown` maps an edition to deliveries nobody knows the end of."""

    title: str
    paused: str | None
    subscribers: Mapping[str, int]
    articles: Mapping[str, int]
    editions: Mapping[str, int]
    changed: tuple[str, ...]
    unfinished: tuple[EditionReport, ...]
    unknown: Mapping[str, int]
    last_backup: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """What one person gets and got: their row, why they would be left out today, and edition by edition."""

    subscriber: Subscriber | None
    suppressed: str | None
    would_get: str
    editions: tuple[ReaderLine, ...]
