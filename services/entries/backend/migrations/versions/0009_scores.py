"""Scores: what they are computed from, what they came to, and which are due."""

from alembic import op

from services.kit.migrations import grants

revision = "0009"
down_revision = "0008"

# What a registration says of where it came from stays in its row only until the worker has scored it.
ENTRIES = """
ALTER TABLE entry
    ADD COLUMN network bytea,
    ADD COLUMN device bytea,
    ADD COLUMN disposable_email boolean NOT NULL DEFAULT false,
    ADD COLUMN score_due boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN entry.network IS 'keyed HMAC of campaign and network, until it is scored, no address';
COMMENT ON COLUMN entry.device IS 'keyed HMAC of campaign, network and browser, until it is scored';
COMMENT ON COLUMN entry.score_due IS 'something that its score depends on is new';
CREATE INDEX entry_score_due ON entry (id) WHERE score_due;

ALTER TABLE user_fact
    ADD COLUMN known_since timestamptz,
    ADD COLUMN phone_key bytea;
COMMENT ON COLUMN user_fact.known_since IS 'since when the User Service knows the account';
COMMENT ON COLUMN user_fact.phone_key IS 'equal for accounts with the same confirmed phone';
CREATE INDEX user_fact_phone ON user_fact (phone_key) WHERE phone_key IS NOT NULL;
"""

SCORES = """
CREATE TABLE entry_score (
    entry_id    text COLLATE "C" NOT NULL,
    source      text NOT NULL CHECK (source IN ('BUILT_IN', 'EXTERNAL')),
    value       double precision NOT NULL CHECK (value BETWEEN 0 AND 1),
    reasons     text[] NOT NULL,
    computed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (entry_id, source)
);
COMMENT ON TABLE entry_score IS 'entry.score is the EXTERNAL one where there is one, else the BUILT_IN one';

CREATE TABLE signal (
    entry_id text COLLATE "C" PRIMARY KEY,
    network  bytea NOT NULL,
    device   bytea NOT NULL,
    hour     timestamptz NOT NULL
);
COMMENT ON TABLE signal IS 'from which network and browser an entry came in which hour; forgotten after a while';
CREATE INDEX signal_network ON signal (network, hour);
CREATE INDEX signal_device ON signal (device, hour);
CREATE INDEX signal_hour ON signal USING brin (hour);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(ENTRIES + SCORES)
    op.get_bind().exec_driver_sql(grants("entries_service"))
