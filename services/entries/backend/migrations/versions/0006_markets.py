"""Which campaign a market belongs to, found by index."""

from alembic import op

revision = "0006"
down_revision = "0005"

INDEX = "CREATE INDEX campaign_markets ON campaign USING gin ((document -> 'markets') jsonb_path_ops);"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(INDEX)
