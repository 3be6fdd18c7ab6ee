"""Users, teams, role bindings, campaign snapshots, outbox, jobs."""

from alembic import op

from services.kit.migrations import OUTBOX, grants, job_schema

revision = "0001"
down_revision = None

SCHEMA = """
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

CREATE TABLE role_binding (
    id          text COLLATE "C" PRIMARY KEY,
    user_id     text NOT NULL,
    role        text NOT NULL CHECK (role IN ('OWNER', 'ADMIN', 'CAMPAIGN_EDITOR', 'SELECTION_MANAGER', 'CODE_MANAGER',
                                              'ANALYST', 'PII_VIEWER', 'SUPPORT', 'VIEWER')),
    team_id     text NOT NULL REFERENCES team,
    campaign_id text,
    expires_at  timestamptz,
    granted_by  text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (user_id, role, team_id, campaign_id)
);
CREATE INDEX role_binding_team ON role_binding (team_id);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(job_schema().replace("%", "%%"))
    op.get_bind().exec_driver_sql(SCHEMA + OUTBOX)
    op.get_bind().exec_driver_sql(grants("users_service"))
