-- name: consents_of_users
-- What holds for these users: the newest row of each campaign and purpose.
SELECT DISTINCT ON (user_id, campaign_id, purpose) user_id, campaign_id, purpose, granted, at
FROM consent
WHERE user_id = ANY(:ids::text[])
ORDER BY user_id, campaign_id, purpose, sequence DESC

-- name: lock_user
-- A user's consents are recorded one after another.
SELECT FROM app_user WHERE id = :user_id FOR NO KEY UPDATE

-- name: record_consent
-- Adds to the ledger, unless that is what holds already. Only for campaigns that are known.
INSERT INTO consent (user_id, campaign_id, purpose, granted)
SELECT :user_id, c.id, :purpose::text, :granted::boolean
FROM campaign c
WHERE c.id = :campaign_id AND :granted IS DISTINCT FROM (
    SELECT granted FROM consent
    WHERE user_id = :user_id AND campaign_id = :campaign_id AND purpose = :purpose
    ORDER BY sequence DESC LIMIT 1
)
RETURNING user_id, campaign_id, purpose, granted, at

-- name: consent_that_holds
-- The newest row of a user, campaign and purpose.
SELECT user_id, campaign_id, purpose, granted, at FROM consent
WHERE user_id = :user_id AND campaign_id = :campaign_id AND purpose = :purpose
ORDER BY sequence DESC LIMIT 1
