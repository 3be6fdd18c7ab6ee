"""The end of an audit chain only ever moves forward."""

from alembic import op

revision = "0003"
down_revision = "0002"

FORWARD_ONLY = """
CREATE FUNCTION audit_chain_moves_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.team_id <> OLD.team_id OR NEW.sequence <= OLD.sequence THEN
        RAISE EXCEPTION 'the audit chain of team % ends at % and cannot end at %',
            OLD.team_id, OLD.sequence, NEW.sequence
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER audit_chain_moves_forward BEFORE UPDATE ON audit_chain
FOR EACH ROW EXECUTE FUNCTION audit_chain_moves_forward();

REVOKE DELETE ON audit_chain FROM users_service;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(FORWARD_ONLY.replace("%", "%%"))
