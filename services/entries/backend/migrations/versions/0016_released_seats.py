"""Seats whose code was not used in time are given again, to those among others who let theirs lapse."""

from alembic import op

revision = "0016"
down_revision = "0015"

RELEASED = """
ALTER TABLE wave_capacity ADD released int NOT NULL DEFAULT 0, ADD CHECK (released BETWEEN 0 AND selected);
COMMENT ON COLUMN wave_capacity.released IS 'tickets of winners whose code expired or was voided; counted by triggers';

CREATE FUNCTION is_released(outcome text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(outcome IN ('EXPIRED', 'VOIDED'), false);

CREATE FUNCTION count_released(selection_ids text[], counts int[]) RETURNS void LANGUAGE sql
BEGIN ATOMIC
    WITH moved AS (
        SELECT s.wave_id, s.event_id, sum(m.count * s.ticket_quantity) AS tickets
        FROM unnest(selection_ids, counts) AS m (selection_id, count)
        JOIN selection s ON s.id = m.selection_id
        WHERE m.count <> 0
        GROUP BY 1, 2
    ), held AS (
        SELECT c.wave_id, c.event_id
        FROM wave_capacity c JOIN moved m ON m.wave_id = c.wave_id AND m.event_id = c.event_id
        ORDER BY c.wave_id, c.event_id
        FOR NO KEY UPDATE OF c
    )
    UPDATE wave_capacity c
    SET released = c.released + m.tickets
    FROM held h JOIN moved m ON m.wave_id = h.wave_id AND m.event_id = h.event_id
    WHERE c.wave_id = h.wave_id AND c.event_id = h.event_id;
END;

CREATE FUNCTION note_released() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM count_released(array_agg(selection_id), array_agg(is_released(outcome)::int)) FROM came;
    ELSE
        PERFORM count_released(array_agg(selection_id), array_agg(count))
        FROM (
            SELECT c.selection_id, is_released(c.outcome)::int - is_released(w.outcome)::int AS count
            FROM came c JOIN went w ON w.selection_id = c.selection_id
        ) AS moved;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER outcome_came AFTER INSERT ON redemption
REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION note_released();
CREATE TRIGGER outcome_moved AFTER UPDATE ON redemption
REFERENCING OLD TABLE AS went NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION note_released();

SELECT count_released(array_agg(selection_id), array_agg(is_released(outcome)::int)) FROM redemption;
"""

CANDIDATES = """
ALTER TABLE wave DROP CONSTRAINT wave_reassignment_check, ADD CONSTRAINT wave_reassignment_check
    CHECK (reassignment IN ('EXCLUDE_SELECTED', 'EXCLUDE_REDEEMED', 'ALLOW_OTHER_MARKET', 'ALLOW_MULTIPLE'));

CREATE OR REPLACE FUNCTION wave_candidates(campaign text, reassignment text, score_min float8, score_max float8)
RETURNS TABLE (entry_id text, user_id text, preferences text[], barred text[], quantity int, score float8,
               submitted bigint, country text, is_member boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT e.id, e.user_id, e.preferences,
           CASE WHEN reassignment = 'ALLOW_OTHER_MARKET' THEN coalesce(held.markets, '{}') ELSE '{}' END,
           e.ticket_quantity, e.score, (extract(epoch FROM e.submitted_at) * 1000000)::bigint, e.country, e.is_member
    FROM entry e
    LEFT JOIN (
        SELECT s.entry_id, array_agg(DISTINCT s.market_id ORDER BY s.market_id) AS markets,
               bool_and(is_released(r.outcome)) AS lapsed
        FROM selection s
        JOIN wave w ON w.id = s.wave_id AND w.state = 'FINALIZED'
        LEFT JOIN redemption r ON r.selection_id = s.id
        WHERE s.campaign_id = campaign
        GROUP BY s.entry_id
    ) held ON held.entry_id = e.id
    WHERE e.campaign_id = campaign
      AND e.state = 'ACCEPTED'
      AND (score_min IS NULL OR e.score >= score_min)
      AND (score_max IS NULL OR e.score <= score_max)
      AND (held.markets IS NULL OR reassignment = 'ALLOW_MULTIPLE'
           OR reassignment = 'ALLOW_OTHER_MARKET' AND NOT e.preferences <@ held.markets
           OR reassignment = 'EXCLUDE_REDEEMED' AND held.lapsed);
END;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql((RELEASED + CANDIDATES).replace("%", "%%"))
