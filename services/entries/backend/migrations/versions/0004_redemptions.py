"""What selections' codes were used for, as the Code Service tells."""

from alembic import op

from services.kit.migrations import grants

revision = "0004"
down_revision = "0003"

REDEMPTIONS = """
CREATE TABLE redemption (
    selection_id text COLLATE "C" PRIMARY KEY,
    quantity     int NOT NULL CHECK (quantity >= 0),
    version      bigint NOT NULL
);
COMMENT ON TABLE redemption IS 'tickets bought with the code of a selection; a newer version replaces an older one';
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(REDEMPTIONS)
    op.get_bind().exec_driver_sql(grants("entries_service"))
