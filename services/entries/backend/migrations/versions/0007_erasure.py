"""Erasure: tombstones, and with which sign-in each entry came."""

from alembic import op

from services.kit.migrations import tombstones

revision = "0007"
down_revision = "0006"

# The statement that registers looks for tombstones with a snapshot of its own, taken while it holds the campaign's
# row: an erasure that stood before is seen, and one that comes after waits for the row and sees the entry.
ENTRIES = """
ALTER TABLE entry ADD COLUMN signed_in_at timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN entry.signed_in_at IS 'when the token was issued with which she registered';

CREATE FUNCTION refuse_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM added a JOIN erasure x ON x.user_id = a.user_id AND x.until >= a.signed_in_at) THEN
        RAISE EXCEPTION 'an account that was erased cannot register' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER entry_not_erased AFTER INSERT ON entry
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION refuse_erased();
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(tombstones("entries_service") + ENTRIES)
