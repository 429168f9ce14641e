"""The ground: tables, named queries, migrations. SQL is written here and nowhere else."""

from newsletter.store.engine import Store

__all__ = ["Store"]
