"""The index behind the search, in each engine's own words; it is filled by the next renewal of the pages."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE search USING fts5(title, words, tokenize = 'ascii', detail = 'column')")
        return
    op.execute("CREATE TABLE search (article_id BIGINT PRIMARY KEY, title TSVECTOR NOT NULL, words TSVECTOR NOT NULL)")
    op.execute("CREATE INDEX ix_search_words ON search USING gin (words)")
