"""Users, phone verifications, teams and roles, audit log, campaign snapshots, outbox, jobs."""

from alembic import op

from services.kit.idempotency import TABLE as IDEMPOTENCY
from services.kit.migrations import OUTBOX, grants, job_schema

revision = "0001"
down_revision = None

USERS = """
CREATE TABLE app_user (
    id             text COLLATE "C" PRIMARY KEY,
    issuer         text NOT NULL,
    subject        text NOT NULL,
    member_id      text,
    email_sealed   bytea,
    email_lookup   bytea,
    name_sealed    bytea,
    phone_sealed   bytea,
    phone_lookup   bytea,
    phone_verified_at timestamptz,
    locale         text,
    country        text,
    do_not_sell    boolean NOT NULL DEFAULT false,
    privacy_source text NOT NULL DEFAULT 'DEFAULT' CHECK (privacy_source IN ('DEFAULT', 'USER', 'GPC', 'ADMIN')),
    privacy_updated_at timestamptz NOT NULL DEFAULT now(),
    version        bigint NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (issuer, subject),
    CHECK ((phone_sealed IS NULL) = (phone_verified_at IS NULL))
);
CREATE INDEX app_user_email ON app_user (email_lookup);
CREATE INDEX app_user_phone ON app_user (phone_lookup);
"""

# One row a user: a new code takes the place of the old one, so there is never more than one that works.
PHONE = """
CREATE TABLE phone_verification (
    user_id        text COLLATE "C" PRIMARY KEY REFERENCES app_user,
    id             text NOT NULL,
    phone_sealed   bytea NOT NULL,
    code_digest    bytea NOT NULL,
    attempts_left  int NOT NULL CHECK (attempts_left >= 0),
    expires_at     timestamptz NOT NULL,
    confirmed_at   timestamptz,
    message_sealed bytea,
    send_attempts  int NOT NULL DEFAULT 0,
    next_send_at   timestamptz NOT NULL
);
CREATE INDEX phone_verification_unsent ON phone_verification (next_send_at) WHERE message_sealed IS NOT NULL;
CREATE INDEX phone_verification_expires ON phone_verification (expires_at);

CREATE TABLE phone_counter (
    scope     text NOT NULL,
    key       text NOT NULL,
    taken     int NOT NULL,
    resets_at timestamptz NOT NULL,
    PRIMARY KEY (scope, key)
) WITH (fillfactor = 50);
INSERT INTO phone_counter VALUES ('day', 'all', 0, now());
"""

TEAMS = """
CREATE TABLE team (
    id         text COLLATE "C" PRIMARY KEY,
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE campaign (
    id      text COLLATE "C" PRIMARY KEY,
    team_id text NOT NULL,
    version bigint NOT NULL
);

CREATE TABLE entrant (
    user_id     text COLLATE "C" NOT NULL,
    campaign_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, campaign_id)
);

CREATE TABLE role_binding (
    id          text COLLATE "C" PRIMARY KEY,
    user_id     text NOT NULL REFERENCES app_user,
    role        text NOT NULL CHECK (role IN ('OWNER', 'ADMIN', 'CAMPAIGN_EDITOR', 'SELECTION_MANAGER', 'CODE_MANAGER',
                                              'ANALYST', 'PII_VIEWER', 'SUPPORT', 'VIEWER')),
    team_id     text NOT NULL REFERENCES team,
    campaign_id text,
    expires_at  timestamptz,
    granted_by  text NOT NULL REFERENCES app_user,
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (user_id, role, team_id, campaign_id)
);
CREATE INDEX role_binding_team ON role_binding (team_id);

CREATE VIEW live_binding AS SELECT * FROM role_binding WHERE expires_at IS NULL OR expires_at > now();
"""

AUDIT = """
CREATE TABLE audit_chain (
    team_id  text PRIMARY KEY,
    sequence bigint NOT NULL,
    hash     bytea NOT NULL
);

CREATE TABLE audit_event (
    team_id       text NOT NULL,
    sequence      bigint NOT NULL,
    id            text NOT NULL UNIQUE,
    campaign_id   text,
    actor         text NOT NULL,
    action        text NOT NULL,
    target        text NOT NULL,
    before        text,
    after         text,
    at            timestamptz NOT NULL,
    request_id    text,
    previous_hash bytea NOT NULL,
    hash          bytea NOT NULL,
    PRIMARY KEY (team_id, sequence)
);
CREATE INDEX audit_event_campaign ON audit_event (team_id, campaign_id, sequence) WHERE campaign_id IS NOT NULL;
"""


def upgrade() -> None:
    connection = op.get_bind()
    connection.exec_driver_sql(job_schema().replace("%", "%%"))
    connection.exec_driver_sql(USERS + PHONE + TEAMS + AUDIT + IDEMPOTENCY + OUTBOX)
    connection.exec_driver_sql(grants("users_service", append_only=("audit_event",)))
