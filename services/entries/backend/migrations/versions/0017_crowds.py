"""Who came first from a network or by a browser in an hour, found by index however many came."""

from alembic import op

revision = "0017"
down_revision = "0016"

INDEXES = """
DROP INDEX signal_network;
DROP INDEX signal_device;
CREATE INDEX signal_network ON signal (network, hour, entry_id);
CREATE INDEX signal_device ON signal (device, hour, entry_id);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(INDEXES)
