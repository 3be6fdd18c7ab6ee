"""Venues in the order of their names."""

from alembic import op

revision = "0005"
down_revision = "0004"

INDEXES = "CREATE INDEX venue_name ON venue (name, id);"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(INDEXES)
