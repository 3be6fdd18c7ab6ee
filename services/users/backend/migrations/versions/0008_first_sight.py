"""A user is made once by her id alone, which is derived from issuer and subject."""

from alembic import op

revision = "0008"
down_revision = "0007"

# ON CONFLICT (id) does not cover a second unique index: two processes that saw somebody for the first time at the same
# moment could meet there, and one of them failed.
ONCE = "ALTER TABLE app_user DROP CONSTRAINT app_user_issuer_subject_key"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(ONCE)
