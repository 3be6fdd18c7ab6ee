"""Erasure: tombstones, and who stands in for the erased."""

from alembic import op

from services.kit.migrations import tombstones
from services.kit.privacy import NOBODY

revision = "0006"
down_revision = "0005"

# The statement that makes users looks for tombstones with a snapshot of its own: one that waited for an erasure to
# commit sees it.
USERS = """
ALTER TABLE app_user ADD COLUMN signed_in_at timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN app_user.signed_in_at IS 'when the token was issued with which she was first seen';

CREATE FUNCTION refuse_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM added a JOIN erasure x ON x.user_id = a.id AND x.until >= a.signed_in_at) THEN
        RAISE EXCEPTION 'an account that was erased is not made again' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER app_user_not_erased AFTER INSERT ON app_user
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION refuse_erased();
"""
STAND_IN = "INSERT INTO app_user (id, issuer, subject) VALUES (%s, '', 'erased')"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(tombstones("users_service") + USERS)
    op.get_bind().exec_driver_sql(STAND_IN, (NOBODY,))
