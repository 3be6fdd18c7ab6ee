-- name: her_codes
-- The codes that she holds.
SELECT a.code_id AS id, c.sealed, p.event_id, p.campaign_id, a.wave_id, a.selection_id, a.entry_id, a.user_id, a.assigned_at,
       a.revealed_at, a.redeemed_at, a.redeemed, a.redemptions, a.expired_at, a.voided_at, a.superseded_by, d.released_at
FROM assignment a
JOIN code c ON c.id = a.code_id
JOIN code_pool p ON p.id = c.pool_id
JOIN distribution d ON d.id = a.distribution_id
WHERE a.user_id = :user_id AND a.code_id > :after
ORDER BY a.code_id
LIMIT :limit

-- name: her_messages
-- The messages that brought her codes to her. Their addresses are those of her profile at that moment, kept nowhere.
SELECT y.code_id || '.' || y.number || '.' || y.place AS id, y.code_id, y.channel, y.state, y.failure, y.provider_id,
       y.created_at, y.sending_at, y.finished_at
FROM assignment a
JOIN delivery y ON y.code_id = a.code_id
WHERE a.user_id = :user_id AND y.code_id || '.' || y.number || '.' || y.place > :after
ORDER BY y.code_id || '.' || y.number || '.' || y.place
LIMIT :limit

-- name: her_purchases
-- What ticketing platforms say was bought by her, or with a code of hers.
SELECT r.campaign_id || '/' || r.platform || '/' || r.external_id AS id, r.campaign_id, r.platform, r.external_id, r.code_id,
       r.account, r.quantity, r.redeemed_at, r.late, r.outcome
FROM redemption_report r
WHERE (r.account = :user_id OR r.code_id IN (SELECT a.code_id FROM assignment a WHERE a.user_id = :user_id))
  AND r.campaign_id || '/' || r.platform || '/' || r.external_id > :after
ORDER BY r.campaign_id || '/' || r.platform || '/' || r.external_id
LIMIT :limit

-- name: hold_reports
-- Waits for every report being kept; those that begin later see the tombstone.
LOCK TABLE redemption_report IN SHARE MODE

-- name: outdate_pages
-- Has every distribution under way read its winners again: Entries knows by now that she is gone. Waits for a page being written.
UPDATE distribution SET erasures = erasures + 1 WHERE finished_at IS NULL

-- name: hold_assignments
-- Waits for codes of hers that are being replaced: the statements that follow see the new ones, and from now on none is. Whoever
-- notes a message to her waits too, and finds nobody.
SELECT FROM assignment WHERE user_id = :user_id ORDER BY code_id FOR UPDATE

-- name: erase_messages
-- What was sent stays counted; the networks' ids of it, which lead to her address there, are gone.
UPDATE delivery y SET provider_id = NULL FROM assignment a WHERE a.user_id = :user_id AND y.code_id = a.code_id RETURNING 1

-- name: erase_assignments
-- Her codes keep their history; who had them is gone, and what staff wrote about it.
UPDATE assignment SET user_id = :nobody, void_reason = NULL WHERE user_id = :user_id RETURNING 1

-- name: erase_voids
-- Codes that she voided, as a member of staff, were voided by nobody in particular from now on.
WITH held AS (
    UPDATE assignment SET voided_by = :nobody WHERE voided_by = :user_id RETURNING code_id
),
unheld AS (
    UPDATE withdrawn_code SET withdrawn_by = :nobody WHERE withdrawn_by = :user_id RETURNING code_id
)
SELECT code_id FROM held UNION ALL SELECT code_id FROM unheld

-- name: erase_accounts
-- To whom platforms say they sold.
UPDATE redemption_report SET account = NULL WHERE account = :user_id RETURNING 1

-- name: erase_imports
-- Imports that she started, as a member of staff, are nobody's from now on.
UPDATE code_import SET created_by = :nobody WHERE created_by = :user_id RETURNING 1

-- name: erase_distributions
-- Distributions that she started, as a member of staff, are nobody's from now on.
UPDATE distribution SET created_by = :nobody WHERE created_by = :user_id RETURNING 1

-- name: erase_answers
-- What her requests were answered.
DELETE FROM idempotency WHERE actor = :user_id RETURNING 1
