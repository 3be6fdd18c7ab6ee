"""What a user proved (linked accounts, cards, an identity tier), how often she tried, and what she consented to.

All of it goes with the user. Consents are append-only for the service: its role adds and reads.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

PROOFS = """
CREATE TABLE linked_account (
    user_id        text COLLATE "C" NOT NULL REFERENCES app_user ON DELETE CASCADE,
    provider       text NOT NULL CHECK (provider IN ('VERIZON', 'CITI')),
    subject_lookup bytea NOT NULL,
    grant_lookup   bytea NOT NULL,
    refresh_sealed bytea,
    linked_at      timestamptz NOT NULL DEFAULT now(),
    expires_at     timestamptz NOT NULL,
    next_check_at  timestamptz,
    PRIMARY KEY (user_id, provider),
    UNIQUE (provider, subject_lookup),
    CHECK ((refresh_sealed IS NULL) = (next_check_at IS NULL))
);
COMMENT ON COLUMN linked_account.subject_lookup IS 'keyed HMAC of the account''s id there: one account, one fan';
COMMENT ON COLUMN linked_account.grant_lookup IS 'keyed HMAC of the authorization code that it came of';
COMMENT ON COLUMN linked_account.refresh_sealed IS 'with what the provider is asked whether the link still stands';
CREATE INDEX linked_account_check ON linked_account (next_check_at);

CREATE TABLE verified_card (
    id                 text COLLATE "C" PRIMARY KEY,
    user_id            text COLLATE "C" NOT NULL REFERENCES app_user ON DELETE CASCADE,
    fingerprint_lookup bytea NOT NULL,
    brand              text NOT NULL CHECK (brand IN ('VISA', 'MASTERCARD', 'AMEX', 'DISCOVER')),
    last4              text NOT NULL CHECK (last4 ~ '^[0-9]{4}$'),
    verified_at        timestamptz NOT NULL DEFAULT now(),
    expires_at         timestamptz NOT NULL,
    UNIQUE (user_id, fingerprint_lookup)
);
COMMENT ON COLUMN verified_card.fingerprint_lookup IS 'keyed HMAC of the processor''s fingerprint';

CREATE TABLE identity_verification (
    user_id          text COLLATE "C" NOT NULL REFERENCES app_user ON DELETE CASCADE,
    tier             text NOT NULL CHECK (tier IN ('ASU')),
    subject_lookup   bytea NOT NULL,
    assertion_lookup bytea NOT NULL,
    verified_at      timestamptz NOT NULL DEFAULT now(),
    expires_at       timestamptz NOT NULL,
    PRIMARY KEY (user_id, tier),
    UNIQUE (tier, subject_lookup)
);

CREATE TABLE spent_assertion (
    assertion_lookup bytea PRIMARY KEY,
    expires_at       timestamptz NOT NULL
);
COMMENT ON TABLE spent_assertion IS 'assertions that were used, until nobody accepts them; they name no user';
CREATE INDEX spent_assertion_expires ON spent_assertion (expires_at);

CREATE TABLE proof_attempt (
    user_id   text COLLATE "C" NOT NULL REFERENCES app_user ON DELETE CASCADE,
    kind      text NOT NULL,
    taken     int NOT NULL,
    resets_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, kind)
);
CREATE INDEX proof_attempt_resets ON proof_attempt (resets_at);

GRANT SELECT, INSERT, UPDATE, DELETE
ON linked_account, verified_card, identity_verification, spent_assertion, proof_attempt TO users_service;
"""

CONSENTS = """
CREATE TABLE consent (
    sequence    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id     text COLLATE "C" NOT NULL REFERENCES app_user ON DELETE CASCADE,
    campaign_id text COLLATE "C" NOT NULL,
    purpose     text NOT NULL CHECK (purpose IN ('MARKETING', 'SHARING', 'ANALYTICS')),
    granted     boolean NOT NULL,
    at          timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE consent IS 'a ledger: the newest row of a user, campaign and purpose is what holds';
CREATE INDEX consent_newest ON consent (user_id, campaign_id, purpose, sequence DESC);
GRANT SELECT, INSERT ON consent TO users_service;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(PROOFS + CONSENTS)
