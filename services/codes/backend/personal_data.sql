-- name: her_codes
-- The codes that she holds.
SELECT a.code_id AS id, c.sealed, p.event_id, p.campaign_id, a.selection_id, a.entry_id, a.assigned_at, a.revealed_at,
       a.redeemed_at, a.expired_at, a.voided_at, a.superseded_by, d.released_at
FROM assignment a
JOIN code c ON c.id = a.code_id
JOIN code_pool p ON p.id = c.pool_id
JOIN distribution d ON d.id = a.distribution_id
WHERE a.user_id = :user_id AND a.code_id > :after
ORDER BY a.code_id
LIMIT :limit

-- name: her_purchases
-- What ticketing platforms say that she bought with a code.
SELECT campaign_id || '/' || platform || '/' || external_id AS id, campaign_id, platform, external_id, code_id, quantity,
       redeemed_at, outcome
FROM redemption_report
WHERE account = :user_id AND campaign_id || '/' || platform || '/' || external_id > :after
ORDER BY campaign_id || '/' || platform || '/' || external_id
LIMIT :limit

-- name: outdate_pages
-- Has every distribution under way read its winners again: Entries knows by now that she is gone. Waits for a page being written.
UPDATE distribution SET erasures = erasures + 1 WHERE finished_at IS NULL

-- name: hold_assignments
-- Waits for codes of hers that are being replaced: the statements that follow see the new ones, and from now on none is.
SELECT FROM assignment WHERE user_id = :user_id FOR UPDATE

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
