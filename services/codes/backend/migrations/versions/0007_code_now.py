"""Codes as they are at this moment, with who has them."""

from alembic import op

revision = "0007"
down_revision = "0006"

VIEW = """
CREATE VIEW code_now AS
SELECT c.id, c.pool_id, c.position, c.sealed, c.lookup, p.event_id, p.campaign_id, k.team_id, a.selection_id,
       a.entry_id, a.user_id, a.assigned_at, a.redeemed_at, a.redeemed, d.released_at,
       coalesce(a.voided_at, w.withdrawn_at) AS voided_at, coalesce(a.void_reason, w.reason) AS void_reason,
       a.superseded_by, s.code_id AS supersedes,
       CASE WHEN a.code_id IS NOT NULL
                THEN held_state(a.redeemed_at, a.voided_at, a.expired_at, e.id, e.presale_closes_at)
            WHEN w.code_id IS NOT NULL THEN 'VOIDED'
            WHEN c.position <= p.taken THEN 'RESERVED'
            ELSE 'AVAILABLE' END AS state
FROM code c
JOIN code_pool p ON p.id = c.pool_id
JOIN campaign k ON k.id = p.campaign_id
LEFT JOIN campaign_event e ON e.id = p.event_id
LEFT JOIN assignment a ON a.code_id = c.id
LEFT JOIN assignment s ON s.superseded_by = c.id
LEFT JOIN withdrawn_code w ON w.code_id = c.id
LEFT JOIN distribution d ON d.id = a.distribution_id;
GRANT SELECT ON code_now TO codes_service;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(VIEW)
