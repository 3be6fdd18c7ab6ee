"""What ends a code's life before it is used: voiding, replacement, the end of the presale."""

from alembic import op

revision = "0006"
down_revision = "0005"

# Nothing leaves the ledger, and a code is in it once: a code that somebody had never goes to anybody else. A selection
# has one current code; the ones before it say which code followed them. `version` grows with whatever becomes of the
# selection's code, across replacements. `expired_at` only writes down what the presale's end decides.
LEDGER = """
ALTER TABLE assignment
    ADD pool_id text COLLATE "C",
    ADD version int NOT NULL DEFAULT 0,
    ADD expired_at timestamptz,
    ADD voided_at timestamptz,
    ADD voided_by text COLLATE "C",
    ADD void_reason bytea,
    ADD superseded_by text COLLATE "C";
UPDATE assignment a SET pool_id = c.pool_id, version = a.redemptions FROM code c WHERE c.id = a.code_id;
ALTER TABLE assignment
    ALTER pool_id SET NOT NULL,
    DROP CONSTRAINT assignment_selection_id_wave_id_key,
    ADD CHECK (num_nonnulls(redeemed_at, expired_at, voided_at) <= 1),
    ADD CHECK (superseded_by IS NULL OR voided_at IS NOT NULL);
CREATE UNIQUE INDEX assignment_current ON assignment (selection_id, wave_id) WHERE superseded_by IS NULL;
CREATE UNIQUE INDEX assignment_successor ON assignment (superseded_by) WHERE superseded_by IS NOT NULL;
CREATE INDEX assignment_open ON assignment (pool_id)
    WHERE redeemed_at IS NULL AND voided_at IS NULL AND expired_at IS NULL;
CREATE INDEX assignment_voided_by ON assignment (voided_by) WHERE voided_by IS NOT NULL;
CREATE INDEX assignment_expired ON assignment (pool_id) WHERE expired_at IS NOT NULL;
COMMENT ON COLUMN assignment.void_reason IS 'sealed: staff may write about people';

CREATE FUNCTION held_state(
    redeemed_at timestamptz, voided_at timestamptz, expired_at timestamptz, event_id text, closes_at timestamptz
) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN redeemed_at IS NOT NULL THEN 'REDEEMED'
                WHEN voided_at IS NOT NULL THEN 'VOIDED'
                WHEN coalesce(closes_at <= now(), event_id IS NULL AND expired_at IS NOT NULL) THEN 'EXPIRED'
                ELSE 'ASSIGNED' END
$$;
COMMENT ON FUNCTION held_state IS
    'the state of an assigned code at this moment; of an event that is gone only what was written down is known';
"""

# Codes that were voided before anybody had them. Distributions step over their places.
WITHDRAWN = """
CREATE TABLE withdrawn_code (
    code_id      text COLLATE "C" PRIMARY KEY,
    pool_id      text COLLATE "C" NOT NULL,
    position     bigint NOT NULL,
    reason       bytea NOT NULL,
    withdrawn_by text COLLATE "C" NOT NULL,
    withdrawn_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (pool_id, position)
);
"""

REPORTS = """
ALTER TABLE redemption_report
    DROP CONSTRAINT redemption_report_outcome_check,
    ADD CONSTRAINT redemption_report_outcome_check
        CHECK (outcome IN ('ACCEPTED', 'EARLY', 'UNKNOWN_CODE', 'WRONG_ACCOUNT', 'OVER_REDEEMED', 'VOIDED'));
ALTER TABLE webhook
    DROP CONSTRAINT webhook_events_check,
    ADD CONSTRAINT webhook_events_check CHECK (
        cardinality(events) > 0 AND events <@ ARRAY['code.assigned', 'code.redeemed', 'code.voided']
    );
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON withdrawn_code TO codes_service;
REVOKE DELETE ON assignment, erasure FROM codes_service;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(LEDGER + WITHDRAWN + REPORTS + GRANTS)
