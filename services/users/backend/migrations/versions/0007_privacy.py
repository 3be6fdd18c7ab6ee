"""What people ask of us about their data, and what each service answered."""

from alembic import op

revision = "0007"
down_revision = "0006"

# An erasure cannot fail, be refused or be called off: there is no such state.
REQUESTS = """
CREATE TABLE privacy_request (
    id              text COLLATE "C" PRIMARY KEY,
    user_id         text COLLATE "C" NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('ACCESS', 'ERASURE')),
    state           text NOT NULL DEFAULT 'QUEUED'
                    CHECK (state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'EXPIRED')),
    locale          text,
    attempt         int NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    has_files       boolean NOT NULL DEFAULT false,
    file            text,
    file_key_sealed bytea,
    byte_size       bigint,
    sha256          bytea,
    expires_at      timestamptz,
    failure         text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    due_at          timestamptz NOT NULL DEFAULT now() + interval '1 month',
    finished_at     timestamptz,
    CHECK (kind <> 'ERASURE' OR state IN ('QUEUED', 'RUNNING', 'SUCCEEDED')),
    CHECK ((state IN ('QUEUED', 'RUNNING')) = (finished_at IS NULL)),
    CHECK (kind <> 'ACCESS' OR state <> 'SUCCEEDED'
           OR num_nulls(file, file_key_sealed, byte_size, sha256, expires_at) = 0)
);
COMMENT ON COLUMN privacy_request.attempt IS 'grows with each run: one thought dead cannot publish over its successor';
COMMENT ON COLUMN privacy_request.due_at IS 'one month: the stricter of GDPR (a month) and CCPA (45 days)';
CREATE UNIQUE INDEX privacy_request_live ON privacy_request (user_id, kind) WHERE state IN ('QUEUED', 'RUNNING');
CREATE INDEX privacy_request_user ON privacy_request (user_id, id);
CREATE INDEX privacy_request_due ON privacy_request (kind, next_attempt_at) WHERE state IN ('QUEUED', 'RUNNING');
CREATE INDEX privacy_request_files ON privacy_request (id) WHERE has_files;

CREATE TABLE privacy_receipt (
    request_id   text COLLATE "C" NOT NULL REFERENCES privacy_request,
    service      text NOT NULL CHECK (service IN ('users', 'campaigns', 'entries', 'codes')),
    state        text NOT NULL DEFAULT 'QUEUED' CHECK (state IN ('QUEUED', 'SUCCEEDED')),
    record_count int,
    digest       bytea,
    at           timestamptz,
    PRIMARY KEY (request_id, service),
    CHECK (state <> 'SUCCEEDED' OR num_nulls(record_count, digest, at) = 0)
);

GRANT SELECT, INSERT, UPDATE ON privacy_request, privacy_receipt TO users_service;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(REQUESTS)
