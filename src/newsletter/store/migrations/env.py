"""Where Alembic meets our tables: runs on the connection `store.schema` hands over."""

from alembic import context

from newsletter.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
