"""Exports: Parquet, compression, personal data, codes; files in sealed parts."""

from alembic import op

revision = "0014"
down_revision = "0013"

EXPORTS = """
ALTER TABLE export_job
    DROP CONSTRAINT export_job_kind_check,
    ADD CHECK (kind IN ('ENTRIES', 'ELIGIBILITY', 'SELECTIONS', 'CODES')),
    DROP CONSTRAINT export_job_format_check,
    ADD CHECK (format IN ('CSV', 'NDJSON', 'PARQUET')),
    ADD COLUMN compression text NOT NULL DEFAULT 'NONE' CHECK (compression IN ('NONE', 'GZIP', 'ZSTD')),
    ADD COLUMN personal_data boolean NOT NULL DEFAULT false,
    ADD COLUMN key_sealed bytea;
COMMENT ON COLUMN export_job.file IS 'the folder of its parts';
COMMENT ON COLUMN export_job.key_sealed IS 'what its parts are sealed with; forgotten with the file';

-- Files of before are in one piece, which nobody reads any more.
UPDATE export_job SET state = 'EXPIRED', file = NULL WHERE state = 'SUCCEEDED';
ALTER TABLE export_job ADD CHECK (state <> 'SUCCEEDED' OR key_sealed IS NOT NULL);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(EXPORTS)
