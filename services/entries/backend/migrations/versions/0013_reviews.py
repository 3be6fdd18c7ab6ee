"""Reviews: who or what held an entry back, what people decided, and what the fan says to that."""

from alembic import op

from services.kit.migrations import grants

revision = "0013"
down_revision = "0012"

REVIEWS = """
CREATE TABLE review (
    id            text COLLATE "C" PRIMARY KEY,
    campaign_id   text COLLATE "C" NOT NULL,
    entry_id      text COLLATE "C" NOT NULL,
    decision      text NOT NULL CHECK (decision IN ('ACCEPT', 'REJECT', 'HOLD')),
    reviewer      text,
    note_sealed   bytea,
    decided_at    timestamptz NOT NULL DEFAULT now(),
    appeal_sealed bytea,
    appealed_at   timestamptz,
    CHECK (reviewer IS NOT NULL OR decision = 'HOLD'),
    CHECK (appealed_at IS NOT NULL OR appeal_sealed IS NULL)
);
COMMENT ON COLUMN review.reviewer IS 'null: the campaign''s threshold, which can hold an entry back and nothing else';
CREATE INDEX review_entry ON review (entry_id, id);
CREATE INDEX review_reviewer ON review (reviewer);

CREATE TABLE review_rule (
    campaign_id text COLLATE "C" PRIMARY KEY REFERENCES campaign,
    below       double precision NOT NULL CHECK (below BETWEEN 0 AND 1)
);
COMMENT ON TABLE review_rule IS 'below which score a campaign''s entries are held back for people to look at';

ALTER TABLE entry
    ADD COLUMN review_id text COLLATE "C",
    ADD COLUMN appealed boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN entry.review_id IS 'the last decision about it since it was submitted';
COMMENT ON COLUMN entry.appealed IS 'the fan has said something to that decision';
CREATE INDEX entry_under_review ON entry (campaign_id, id) WHERE state = 'UNDER_REVIEW';
CREATE INDEX entry_appealed ON entry (campaign_id, id) WHERE appealed;

DROP TRIGGER entry_transition ON entry;
CREATE TRIGGER entry_transition BEFORE UPDATE OF state ON entry FOR EACH ROW
WHEN (OLD.state <> NEW.state AND NOT (
    NEW.state = 'ERASED'
    OR OLD.state = 'PENDING_PHONE' AND NEW.state IN ('ACCEPTED', 'INVALIDATED', 'WITHDRAWN', 'UNDER_REVIEW')
    OR OLD.state = 'ACCEPTED' AND NEW.state IN ('UNDER_REVIEW', 'INVALIDATED', 'WITHDRAWN')
    OR OLD.state = 'UNDER_REVIEW' AND NEW.state IN ('ACCEPTED', 'PENDING_PHONE', 'INVALIDATED')
    OR OLD.state = 'WITHDRAWN' AND NEW.state IN ('PENDING_PHONE', 'ACCEPTED')
    OR OLD.state = 'INVALIDATED' AND OLD.lapsed AND NEW.state = 'ACCEPTED'
    OR OLD.state = 'INVALIDATED' AND NOT OLD.lapsed AND OLD.review_id IS NOT NULL
       AND NEW.review_id IS DISTINCT FROM OLD.review_id
       AND NEW.state IN ('ACCEPTED', 'PENDING_PHONE', 'UNDER_REVIEW')
))
EXECUTE FUNCTION refuse_transition();
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(REVIEWS)
    op.get_bind().exec_driver_sql(grants("entries_service"))
