"""Reports of redemptions by ticketing platforms, and what each code may be used for."""

from alembic import op

from services.kit.migrations import grants

revision = "0002"
down_revision = "0001"

# A report is kept whatever became of it. Its id is the platform's, within a campaign: no team can occupy the ids of
# another's.
REPORTS = """
ALTER TABLE campaign_event ADD ticket_limit int CHECK (ticket_limit >= 1);

ALTER TABLE assignment
    ADD ticket_limit int,
    ADD redeemed int NOT NULL DEFAULT 0,
    ADD redemptions int NOT NULL DEFAULT 0,
    ADD CHECK (redeemed BETWEEN 0 AND ticket_limit),
    ADD CHECK ((redemptions > 0) = (redeemed_at IS NOT NULL));
COMMENT ON COLUMN assignment.ticket_limit IS 'tickets that the code may buy, as it was when the code was assigned';
COMMENT ON COLUMN assignment.redeemed IS 'tickets bought with it; redemptions counts the purchases';

CREATE TABLE redemption_report (
    campaign_id text COLLATE "C" NOT NULL,
    platform    text COLLATE "C" NOT NULL CHECK (platform ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    external_id text COLLATE "C" NOT NULL CHECK (length(external_id) BETWEEN 1 AND 200),
    code_id     text COLLATE "C",
    digest      bytea NOT NULL,
    quantity    int NOT NULL CHECK (quantity >= 1),
    account     text COLLATE "C",
    redeemed_at timestamptz NOT NULL,
    late        boolean NOT NULL DEFAULT false,
    outcome     text NOT NULL
                CHECK (outcome IN ('ACCEPTED', 'EARLY', 'UNKNOWN_CODE', 'WRONG_ACCOUNT', 'OVER_REDEEMED')),
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (campaign_id, platform, external_id),
    CHECK ((code_id IS NULL) = (campaign_id = '')),
    CHECK ((code_id IS NULL) = (outcome = 'UNKNOWN_CODE'))
);
COMMENT ON COLUMN redemption_report.campaign_id IS 'the code''s; empty where nobody knows the code';
COMMENT ON COLUMN redemption_report.account IS 'the user whom the platform sold to, as far as it says';
CREATE INDEX redemption_report_code ON redemption_report (code_id, redeemed_at) WHERE outcome = 'ACCEPTED';
CREATE INDEX redemption_report_early ON redemption_report (code_id) WHERE outcome = 'EARLY';

CREATE TABLE redemption_conflict (
    campaign_id text COLLATE "C" NOT NULL,
    platform    text COLLATE "C" NOT NULL,
    external_id text COLLATE "C" NOT NULL,
    digest      bytea NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (campaign_id, platform, external_id, digest)
);
COMMENT ON TABLE redemption_conflict IS 'reports that said something else under an id that was used before';
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(REPORTS)
    op.get_bind().exec_driver_sql(grants("codes_service", append_only=("code", "redemption_conflict")))
