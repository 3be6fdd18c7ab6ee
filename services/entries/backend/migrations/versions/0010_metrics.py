"""Campaigns in numbers without counting rows: tallies, notes to be added to them, eligibility as last counted."""

from alembic import op

from services.kit.migrations import grants

revision = "0010"
down_revision = "0009"

# Registrations at the same moment would wait for one another's counters, so each only notes what it changes; the worker
# adds it up. A snapshot sees a change either noted or added, so their sum is exact at any moment.
TALLIES = """
CREATE TABLE entry_tally (
    campaign_id text COLLATE "C" NOT NULL,
    dimension   text NOT NULL CHECK (dimension IN ('STATE', 'COUNTRY', 'MARKET', 'HOUR')),
    state       text,
    country     text,
    market_id   text COLLATE "C",
    rank        int,
    hour        timestamptz,
    count       bigint NOT NULL,
    UNIQUE NULLS NOT DISTINCT (campaign_id, dimension, state, country, market_id, rank, hour)
);
COMMENT ON TABLE entry_tally IS 'entries by stored state; country; market, rank and state; hour (UTC) of submission';

CREATE TABLE entry_change (
    campaign_id text COLLATE "C" NOT NULL,
    state       text NOT NULL,
    country     text,
    hour        timestamptz NOT NULL,
    preferences text[] NOT NULL,
    count       bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE entry_change IS 'entries that came (1) or went (-1), not in entry_tally yet; it stays short';

CREATE FUNCTION tally_lines(state text, country text, hour timestamptz, preferences text[])
RETURNS TABLE (dimension text, of_state text, of_country text, market_id text, rank int, of_hour timestamptz)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT 'STATE', state, NULL::text, NULL::text, NULL::int, NULL::timestamptz
    UNION ALL SELECT 'COUNTRY', NULL, country, NULL, NULL, NULL
    UNION ALL SELECT 'HOUR', NULL, NULL, NULL, NULL, hour
    UNION ALL SELECT 'MARKET', state, NULL, p.market_id, p.rank::int, NULL
              FROM unnest(preferences) WITH ORDINALITY AS p (market_id, rank);
END;
COMMENT ON FUNCTION tally_lines IS 'the lines of entry_tally in which such an entry counts';

CREATE VIEW entry_tally_now AS
SELECT campaign_id, dimension, state, country, market_id, rank, hour, sum(count)::bigint AS count
FROM (
    SELECT campaign_id, dimension, state, country, market_id, rank, hour, count FROM entry_tally
    UNION ALL
    SELECT c.campaign_id, l.dimension, l.of_state, l.of_country, l.market_id, l.rank, l.of_hour, c.count
    FROM entry_change c CROSS JOIN LATERAL tally_lines(c.state, c.country, c.hour, c.preferences) AS l
) AS line
GROUP BY campaign_id, dimension, state, country, market_id, rank, hour
HAVING sum(count) <> 0;
COMMENT ON VIEW entry_tally_now IS 'tallies of this moment; states are the stored ones, see entry_state_now';
"""

# An update is noted by what it changes in sum: one that touches nothing counted (a score) notes nothing.
NOTES = """
CREATE FUNCTION note_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO entry_change
        SELECT campaign_id, state, country, date_trunc('hour', submitted_at, 'UTC'), preferences, 1 FROM came;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO entry_change
        SELECT campaign_id, state, country, date_trunc('hour', submitted_at, 'UTC'), preferences, -1 FROM went;
    ELSE
        INSERT INTO entry_change
        SELECT campaign_id, state, country, hour, preferences, sum(count)
        FROM (
            SELECT campaign_id, state, country, date_trunc('hour', submitted_at, 'UTC') AS hour, preferences,
                   -1 AS count
            FROM went
            UNION ALL
            SELECT campaign_id, state, country, date_trunc('hour', submitted_at, 'UTC'), preferences, 1 FROM came
        ) AS moved
        GROUP BY campaign_id, state, country, hour, preferences
        HAVING sum(count) <> 0;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER entry_came AFTER INSERT ON entry
REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION note_entries();
CREATE TRIGGER entry_moved AFTER UPDATE ON entry
REFERENCING OLD TABLE AS went NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION note_entries();
CREATE TRIGGER entry_went AFTER DELETE ON entry
REFERENCING OLD TABLE AS went FOR EACH STATEMENT EXECUTE FUNCTION note_entries();

-- The triggers hold writers off until this is committed, so nobody is missed or counted twice.
INSERT INTO entry_tally
SELECT e.campaign_id, l.dimension, l.of_state, l.of_country, l.market_id, l.rank, l.of_hour, count(*)
FROM entry e
CROSS JOIN LATERAL tally_lines(e.state, e.country, date_trunc('hour', e.submitted_at, 'UTC'), e.preferences) AS l
GROUP BY 1, 2, 3, 4, 5, 6, 7;
"""

REDEMPTIONS = """
CREATE TABLE wave_redemption (
    wave_id  text COLLATE "C" PRIMARY KEY,
    redeemed bigint NOT NULL
);
COMMENT ON TABLE wave_redemption IS 'selections of a wave whose code was used for a purchase; counted by triggers';

CREATE FUNCTION count_redemptions(selection_ids text[], counts int[]) RETURNS void LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO wave_redemption AS r
    SELECT s.wave_id, sum(m.count)
    FROM unnest(selection_ids, counts) AS m (selection_id, count)
    JOIN selection s ON s.id = m.selection_id
    GROUP BY s.wave_id
    HAVING sum(m.count) <> 0
    ORDER BY s.wave_id
    ON CONFLICT (wave_id) DO UPDATE SET redeemed = r.redeemed + excluded.redeemed;
END;

CREATE FUNCTION note_redemptions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM count_redemptions(array_agg(selection_id), array_agg((quantity > 0)::int)) FROM came;
    ELSE
        PERFORM count_redemptions(array_agg(selection_id), array_agg(count))
        FROM (
            SELECT selection_id, -(quantity > 0)::int AS count FROM went
            UNION ALL
            SELECT selection_id, (quantity > 0)::int FROM came
        ) AS moved;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER redemption_came AFTER INSERT ON redemption
REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION note_redemptions();
CREATE TRIGGER redemption_moved AFTER UPDATE ON redemption
REFERENCING OLD TABLE AS went NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION note_redemptions();

INSERT INTO wave_redemption
SELECT s.wave_id, count(*)
FROM redemption r JOIN selection s ON s.id = r.selection_id
WHERE r.quantity > 0
GROUP BY s.wave_id;
"""

ELIGIBILITY = """
CREATE TABLE eligibility_tally (
    campaign_id text COLLATE "C" PRIMARY KEY,
    asked_at    timestamptz NOT NULL DEFAULT now(),
    computed_at timestamptz,
    result      jsonb,
    CHECK ((computed_at IS NULL) = (result IS NULL))
);
COMMENT ON TABLE eligibility_tally IS 'how many entries of a large campaign lacked what, as the worker last counted';
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TALLIES + NOTES + REDEMPTIONS + ELIGIBILITY)
    op.get_bind().exec_driver_sql(grants("entries_service"))
