-- name: keep_redemptions
-- Keeps what became of selections' codes, unless what is kept is as new.
INSERT INTO redemption AS r (selection_id, quantity, version, outcome)
SELECT * FROM unnest(:selection_ids::text[], :quantities::int[], :versions::bigint[], :outcomes::text[]) AS g (selection_id)
ORDER BY g.selection_id
ON CONFLICT (selection_id) DO UPDATE
SET quantity = excluded.quantity, version = excluded.version, outcome = excluded.outcome
WHERE r.version < excluded.version

-- name: mark_due
-- Has other entries of those who bought scored anew.
WITH hers AS (
    SELECT campaign_id, id FROM entry
    WHERE user_id IN (SELECT user_id FROM selection WHERE id = ANY(:selection_ids::text[]))
      AND state NOT IN ('WITHDRAWN', 'ERASED')
    ORDER BY campaign_id, identity
    FOR UPDATE
)
UPDATE entry e SET score_due = true FROM hers WHERE e.campaign_id = hers.campaign_id AND e.id = hers.id
