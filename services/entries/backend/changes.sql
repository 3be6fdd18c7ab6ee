-- name: own_entry
-- A fan's own entry as it is now, with the campaign's window and terms.
SELECT n.*, campaign_state_now(c.state, c.opens_at, c.closes_at) AS campaign_state, c.opens_at, c.closes_at,
       c.version AS campaign_version, c.document
FROM entry_now n
JOIN campaign c ON c.id = n.campaign_id
WHERE n.id = :id AND n.user_id = :user_id

-- name: amend
-- Changes a live entry's wishes, if the campaign is open, and its terms and the entry are still those that were checked.
WITH admitting AS (
    SELECT c.id FROM campaign c
    WHERE c.id = :campaign_id AND c.version = :campaign_version
      AND campaign_state_now(c.state, c.opens_at, c.closes_at) = 'OPEN'
    FOR SHARE
)
UPDATE entry e
SET preferences = coalesce(:preferences::text[], e.preferences),
    ticket_quantity = coalesce(:ticket_quantity::int, e.ticket_quantity),
    version = e.version + 1, updated_at = now()
FROM admitting a
WHERE e.campaign_id = a.id AND e.id = :id AND e.user_id = :user_id AND e.version = :version
  AND e.state IN ('PENDING_PHONE', 'ACCEPTED', 'UNDER_REVIEW')
RETURNING true

-- name: withdraw
-- Takes a live entry back, if the campaign is open.
WITH admitting AS (
    SELECT c.id FROM campaign c
    WHERE c.id = :campaign_id AND campaign_state_now(c.state, c.opens_at, c.closes_at) = 'OPEN'
    FOR SHARE
)
UPDATE entry e
SET state = 'WITHDRAWN', version = e.version + 1, updated_at = now()
FROM admitting a
WHERE e.campaign_id = a.id AND e.id = :id AND e.user_id = :user_id AND e.state IN ('PENDING_PHONE', 'ACCEPTED')
RETURNING true
