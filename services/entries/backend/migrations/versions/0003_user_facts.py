"""Proofs expire, and a phone confirmed before the deadline counts however late the news of it comes."""

from alembic import op

revision = "0003"
down_revision = "0002"

FACTS = """
ALTER TABLE user_fact
    ADD COLUMN phone_verified_at timestamptz,
    ADD COLUMN accounts_until timestamptz[] NOT NULL DEFAULT '{}',
    ADD COLUMN cards_until    timestamptz[] NOT NULL DEFAULT '{}',
    ADD COLUMN tiers_until    timestamptz[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN user_fact.phone_verified_at IS 'since when she has had a confirmed phone, by the clock of users';
COMMENT ON COLUMN user_fact.accounts_until IS 'from when on the account at the same place counts no more';

UPDATE user_fact
SET accounts_until = array_fill('infinity'::timestamptz, ARRAY[cardinality(accounts)]),
    cards_until = array_fill('infinity'::timestamptz, ARRAY[cardinality(cards)]),
    tiers_until = array_fill('infinity'::timestamptz, ARRAY[cardinality(tiers)])
WHERE cardinality(accounts) + cardinality(cards) + cardinality(tiers) > 0;

ALTER TABLE user_fact ADD CHECK (
    cardinality(accounts) = cardinality(accounts_until)
    AND cardinality(cards) = cardinality(cards_until)
    AND cardinality(tiers) = cardinality(tiers_until)
);

CREATE VIEW user_fact_now AS
SELECT user_id, version, phone_verified, phone_verified_at, country, member_id, do_not_sell,
    CASE WHEN accounts = '{}' THEN accounts
         ELSE ARRAY(SELECT p.value FROM unnest(accounts, accounts_until) AS p (value, until) WHERE p.until > now())
    END AS accounts,
    CASE WHEN cards = '{}' THEN cards
         ELSE ARRAY(SELECT p.value FROM unnest(cards, cards_until) AS p (value, until) WHERE p.until > now())
    END AS cards,
    CASE WHEN tiers = '{}' THEN tiers
         ELSE ARRAY(SELECT p.value FROM unnest(tiers, tiers_until) AS p (value, until) WHERE p.until > now())
    END AS tiers
FROM user_fact;
COMMENT ON VIEW user_fact_now IS 'facts as they are at this moment: read proofs here, never from the table';
GRANT SELECT ON user_fact_now TO entries_service;
"""

DEADLINE = """
ALTER TABLE campaign ADD COLUMN ended_at timestamptz;
COMMENT ON COLUMN campaign.ended_at IS 'when registration was ended by hand, at closes_at the latest; null: it was not';
UPDATE campaign SET ended_at = least(closes_at, now()) WHERE state NOT IN ('DRAFT', 'SCHEDULED', 'OPEN', 'PAUSED');

-- By the clock at that very moment, not at the transaction's start: what was confirmed while it waited came before.
CREATE FUNCTION note_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.ended_at := CASE
        WHEN NEW.state NOT IN ('DRAFT', 'SCHEDULED', 'OPEN', 'PAUSED')
        THEN coalesce(OLD.ended_at, least(NEW.closes_at, clock_timestamp()))
    END;
    RETURN NEW;
END $$;
CREATE TRIGGER campaign_end BEFORE INSERT OR UPDATE ON campaign FOR EACH ROW EXECUTE FUNCTION note_end();

ALTER TABLE entry ADD COLUMN lapsed boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN entry.lapsed IS 'invalidated for want of a confirmed phone at the deadline, and for nothing else';

DROP TRIGGER entry_transition ON entry;
CREATE TRIGGER entry_transition BEFORE UPDATE OF state ON entry FOR EACH ROW
WHEN (OLD.state <> NEW.state AND NOT (
    NEW.state = 'ERASED'
    OR OLD.state = 'PENDING_PHONE' AND NEW.state IN ('ACCEPTED', 'INVALIDATED', 'WITHDRAWN', 'UNDER_REVIEW')
    OR OLD.state = 'ACCEPTED' AND NEW.state IN ('UNDER_REVIEW', 'INVALIDATED', 'WITHDRAWN')
    OR OLD.state = 'UNDER_REVIEW' AND NEW.state IN ('ACCEPTED', 'PENDING_PHONE', 'INVALIDATED')
    OR OLD.state = 'WITHDRAWN' AND NEW.state IN ('PENDING_PHONE', 'ACCEPTED')
    OR OLD.state = 'INVALIDATED' AND OLD.lapsed AND NEW.state = 'ACCEPTED'
))
EXECUTE FUNCTION refuse_transition();
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(FACTS)
    op.get_bind().exec_driver_sql(DEADLINE)
