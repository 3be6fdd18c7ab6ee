"""Uploads: what teams send in, from the signed link to the checked file."""

from alembic import op

from services.kit.migrations import grants

revision = "0004"
down_revision = "0003"

UPLOADS = """
CREATE TABLE upload (
    id              text COLLATE "C" PRIMARY KEY,
    purpose         text NOT NULL CHECK (purpose IN ('HERO_IMAGE', 'CODE_IMPORT', 'SCORE_IMPORT')),
    state           text NOT NULL DEFAULT 'PENDING' CHECK (state IN (
        'PENDING', 'PROCESSING', 'READY', 'REJECTED', 'EXPIRED')),
    team_id         text NOT NULL,
    campaign_id     text COLLATE "C" REFERENCES campaign,
    owner_id        text NOT NULL,
    filename        text NOT NULL,
    declared_type   text NOT NULL,
    declared_size   bigint NOT NULL CHECK (declared_size > 0),
    received        text,
    file            text,
    content_type    text,
    byte_size       bigint CHECK (byte_size > 0),
    sha256          bytea CHECK (length(sha256) = 32),
    failure_code    text,
    failure         text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    link_expires_at timestamptz NOT NULL,
    expires_at      timestamptz,
    cleared_at      timestamptz,
    CHECK (state NOT IN ('PROCESSING') OR received IS NOT NULL),
    CHECK ((state = 'READY') = (file IS NOT NULL)),
    CHECK (file IS NULL OR content_type IS NOT NULL AND byte_size IS NOT NULL AND sha256 IS NOT NULL),
    CHECK ((state = 'REJECTED') = (failure_code IS NOT NULL))
);
COMMENT ON COLUMN upload.expires_at IS 'When a checked file that nothing uses is thrown away; null while it is used.';
CREATE INDEX upload_pending ON upload (link_expires_at) WHERE state = 'PENDING';
CREATE INDEX upload_unused ON upload (expires_at) WHERE state = 'READY' AND expires_at IS NOT NULL;
CREATE INDEX upload_uncleared ON upload (link_expires_at) WHERE cleared_at IS NULL;

-- A link that was not used in time is worth nothing, whatever the worker has got round to.
CREATE FUNCTION upload_state_now(state text, link_expires_at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE RETURN
    CASE WHEN state = 'PENDING' AND link_expires_at <= now() THEN 'EXPIRED' ELSE state END;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPLOADS)
    op.get_bind().exec_driver_sql(grants("campaigns_service"))
