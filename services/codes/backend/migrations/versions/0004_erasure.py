"""Erasure: tombstones, and how to find what one person holds."""

from alembic import op

from services.kit.migrations import tombstones

revision = "0004"
down_revision = "0003"

LEDGER = """
CREATE INDEX assignment_user ON assignment (user_id);
ALTER TABLE distribution ADD COLUMN erasures int NOT NULL DEFAULT 0;
COMMENT ON COLUMN distribution.erasures IS 'grows when somebody is erased: pages of winners read before are read again';
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(tombstones("codes_service") + LEDGER)
