"""Imports of uploaded files."""

from alembic import op

revision = "0008"
down_revision = "0007"

IMPORTS = """
ALTER TABLE code_import
    ADD file text,
    ADD byte_size bigint CHECK (byte_size > 0),
    ADD bytes_read bigint NOT NULL DEFAULT 0,
    ADD noted int NOT NULL DEFAULT 0,
    ADD CHECK ((file IS NULL) = (byte_size IS NULL));
UPDATE code_import i SET noted = (SELECT count(*) FROM code_import_error WHERE import_id = i.id);
COMMENT ON COLUMN code_import.file IS 'where an upload lies under FILES_URL; null for text that came with the request';
COMMENT ON COLUMN code_import.noted IS 'lines in code_import_error: the first ten thousand bad ones';
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(IMPORTS)
