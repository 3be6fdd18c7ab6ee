"""Campaign and user snapshots, entries and the law of their states, outbox, idempotency, jobs."""

from alembic import op

from services.kit.idempotency import TABLE as IDEMPOTENCY
from services.kit.migrations import OUTBOX, grants, job_schema

revision = "0001"
down_revision = None

SCHEMA = """
CREATE TABLE campaign (
    id             text COLLATE "C" PRIMARY KEY,
    version        bigint NOT NULL,
    team_id        text NOT NULL,
    state          text NOT NULL CHECK (state IN ('DRAFT', 'SCHEDULED', 'OPEN', 'PAUSED', 'CLOSED', 'SELECTING',
                                                  'FINISHED', 'ARCHIVED', 'CANCELLED')),
    opens_at       timestamptz NOT NULL,
    closes_at      timestamptz NOT NULL,
    phone_required boolean NOT NULL,
    identity_key   text NOT NULL CHECK (identity_key IN ('EMAIL', 'GLOBAL_USER_ID', 'MEMBER_ID')),
    score_min      double precision,
    score_max      double precision,
    document       jsonb NOT NULL
);
COMMENT ON COLUMN campaign.document IS 'the whole snapshot, with gate, markets and events';

CREATE TABLE user_fact (
    user_id        text COLLATE "C" PRIMARY KEY,
    version        bigint NOT NULL DEFAULT 0,
    phone_verified boolean NOT NULL DEFAULT false,
    country        text,
    member_id      text,
    do_not_sell    boolean NOT NULL DEFAULT false,
    accounts       text[] NOT NULL DEFAULT '{}',
    cards          text[] NOT NULL DEFAULT '{}',
    tiers          text[] NOT NULL DEFAULT '{}'
);
COMMENT ON COLUMN user_fact.version IS '0: she registered before the User Service told us of her';

CREATE TABLE entry (
    id              text COLLATE "C" NOT NULL,
    campaign_id     text COLLATE "C" NOT NULL,
    user_id         text COLLATE "C" NOT NULL,
    identity        bytea NOT NULL,
    state           text NOT NULL CHECK (state IN ('PENDING_PHONE', 'ACCEPTED', 'UNDER_REVIEW', 'INVALIDATED',
                                                   'WITHDRAWN', 'ERASED')),
    preferences     text[] NOT NULL CHECK (cardinality(preferences) BETWEEN 1 AND 100),
    ticket_quantity int NOT NULL CHECK (ticket_quantity >= 1),
    country         text,
    is_member       boolean NOT NULL,
    score           double precision,
    idempotency_key text,
    request_digest  bytea NOT NULL,
    version         int NOT NULL DEFAULT 1,
    submitted_at    timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (campaign_id, id),
    UNIQUE (campaign_id, identity)
);
COMMENT ON COLUMN entry.identity IS 'keyed HMAC of the email, account or membership that may enter once';
COMMENT ON COLUMN entry.preferences IS 'market ids in rank order';
CREATE INDEX entry_id ON entry (id);
CREATE INDEX entry_user ON entry (user_id, id);
CREATE INDEX entry_pending ON entry (campaign_id, id) WHERE state = 'PENDING_PHONE';
"""

STATES = """
CREATE FUNCTION campaign_state_now(state text, opens_at timestamptz, closes_at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN state NOT IN ('SCHEDULED', 'OPEN', 'PAUSED') THEN state
    WHEN now() >= closes_at THEN 'CLOSED'
    WHEN state = 'PAUSED' THEN 'PAUSED'
    WHEN now() < opens_at THEN 'SCHEDULED'
    ELSE 'OPEN'
END;
COMMENT ON FUNCTION campaign_state_now IS 'the state that a campaign is in at this moment, window included';

CREATE FUNCTION entry_state_now(state text, campaign_state text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN state = 'PENDING_PHONE' AND campaign_state NOT IN ('DRAFT', 'SCHEDULED', 'OPEN', 'PAUSED') THEN 'INVALIDATED'
    ELSE state
END;
COMMENT ON FUNCTION entry_state_now IS 'the state that an entry is in: past the deadline an unconfirmed one is invalid';

CREATE VIEW entry_now AS
SELECT e.id, e.campaign_id, e.user_id, e.preferences, e.ticket_quantity, e.country, e.is_member, e.score, e.version,
       e.submitted_at, e.updated_at, c.team_id, c.phone_required, c.score_min, c.score_max,
       entry_state_now(e.state, campaign_state_now(c.state, c.opens_at, c.closes_at)) AS state
FROM entry e
JOIN campaign c ON c.id = e.campaign_id;
COMMENT ON VIEW entry_now IS 'entries as they are at this moment: read states here, never from the table';

CREATE FUNCTION refuse_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'entry %: % cannot follow %', OLD.id, NEW.state, OLD.state USING ERRCODE = 'check_violation';
END $$;

CREATE TRIGGER entry_transition BEFORE UPDATE OF state ON entry FOR EACH ROW
WHEN (OLD.state <> NEW.state AND NOT (
    NEW.state = 'ERASED'
    OR OLD.state = 'PENDING_PHONE' AND NEW.state IN ('ACCEPTED', 'INVALIDATED', 'WITHDRAWN', 'UNDER_REVIEW')
    OR OLD.state = 'ACCEPTED' AND NEW.state IN ('UNDER_REVIEW', 'INVALIDATED', 'WITHDRAWN')
    OR OLD.state = 'UNDER_REVIEW' AND NEW.state IN ('ACCEPTED', 'PENDING_PHONE', 'INVALIDATED')
    OR OLD.state = 'WITHDRAWN' AND NEW.state IN ('PENDING_PHONE', 'ACCEPTED')
))
EXECUTE FUNCTION refuse_transition();
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(job_schema().replace("%", "%%"))
    op.get_bind().exec_driver_sql((SCHEMA + STATES + OUTBOX + IDEMPOTENCY).replace("%", "%%"))
    op.get_bind().exec_driver_sql(grants("entries_service"))
