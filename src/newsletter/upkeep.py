"""What is done to the database as a whole: its schema, its backup, its restoring."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from newsletter.config.keys import KEY_NAME
from newsletter.errors import UsageError
from newsletter.store import Store, backup
from newsletter.store.meta import remember
from newsletter.store.schema import require_head, upgrade


@dataclass(frozen=True, kw_only=True, slots=True)
class Upkeep:
    """The database at `url` of the newsroom in `folder`; `let_go` closes it where the newsroom has it open."""

    folder: Path
    url: str
    clock: Callable[[], datetime]
    let_go: Callable[[], None]

    def closed_store(self) -> Store:
        """The database as it is, also one that is behind, damaged or not there."""
        return Store(self.url)

    def upgrade(self) -> tuple[str | None, str]:
        """Bring the database to this program's schema; gives the versions before and after."""
        with closing(self.closed_store()) as store:
            return upgrade(store)

    def backup(self, target: Path) -> int:
        """Write database and key into one zip, also before an upgrade; gives its size in octets."""
        with closing(self.closed_store()) as store:
            if store.path is not None and not store.path.exists():
                require_head(store)
            size = backup.backup(store, target, key_file=self.folder / KEY_NAME)
            with store.writing() as connection:
                remember(connection, "backup", f"{self.clock():%Y-%m-%d %H:%M} UTC")
            return size

    def restore(self, archive: Path) -> tuple[Path, ...]:
        """Put a backup in place, paused; gives where the old files went."""
        database = self.closed_store().path
        if database is None:
            raise UsageError("Bring a PostgreSQL database back with pg_restore.")
        self.let_go()
        return backup.restore(archive, database=database, key_file=self.folder / KEY_NAME, now=self.clock())
