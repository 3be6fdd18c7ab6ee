"""Since when a user has had a confirmed phone, and when her browser first said not to sell."""

from alembic import op

revision = "0002"
down_revision = "0001"

FACTS = """
ALTER TABLE app_user
    ADD COLUMN phone_since timestamptz,
    ADD COLUMN gpc_at      timestamptz;
COMMENT ON COLUMN app_user.phone_since IS 'since when she has had a confirmed phone, whichever';
COMMENT ON COLUMN app_user.gpc_at IS 'when her browser first sent Sec-GPC: 1, which overrules what she chose before';

UPDATE app_user SET phone_since = phone_verified_at;
UPDATE app_user SET gpc_at = privacy_updated_at WHERE privacy_source = 'GPC';

ALTER TABLE app_user ADD CHECK ((phone_since IS NULL) = (phone_verified_at IS NULL));
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(FACTS)
