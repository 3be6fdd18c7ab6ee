"""An account that was erased cannot take over a withdrawn entry of another account of its person either."""

from alembic import op

revision = "0019"
down_revision = "0018"

# A withdrawn entry that is submitted again is an update, which triggers on insertions do not see.
RESUBMISSIONS = """
CREATE FUNCTION refuse_erased_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM erasure x WHERE x.user_id = NEW.user_id AND x.until >= NEW.signed_in_at) THEN
        RAISE EXCEPTION 'an account that was erased cannot register' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER entry_not_erased_again AFTER UPDATE OF state ON entry FOR EACH ROW
WHEN (OLD.state = 'WITHDRAWN' AND NEW.state <> 'ERASED')
EXECUTE FUNCTION refuse_erased_again();
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(RESUBMISSIONS)
