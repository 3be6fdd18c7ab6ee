"""Erasure: tombstones."""

from alembic import op

from services.kit.migrations import tombstones

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(tombstones("campaigns_service"))
