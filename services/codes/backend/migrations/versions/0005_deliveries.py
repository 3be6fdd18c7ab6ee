"""Messages that bring winners their codes, and the texts that campaigns have for them."""

from alembic import op

from services.kit.migrations import grants

revision = "0005"
down_revision = "0004"

# A delivery is one attempt to bring a code to its owner on one channel: `number` counts how often it was asked for (a
# resend is the next), `place` 2 is the other channel after a refusal. No contact is kept: who she is, and how she is
# reached, is asked for when it is sent. From SENDING on nothing is sent again by itself.
DELIVERIES = """
ALTER TABLE campaign
    ADD slug text,
    ADD default_locale text,
    ADD titles jsonb NOT NULL DEFAULT '{}',
    ADD sms_templates jsonb NOT NULL DEFAULT '{}';

CREATE TABLE delivery (
    code_id         text COLLATE "C" NOT NULL,
    number          int NOT NULL CHECK (number BETWEEN 1 AND 6),
    place           int NOT NULL DEFAULT 1 CHECK (place IN (1, 2)),
    distribution_id text COLLATE "C" NOT NULL,
    channel         text CHECK (channel IN ('SMS', 'EMAIL')),
    state           text NOT NULL DEFAULT 'QUEUED' CHECK (state IN ('QUEUED', 'SENDING', 'SENT', 'FAILED')),
    failure         text,
    provider_id     text,
    attempts        int NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    created_at      timestamptz NOT NULL DEFAULT now(),
    sending_at      timestamptz,
    finished_at     timestamptz,
    PRIMARY KEY (code_id, number, place),
    CHECK ((state = 'FAILED') = (failure IS NOT NULL)),
    CHECK ((state IN ('SENT', 'FAILED')) = (finished_at IS NOT NULL)),
    CHECK (state NOT IN ('SENDING', 'SENT') OR channel IS NOT NULL AND sending_at IS NOT NULL)
);
COMMENT ON COLUMN delivery.channel IS 'null until it is known how she is reached';
CREATE INDEX delivery_due ON delivery (next_attempt_at) WHERE state = 'QUEUED';
CREATE INDEX delivery_sending ON delivery (sending_at) WHERE state = 'SENDING';
CREATE INDEX delivery_sent ON delivery (distribution_id, code_id) WHERE state = 'SENT';
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(DELIVERIES)
    op.get_bind().exec_driver_sql(grants("codes_service", append_only=("code", "redemption_conflict")))
