"""Draws of any size: rosters frozen by the worker, the tree over them, beacons, previews and verifications kept."""

from alembic import op

from services.kit.migrations import grants

revision = "0005"
down_revision = "0004"

WAVES = """
ALTER TABLE wave
    ADD COLUMN job_step text CHECK (job_step IN ('ROSTER', 'DRAW')),
    ADD COLUMN beacon_source text CHECK (length(beacon_source) BETWEEN 1 AND 200),
    ADD COLUMN beacon_round text CHECK (length(beacon_round) BETWEEN 1 AND 200),
    ADD COLUMN beacon_value text CHECK (length(beacon_value) BETWEEN 1 AND 1000),
    ADD COLUMN proof_file text,
    ADD CHECK ((beacon_source IS NULL) = (beacon_round IS NULL)),
    ADD CHECK (beacon_value IS NULL OR beacon_source IS NOT NULL),
    ADD CHECK (state NOT IN ('RUNNING', 'FINALIZED') OR beacon_source IS NULL OR beacon_value IS NOT NULL),
    ADD CHECK ((job_id IS NULL) = (job_step IS NULL)),
    DROP CONSTRAINT wave_check3,
    DROP CONSTRAINT wave_check4,
    ADD CHECK (state <> 'FINALIZED' OR job_step = 'DRAW' AND job_state = 'SUCCEEDED'),
    ADD CHECK (job_step <> 'DRAW' OR job_state <> 'SUCCEEDED' OR outcome_hash IS NOT NULL AND seed IS NOT NULL),
    ADD CHECK (job_step <> 'ROSTER' OR job_state <> 'SUCCEEDED' OR roster_root IS NOT NULL);
COMMENT ON COLUMN wave.beacon_source IS 'public randomness, announced at the commitment, that is mixed into the seed';
COMMENT ON COLUMN wave.proof_file IS 'the published file from which anybody can repeat the draw';
"""

# A million rows are checked as a set, by one statement: foreign keys would look each one up.
ROSTERS = """
ALTER TABLE wave_entry
    ADD COLUMN position int NOT NULL,
    DROP CONSTRAINT wave_entry_wave_id_fkey;
COMMENT ON COLUMN wave_entry.position IS 'of its leaf in the tree, from 0';

CREATE FUNCTION check_roster() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT wave_id FROM added) a
        WHERE NOT EXISTS (SELECT FROM wave w WHERE w.id = a.wave_id AND w.state = 'COMMITTED' AND w.roster_root IS NULL)
    ) THEN
        RAISE EXCEPTION 'the roster of a wave can only grow between its commitment and the publication of its root'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER roster_check AFTER INSERT ON wave_entry
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_roster();

CREATE TABLE wave_tree (
    wave_id text COLLATE "C" NOT NULL REFERENCES wave,
    level   int NOT NULL,
    hashes  bytea NOT NULL CHECK (octet_length(hashes) % 32 = 0),
    PRIMARY KEY (wave_id, level)
);
ALTER TABLE wave_tree ALTER COLUMN hashes SET STORAGE EXTERNAL;
COMMENT ON TABLE wave_tree IS 'the Merkle tree over a roster: level 0 are the leaves, 32 bytes each';
COMMENT ON COLUMN wave_tree.hashes IS 'not compressed, so that 32 bytes out of the middle cost one page';

CREATE FUNCTION roster_line(r wave_entry) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN concat(encode(r.salt, 'hex'), '|', r.entry_id, '|', r.quantity, '|', encode(float8send(r.score), 'hex'), '|',
              r.submitted, '|', array_to_string(r.preferences, ','), '|', array_to_string(r.barred, ','));
COMMENT ON FUNCTION roster_line IS 'one fan on a roster as it is hashed and published: see draws_rules.line';

CREATE FUNCTION gate_key(country text, is_member boolean, fact user_fact_now) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN concat_ws('|', coalesce(country, fact.country), is_member OR fact.member_id IS NOT NULL,
                 coalesce(fact.phone_verified, false), array_to_string(fact.accounts, ','),
                 array_to_string(fact.cards, ','), array_to_string(fact.tiers, ','));
COMMENT ON FUNCTION gate_key IS 'equal for fans whom no gate can tell apart';
"""

SELECTIONS = """
ALTER TABLE selection
    DROP CONSTRAINT selection_wave_id_entry_id_fkey,
    DROP CONSTRAINT selection_wave_id_event_id_fkey,
    DROP CONSTRAINT selection_wave_id_entry_id_key,
    ADD CONSTRAINT selection_once_a_wave UNIQUE (entry_id, wave_id);
DROP INDEX selection_entry;

CREATE OR REPLACE FUNCTION count_selections() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE counted bigint;
BEGIN
    WITH n AS (
        SELECT a.wave_id, a.event_id, sum(a.ticket_quantity) AS tickets, count(*) AS fans
        FROM added a
        JOIN wave_entry r ON r.wave_id = a.wave_id AND r.entry_id = a.entry_id
        GROUP BY 1, 2
    ), updated AS (
        UPDATE wave_capacity c
        SET selected = c.selected + n.tickets, winners = c.winners + n.fans
        FROM n
        WHERE c.wave_id = n.wave_id AND c.event_id = n.event_id
        RETURNING n.fans
    )
    SELECT coalesce(sum(fans), 0) INTO counted FROM updated;
    IF counted <> (SELECT count(*) FROM added) THEN
        RAISE EXCEPTION 'a selection needs a place on the roster and an event of the wave'
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
"""

KEPT = """
CREATE TABLE wave_preview (
    wave_id     text COLLATE "C" PRIMARY KEY REFERENCES wave,
    job_id      text COLLATE "C" NOT NULL UNIQUE,
    state       text NOT NULL DEFAULT 'QUEUED' CHECK (state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED')),
    result      jsonb,
    failure     text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CHECK (state <> 'SUCCEEDED' OR result IS NOT NULL)
);
COMMENT ON TABLE wave_preview IS 'the last preview of a wave that is too large to be computed while one waits';

CREATE TABLE wave_verification (
    wave_id     text COLLATE "C" PRIMARY KEY REFERENCES wave,
    result      jsonb NOT NULL,
    verified_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE wave_verification IS 'what repeating the draw of a wave found last';
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql((WAVES + ROSTERS + SELECTIONS + KEPT).replace("%", "%%"))
    op.get_bind().exec_driver_sql(grants("entries_service"))
