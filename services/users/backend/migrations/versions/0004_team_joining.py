"""Since when somebody is in a team by her own will: until then its members learn nothing more of her."""

from alembic import op

revision = "0004"
down_revision = "0003"

JOINING = """
ALTER TABLE role_binding ADD COLUMN joined_at timestamptz;
COMMENT ON COLUMN role_binding.joined_at IS 'when she joined the team herself; null: somebody added her';

-- Whoever granted a role has acted for her team; of the others nobody knows.
UPDATE role_binding b SET joined_at = b.created_at
WHERE EXISTS (SELECT FROM role_binding g WHERE g.granted_by = b.user_id AND g.team_id = b.team_id);

CREATE OR REPLACE VIEW live_binding AS SELECT * FROM role_binding WHERE expires_at IS NULL OR expires_at > now();
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(JOINING)
