"""A file that was written before somebody in it opted out or was erased is handed out no more."""

from alembic import op

revision = "0008"
down_revision = "0007"

OUTDATED = """
ALTER TABLE user_fact ADD COLUMN opted_out_at timestamptz;
COMMENT ON COLUMN user_fact.opted_out_at IS 'since when we have known that she is not to be sold or shared';
UPDATE user_fact SET opted_out_at = now() WHERE do_not_sell;
ALTER TABLE user_fact ADD CHECK (do_not_sell = (opted_out_at IS NOT NULL));
CREATE INDEX user_fact_opted_out ON user_fact (opted_out_at) WHERE do_not_sell;

ALTER TABLE entry ADD COLUMN entered_at timestamptz NOT NULL DEFAULT '-infinity';
ALTER TABLE entry ALTER COLUMN entered_at SET DEFAULT now();
COMMENT ON COLUMN entry.entered_at IS 'when she first registered; a withdrawn entry that is submitted again keeps it';
CREATE INDEX entry_erased ON entry (campaign_id, updated_at) WHERE state = 'ERASED';

ALTER TABLE export_job ADD COLUMN as_of timestamptz;
COMMENT ON COLUMN export_job.as_of IS 'what was done by transactions that began before then is seen in the file';
UPDATE export_job SET as_of = created_at WHERE state <> 'QUEUED';

CREATE FUNCTION export_outdated(campaign text, purpose text, as_of timestamptz, finished_at timestamptz) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (
    SELECT FROM entry e
    WHERE e.campaign_id = campaign AND e.state = 'ERASED' AND e.updated_at >= as_of AND e.entered_at <= finished_at
) OR purpose = 'SHARING' AND EXISTS (
    SELECT FROM user_fact f JOIN entry e ON e.user_id = f.user_id
    WHERE f.do_not_sell AND f.opted_out_at >= as_of AND e.campaign_id = campaign AND e.entered_at <= finished_at
);
COMMENT ON FUNCTION export_outdated IS 'whether somebody who may be in it was erased, or for sharing opted out, since';
GRANT EXECUTE ON FUNCTION export_outdated TO entries_service;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(OUTDATED)
