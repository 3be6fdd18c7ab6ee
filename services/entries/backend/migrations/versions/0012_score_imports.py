"""Scores from outside: files of them, and what was wrong with their lines."""

from alembic import op

from services.kit.migrations import grants

revision = "0012"
down_revision = "0011"

IMPORTS = """
CREATE TABLE score_import (
    id           text COLLATE "C" PRIMARY KEY,
    campaign_id  text COLLATE "C" NOT NULL REFERENCES campaign,
    upload_id    text NOT NULL,
    file         text NOT NULL,
    byte_size    bigint NOT NULL CHECK (byte_size > 0),
    requested_by text NOT NULL,
    state        text NOT NULL DEFAULT 'QUEUED' CHECK (state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED')),
    line         int NOT NULL DEFAULT 0,
    progress     double precision NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    accepted     int NOT NULL DEFAULT 0,
    duplicates   int NOT NULL DEFAULT 0,
    malformed    int NOT NULL DEFAULT 0,
    failure      text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz,
    CHECK ((state IN ('SUCCEEDED', 'FAILED')) = (finished_at IS NOT NULL)),
    CHECK ((state = 'FAILED') = (failure IS NOT NULL))
);
COMMENT ON COLUMN score_import.line IS 'the last line that was read; a worker that takes over goes on behind it';
CREATE INDEX score_import_campaign ON score_import (campaign_id, id);

CREATE TABLE score_import_error (
    import_id text COLLATE "C" NOT NULL REFERENCES score_import,
    line      int NOT NULL,
    code      text NOT NULL,
    PRIMARY KEY (import_id, line)
);

ALTER TABLE entry_score ADD COLUMN import_id text COLLATE "C";
COMMENT ON COLUMN entry_score.import_id IS 'the last file that gave this score';
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(IMPORTS)
    op.get_bind().exec_driver_sql(grants("entries_service"))
