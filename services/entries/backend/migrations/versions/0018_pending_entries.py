"""Entries that wait for a phone are found in the order in which they came."""

from alembic import op

revision = "0018"
down_revision = "0017"

# By time, for no other index is: on (campaign_id, id) the planner preferred the table's own to this one as long as its
# statistics were those of an open campaign, and each chunk of a close read all that were invalidated before it.
PENDING = """
DROP INDEX entry_pending;
CREATE INDEX entry_pending ON entry (campaign_id, submitted_at) WHERE state = 'PENDING_PHONE';
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(PENDING)
