"""Who has won already, as eligibility asks it."""

from alembic import op

revision = "0015"
down_revision = "0014"

WINNERS = """
CREATE VIEW winner AS
SELECT DISTINCT s.campaign_id, s.entry_id
FROM selection s
JOIN wave w ON w.id = s.wave_id
WHERE w.state = 'FINALIZED';
COMMENT ON VIEW winner IS 'entries that won in a finalized wave';

CREATE FUNCTION is_selected(entry_id text) RETURNS boolean LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM selection s JOIN wave w ON w.id = s.wave_id
        WHERE s.entry_id = is_selected.entry_id AND w.state = 'FINALIZED'
    );
END;
COMMENT ON FUNCTION is_selected IS 'whether an entry is a winner: by index, for few entries';
GRANT SELECT ON winner TO entries_service;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(WINNERS)
