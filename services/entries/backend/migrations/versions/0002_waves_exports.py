"""Waves with their frozen rosters and selections, and export jobs."""

from alembic import op

from services.kit.migrations import grants

revision = "0002"
down_revision = "0001"

WAVES = """
CREATE TABLE wave (
    id              text COLLATE "C" PRIMARY KEY,
    campaign_id     text COLLATE "C" NOT NULL REFERENCES campaign,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    state           text NOT NULL DEFAULT 'DRAFT'
                    CHECK (state IN ('DRAFT', 'COMMITTED', 'RUNNING', 'FINALIZED', 'CANCELLED')),
    strategy        text NOT NULL CHECK (strategy IN ('RANDOM_PRIORITY', 'WEIGHTED_RANDOM_PRIORITY', 'SCORE_PRIORITY',
                                                      'IMMEDIATE_ACCEPTANCE', 'FIRST_COME')),
    reassignment    text NOT NULL CHECK (reassignment IN ('EXCLUDE_SELECTED', 'ALLOW_OTHER_MARKET', 'ALLOW_MULTIPLE')),
    score_min       double precision,
    score_max       double precision CHECK (score_min <= score_max),
    seed_sealed     bytea,
    seed_commitment bytea,
    seed            bytea,
    roster_root     bytea,
    outcome_hash    bytea,
    eligible        int,
    selected        int,
    first_choices   int,
    job_id          text COLLATE "C" UNIQUE,
    job_state       text CHECK (job_state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
    job_progress    double precision NOT NULL DEFAULT 0 CHECK (job_progress BETWEEN 0 AND 1),
    job_failure     text,
    job_created_at  timestamptz,
    job_finished_at timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    committed_at    timestamptz,
    finalized_at    timestamptz,
    CHECK (state IN ('DRAFT', 'CANCELLED') OR seed_commitment IS NOT NULL AND seed_sealed IS NOT NULL),
    CHECK (state IN ('DRAFT', 'COMMITTED', 'CANCELLED') OR roster_root IS NOT NULL AND job_id IS NOT NULL),
    CHECK (state <> 'FINALIZED' OR job_state = 'SUCCEEDED'),
    CHECK (job_state <> 'SUCCEEDED' OR outcome_hash IS NOT NULL AND seed IS NOT NULL)
);
COMMENT ON COLUMN wave.seed IS 'published when the draw was run; before that only sealed';
COMMENT ON COLUMN wave.eligible IS 'fans on the frozen roster';
CREATE INDEX wave_campaign ON wave (campaign_id, id);
CREATE UNIQUE INDEX wave_under_way ON wave (campaign_id) WHERE state IN ('COMMITTED', 'RUNNING');
COMMENT ON INDEX wave_under_way IS 'one selection at a time: a roster depends on who won before';

CREATE FUNCTION refuse_wave_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'wave %: % cannot follow %', OLD.id, NEW.state, OLD.state USING ERRCODE = 'check_violation';
END $$;

CREATE TRIGGER wave_transition BEFORE UPDATE OF state ON wave FOR EACH ROW
WHEN (OLD.state <> NEW.state AND NOT (
    OLD.state = 'DRAFT' AND NEW.state IN ('COMMITTED', 'CANCELLED')
    OR OLD.state = 'COMMITTED' AND NEW.state IN ('RUNNING', 'CANCELLED')
    OR OLD.state = 'RUNNING' AND NEW.state IN ('FINALIZED', 'CANCELLED')
))
EXECUTE FUNCTION refuse_wave_transition();

CREATE TABLE wave_capacity (
    wave_id      text COLLATE "C" NOT NULL REFERENCES wave,
    event_id     text COLLATE "C" NOT NULL,
    market_id    text COLLATE "C" NOT NULL,
    capacity     int NOT NULL CHECK (capacity >= 0),
    ticket_limit int NOT NULL CHECK (ticket_limit >= 1),
    selected     int NOT NULL DEFAULT 0,
    winners      int NOT NULL DEFAULT 0,
    PRIMARY KEY (wave_id, event_id),
    CHECK (selected <= capacity)
);
COMMENT ON TABLE wave_capacity IS 'capacity and selected are tickets, winners are fans; counted by a trigger';

CREATE TABLE wave_entry (
    wave_id     text COLLATE "C" NOT NULL REFERENCES wave,
    entry_id    text COLLATE "C" NOT NULL,
    user_id     text COLLATE "C" NOT NULL,
    preferences text[] NOT NULL,
    barred      text[] NOT NULL,
    quantity    int NOT NULL,
    score       double precision,
    submitted   bigint NOT NULL,
    salt        bytea NOT NULL,
    PRIMARY KEY (wave_id, entry_id)
);
COMMENT ON TABLE wave_entry IS 'the frozen roster; submitted is microseconds since 1970, barred are markets she holds';

CREATE TABLE selection (
    id              text COLLATE "C" PRIMARY KEY,
    wave_id         text COLLATE "C" NOT NULL,
    campaign_id     text COLLATE "C" NOT NULL,
    entry_id        text COLLATE "C" NOT NULL,
    user_id         text COLLATE "C" NOT NULL,
    event_id        text COLLATE "C" NOT NULL,
    market_id       text COLLATE "C" NOT NULL,
    preference_rank int NOT NULL CHECK (preference_rank >= 1),
    ticket_quantity int NOT NULL CHECK (ticket_quantity >= 1),
    created_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (wave_id, entry_id),
    FOREIGN KEY (wave_id, entry_id) REFERENCES wave_entry,
    FOREIGN KEY (wave_id, event_id) REFERENCES wave_capacity
);
CREATE INDEX selection_wave ON selection (wave_id, id);
CREATE INDEX selection_entry ON selection (entry_id);
CREATE INDEX selection_campaign ON selection (campaign_id, id);

CREATE FUNCTION count_selections() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE wave_capacity c
    SET selected = c.selected + n.tickets, winners = c.winners + n.fans
    FROM (SELECT wave_id, event_id, sum(ticket_quantity) AS tickets, count(*) AS fans FROM added GROUP BY 1, 2) n
    WHERE c.wave_id = n.wave_id AND c.event_id = n.event_id;
    RETURN NULL;
END $$;

CREATE TRIGGER selection_count AFTER INSERT ON selection
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_selections();

CREATE FUNCTION wave_candidates(campaign text, reassignment text, score_min float8, score_max float8)
RETURNS TABLE (entry_id text, user_id text, preferences text[], barred text[], quantity int, score float8,
               submitted bigint, country text, is_member boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT e.id, e.user_id, e.preferences,
           CASE WHEN reassignment = 'ALLOW_OTHER_MARKET' THEN coalesce(held.markets, '{}') ELSE '{}' END,
           e.ticket_quantity, e.score, (extract(epoch FROM e.submitted_at) * 1000000)::bigint, e.country, e.is_member
    FROM entry e
    LEFT JOIN (
        SELECT s.entry_id, array_agg(DISTINCT s.market_id ORDER BY s.market_id) AS markets
        FROM selection s
        JOIN wave w ON w.id = s.wave_id AND w.state = 'FINALIZED'
        WHERE s.campaign_id = campaign
        GROUP BY s.entry_id
    ) held ON held.entry_id = e.id
    WHERE e.campaign_id = campaign
      AND e.state = 'ACCEPTED'
      AND (score_min IS NULL OR e.score >= score_min)
      AND (score_max IS NULL OR e.score <= score_max)
      AND (held.markets IS NULL OR reassignment = 'ALLOW_MULTIPLE'
           OR reassignment = 'ALLOW_OTHER_MARKET' AND NOT e.preferences <@ held.markets);
END;
COMMENT ON FUNCTION wave_candidates IS 'who may be on a roster, gates aside';
"""

EXPORTS = """
CREATE TABLE export_job (
    id           text COLLATE "C" PRIMARY KEY,
    campaign_id  text COLLATE "C" NOT NULL REFERENCES campaign,
    kind         text NOT NULL CHECK (kind IN ('ENTRIES', 'ELIGIBILITY', 'SELECTIONS')),
    format       text NOT NULL CHECK (format IN ('CSV', 'NDJSON')),
    purpose      text NOT NULL CHECK (purpose IN ('INTERNAL', 'SHARING')),
    states       text[],
    requested_by text NOT NULL,
    state        text NOT NULL DEFAULT 'QUEUED'
                 CHECK (state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'EXPIRED')),
    attempt      int NOT NULL DEFAULT 0,
    progress     double precision NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    file         text,
    row_count    bigint,
    byte_size    bigint,
    sha256       bytea,
    failure      text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz,
    expires_at   timestamptz,
    CHECK (state <> 'SUCCEEDED' OR num_nulls(file, row_count, byte_size, sha256, finished_at, expires_at) = 0),
    CHECK (state NOT IN ('FAILED', 'CANCELLED', 'EXPIRED') OR finished_at IS NOT NULL)
);
COMMENT ON COLUMN export_job.attempt IS 'grows with each run: one thought dead cannot publish over its successor';
CREATE INDEX export_job_campaign ON export_job (campaign_id, id);
CREATE INDEX export_job_due ON export_job (expires_at) WHERE state = 'SUCCEEDED';
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql((WAVES + EXPORTS).replace("%", "%%"))
    op.get_bind().exec_driver_sql(grants("entries_service"))
