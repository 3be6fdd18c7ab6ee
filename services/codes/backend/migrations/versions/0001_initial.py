"""Campaign snapshots, pools, codes, imports, distributions and their ledger, outbox, jobs, idempotency."""

from alembic import op

from services.kit.idempotency import TABLE as IDEMPOTENCY
from services.kit.migrations import OUTBOX, grants, job_schema

revision = "0001"
down_revision = None

SNAPSHOTS = """
CREATE TABLE campaign (
    id      text COLLATE "C" PRIMARY KEY,
    team_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL
);

CREATE TABLE campaign_event (
    id                text COLLATE "C" PRIMARY KEY,
    campaign_id       text COLLATE "C" NOT NULL REFERENCES campaign,
    market_id         text COLLATE "C",
    name              text,
    code_mode         text,
    presale_opens_at  timestamptz,
    presale_closes_at timestamptz
);
CREATE INDEX campaign_event_campaign ON campaign_event (campaign_id);
"""

# Codes are never changed and never deleted: the role of the service cannot. They leave the pool in the order of their
# position: `taken` is the last one that left. The counters are kept by the statements that move codes, and a sum that
# is off is refused. Where a foreign key would cost a third of a mass insert (code.import_id, assignment.code_id), the
# value comes out of the referenced row in the same transaction.
POOLS = """
CREATE TABLE code_pool (
    id            text COLLATE "C" PRIMARY KEY,
    event_id      text COLLATE "C" NOT NULL UNIQUE,
    campaign_id   text COLLATE "C" NOT NULL REFERENCES campaign,
    low_watermark int CHECK (low_watermark >= 0),
    imported      bigint NOT NULL DEFAULT 0,
    generated     bigint NOT NULL DEFAULT 0,
    taken         bigint NOT NULL DEFAULT 0,
    available     bigint NOT NULL DEFAULT 0 CHECK (available >= 0),
    reserved      bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    assigned      bigint NOT NULL DEFAULT 0 CHECK (assigned >= 0),
    redeemed      bigint NOT NULL DEFAULT 0 CHECK (redeemed >= 0),
    expired       bigint NOT NULL DEFAULT 0 CHECK (expired >= 0),
    voided        bigint NOT NULL DEFAULT 0 CHECK (voided >= 0),
    created_at    timestamptz NOT NULL DEFAULT now(),
    CHECK (available + reserved + assigned + redeemed + expired + voided = imported + generated),
    CHECK (taken BETWEEN 0 AND imported + generated)
);

CREATE TABLE code_import (
    id          text COLLATE "C" PRIMARY KEY,
    pool_id     text COLLATE "C" NOT NULL REFERENCES code_pool,
    state       text NOT NULL DEFAULT 'QUEUED' CHECK (state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED')),
    sealed      bytea,
    lines       int NOT NULL,
    line        int NOT NULL DEFAULT 0,
    accepted    int NOT NULL DEFAULT 0,
    duplicates  int NOT NULL DEFAULT 0,
    malformed   int NOT NULL DEFAULT 0,
    failure     text,
    created_by  text COLLATE "C" NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CHECK ((state IN ('SUCCEEDED', 'FAILED')) = (finished_at IS NOT NULL))
);

CREATE TABLE code_import_error (
    import_id text COLLATE "C" NOT NULL REFERENCES code_import,
    line      int NOT NULL,
    code      text NOT NULL,
    PRIMARY KEY (import_id, line)
);

CREATE TABLE code (
    id         text COLLATE "C" PRIMARY KEY,
    pool_id    text COLLATE "C" NOT NULL REFERENCES code_pool,
    position   bigint NOT NULL,
    import_id  text COLLATE "C",
    sealed     bytea NOT NULL,
    lookup     bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (pool_id, position)
);
"""

# Entries decides who, codes decides which string: `assignment` is the ledger of that. A code has one row at most, and a
# selection has one.
LEDGER = """
CREATE TABLE distribution (
    id          text COLLATE "C" PRIMARY KEY,
    wave_id     text COLLATE "C" NOT NULL UNIQUE,
    campaign_id text COLLATE "C" NOT NULL REFERENCES campaign,
    state       text NOT NULL DEFAULT 'QUEUED' CHECK (state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED')),
    after       text COLLATE "C" NOT NULL DEFAULT '',
    failure     text,
    created_by  text COLLATE "C" NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    released_at timestamptz,
    CHECK ((state IN ('SUCCEEDED', 'FAILED')) = (finished_at IS NOT NULL))
);

CREATE TABLE reservation (
    distribution_id text COLLATE "C" NOT NULL REFERENCES distribution,
    event_id        text COLLATE "C" NOT NULL,
    pool_id         text COLLATE "C" NOT NULL REFERENCES code_pool,
    after_position  bigint NOT NULL,
    quantity        bigint NOT NULL CHECK (quantity > 0),
    assigned        bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (distribution_id, event_id),
    UNIQUE (pool_id, after_position),
    CHECK (assigned BETWEEN 0 AND quantity)
);

CREATE TABLE shortfall (
    distribution_id text COLLATE "C" NOT NULL REFERENCES distribution,
    event_id        text COLLATE "C" NOT NULL,
    missing         bigint NOT NULL CHECK (missing > 0),
    PRIMARY KEY (distribution_id, event_id)
);

CREATE TABLE assignment (
    code_id         text COLLATE "C" PRIMARY KEY,
    selection_id    text COLLATE "C" NOT NULL,
    wave_id         text COLLATE "C" NOT NULL,
    distribution_id text COLLATE "C" NOT NULL,
    entry_id        text COLLATE "C" NOT NULL,
    user_id         text COLLATE "C" NOT NULL,
    assigned_at     timestamptz NOT NULL DEFAULT now(),
    revealed_at     timestamptz,
    redeemed_at     timestamptz,
    UNIQUE (selection_id, wave_id)
);
CREATE INDEX assignment_entry ON assignment (entry_id);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(job_schema().replace("%", "%%"))
    op.get_bind().exec_driver_sql(SNAPSHOTS + POOLS + LEDGER + OUTBOX + IDEMPOTENCY)
    op.get_bind().exec_driver_sql(grants("codes_service", append_only=("code",)))
