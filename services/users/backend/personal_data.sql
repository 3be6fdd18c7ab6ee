-- name: her_profile
-- Who she is.
SELECT id, issuer, subject, member_id, email_sealed, name_sealed, phone_sealed, phone_verified_at, phone_since, locale, country,
       do_not_sell, gpc_at, privacy_source, privacy_updated_at, created_at
FROM app_user WHERE id = :user_id AND id > :after LIMIT :limit

-- name: her_verification
-- The last proof of a phone that she began.
SELECT id, phone_sealed, expires_at, confirmed_at
FROM phone_verification WHERE user_id = :user_id AND id > :after LIMIT :limit

-- name: her_campaigns
-- The campaigns that she entered.
SELECT campaign_id AS id FROM entrant WHERE user_id = :user_id AND campaign_id > :after ORDER BY campaign_id LIMIT :limit

-- name: her_roles
-- What she may do, as a member of staff.
SELECT b.id, b.role, t.name AS team, b.campaign_id, b.expires_at, b.created_at, b.joined_at
FROM role_binding b JOIN team t ON t.id = b.team_id
WHERE b.user_id = :user_id AND b.id > :after
ORDER BY b.id
LIMIT :limit

-- name: her_actions
-- What she did, and what was done to her place in a team, as a member of staff.
SELECT id, action, target, team_id, campaign_id, at, actor = :user_id AS by_herself FROM audit_event
WHERE (actor = :user_id OR target = :user_id) AND id > :after
ORDER BY id
LIMIT :limit

-- name: her_requests
-- What she asked of us about her data.
SELECT id, kind, state, created_at, due_at, finished_at FROM privacy_request
WHERE user_id = :user_id AND id > :after
ORDER BY id
LIMIT :limit

-- name: her_accounts
-- The accounts that she linked.
SELECT provider AS id, provider, linked_at, expires_at FROM linked_account
WHERE user_id = :user_id AND provider > :after
ORDER BY provider
LIMIT :limit

-- name: her_cards
-- The cards that she verified.
SELECT id, brand, last4, verified_at, expires_at FROM verified_card
WHERE user_id = :user_id AND id > :after
ORDER BY id
LIMIT :limit

-- name: her_tiers
-- The identity tiers that she proved.
SELECT tier AS id, tier, verified_at, expires_at FROM identity_verification
WHERE user_id = :user_id AND tier > :after
ORDER BY tier
LIMIT :limit

-- name: her_consents
-- Everything that she allowed or forbade, from the first on.
SELECT lpad(sequence::text, 19, '0') AS id, campaign_id, purpose, granted, at FROM consent
WHERE user_id = :user_id AND sequence > coalesce(nullif(:after, ''), '0')::bigint
ORDER BY sequence
LIMIT :limit

-- name: count_proofs
-- What goes with her row: how many proofs and consents.
SELECT (SELECT count(*) FROM linked_account WHERE user_id = :user_id) AS linked_account,
       (SELECT count(*) FROM verified_card WHERE user_id = :user_id) AS verified_card,
       (SELECT count(*) FROM identity_verification WHERE user_id = :user_id) AS identity_verification,
       (SELECT count(*) FROM consent WHERE user_id = :user_id) AS consent

-- name: lock_teams
-- Her teams, locked as everybody locks them who changes their roles.
SELECT id FROM team WHERE id IN (SELECT team_id FROM role_binding WHERE user_id = :user_id) ORDER BY id FOR UPDATE

-- name: forget_verification
-- Her proof in progress.
DELETE FROM phone_verification WHERE user_id = :user_id RETURNING phone_sealed

-- name: lock_user
-- Herself: nobody can grant her anything, or prove a phone for her, until this commits; afterwards she is not there.
SELECT phone_sealed, email_sealed, version FROM app_user WHERE id = :user_id FOR UPDATE

-- name: end_roles
-- Everything she may do.
DELETE FROM role_binding WHERE user_id = :user_id RETURNING *

-- name: inherit_ownership
-- Teams that have no owner left go to their longest-standing administrator for good.
INSERT INTO role_binding AS b (id, user_id, role, team_id, granted_by, joined_at)
SELECT DISTINCT ON (heir.team_id) ids.id, heir.user_id, 'OWNER', heir.team_id, :nobody, heir.joined_at
FROM unnest(:team_ids::text[], :ids::text[]) AS ids (team_id, id)
JOIN role_binding heir ON heir.team_id = ids.team_id AND heir.role = 'ADMIN' AND heir.campaign_id IS NULL
    AND heir.expires_at IS NULL
WHERE NOT EXISTS (
    SELECT FROM role_binding o
    WHERE o.team_id = ids.team_id AND o.role = 'OWNER' AND o.campaign_id IS NULL AND o.expires_at IS NULL
)
ORDER BY heir.team_id, heir.id
ON CONFLICT (user_id, role, team_id, campaign_id) DO UPDATE SET expires_at = NULL, granted_by = excluded.granted_by
RETURNING *

-- name: ownerless_teams
-- The ones of these teams that nobody owns for good.
SELECT t.id FROM unnest(:team_ids::text[]) AS t (id)
WHERE NOT EXISTS (
    SELECT FROM role_binding o
    WHERE o.team_id = t.id AND o.role = 'OWNER' AND o.campaign_id IS NULL AND o.expires_at IS NULL
)

-- name: disown_grants
-- Roles that she granted to others stay; who granted them is gone.
UPDATE role_binding SET granted_by = :nobody WHERE granted_by = :user_id RETURNING 1

-- name: keep_entered
-- Campaigns that she entered have somebody erased among their fans.
INSERT INTO entrant (user_id, campaign_id)
SELECT :nobody, campaign_id FROM entrant WHERE user_id = :user_id
ON CONFLICT DO NOTHING

-- name: forget_entered
-- Which campaigns she entered.
DELETE FROM entrant WHERE user_id = :user_id RETURNING 1

-- name: forget_answers
-- What her requests were answered, and what others were answered about her.
DELETE FROM idempotency WHERE actor = :user_id OR answer ->> 'user_id' = :user_id RETURNING 1

-- name: forget_counters
-- How many messages she asked for. What her number and her address took stays counted: they may be others' too.
DELETE FROM phone_counter WHERE scope IN ('user', 'resend') AND key = :user_id

-- name: forget_user
-- Herself, and with her all that refers to her: proofs and consents.
DELETE FROM app_user WHERE id = :user_id

-- name: keep_version
-- The tombstone remembers a version above all that were published of her.
UPDATE erasure SET version = greatest(version, :version) WHERE request_id = :request_id
