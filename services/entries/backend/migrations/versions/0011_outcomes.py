"""What became of selections' codes that were not used."""

from alembic import op

revision = "0011"
down_revision = "0010"

OUTCOMES = """
ALTER TABLE redemption
    ADD outcome text NOT NULL DEFAULT 'REDEEMED'
        CHECK (outcome IN ('ASSIGNED', 'REDEEMED', 'EXPIRED', 'VOIDED'));
COMMENT ON TABLE redemption IS
    'what became of the code of a selection; a newer version replaces an older one, no row: nothing yet';
COMMENT ON COLUMN redemption.quantity IS 'tickets bought with it';
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(OUTCOMES)
