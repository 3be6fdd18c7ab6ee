"""Who runs a campaign hears once that a pool is running low."""

from alembic import op

revision = "0009"
down_revision = "0008"

LOW_POOLS = """
ALTER TABLE code_pool ADD low_told boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN code_pool.low_told IS 'it is known to be running low; filled up again, it can be told anew';
ALTER TABLE webhook
    DROP CONSTRAINT webhook_events_check,
    ADD CONSTRAINT webhook_events_check CHECK (
        cardinality(events) > 0
        AND events <@ ARRAY['code.assigned', 'code.redeemed', 'code.voided', 'pool.low']
    );
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(LOW_POOLS)
