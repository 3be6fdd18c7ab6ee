"""Outgoing webhooks: who is told of what becomes of codes, and what was sent."""

from alembic import op

from services.kit.migrations import grants

revision = "0003"
down_revision = "0002"

# A team has twenty webhooks at most: each has one of its places. `resume_at` spares a receiver that does not answer,
# and keeps it from holding up the others.
WEBHOOKS = """
CREATE TABLE webhook (
    id               text COLLATE "C" PRIMARY KEY,
    team_id          text COLLATE "C" NOT NULL,
    place            int CHECK (place BETWEEN 1 AND 20),
    url_sealed       bytea NOT NULL,
    events           text[] NOT NULL
                     CHECK (cardinality(events) > 0 AND events <@ ARRAY['code.assigned', 'code.redeemed']),
    active           boolean NOT NULL DEFAULT true,
    secret_sealed    bytea NOT NULL,
    old_secret_sealed bytea,
    old_secret_until timestamptz,
    failures         int NOT NULL DEFAULT 0,
    resume_at        timestamptz NOT NULL DEFAULT now(),
    created_at       timestamptz NOT NULL DEFAULT now(),
    deleted_at       timestamptz,
    UNIQUE (team_id, place),
    CHECK ((place IS NULL) = (deleted_at IS NOT NULL)),
    CHECK (deleted_at IS NULL OR NOT active),
    CHECK ((old_secret_sealed IS NULL) = (old_secret_until IS NULL))
);
COMMENT ON COLUMN webhook.deleted_at IS 'whose it was is still known, so that deleting twice is deleting once';
COMMENT ON COLUMN webhook.failures IS 'attempts that failed in a row';

CREATE TABLE webhook_delivery (
    event_id        text COLLATE "C" NOT NULL,
    webhook_id      text COLLATE "C" NOT NULL REFERENCES webhook,
    event           text NOT NULL,
    body            bytea NOT NULL,
    state           text NOT NULL DEFAULT 'PENDING' CHECK (state IN ('PENDING', 'SUCCEEDED', 'GAVE_UP')),
    attempts        int NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    status          int,
    failure         text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    finished_at     timestamptz,
    PRIMARY KEY (webhook_id, event_id),
    CHECK ((state = 'PENDING') = (finished_at IS NULL))
);
COMMENT ON COLUMN webhook_delivery.body IS 'the very bytes that are signed and sent; no personal data';
CREATE INDEX webhook_delivery_due ON webhook_delivery (webhook_id, next_attempt_at) WHERE state = 'PENDING';
CREATE INDEX webhook_delivery_finished ON webhook_delivery (finished_at) WHERE state <> 'PENDING';
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(WEBHOOKS)
    op.get_bind().exec_driver_sql(grants("codes_service", append_only=("code", "redemption_conflict")))
