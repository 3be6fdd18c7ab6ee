-- name: promoters_by_id
-- The promoters of these ids.
SELECT (promoter_document(p)::jsonb || jsonb_build_object('announced', EXISTS (
    SELECT 1 FROM campaign c WHERE c.promoter_id = p.id AND c.announced_at IS NOT NULL)))::text AS document
FROM promoter p
WHERE p.id = ANY(:ids::text[])

-- name: promoter_page
-- A page of promoters that the caller may see, by name; after the one of the given id.
SELECT (promoter_document(p)::jsonb || jsonb_build_object('announced', known.announced))::text AS document
FROM promoter p
CROSS JOIN LATERAL (SELECT EXISTS (
    SELECT 1 FROM campaign c WHERE c.promoter_id = p.id AND c.announced_at IS NOT NULL) AS announced) AS known
WHERE (known.announced OR :non_public::boolean AND p.team_id = :team_id)
  AND (:team_id::text IS NULL OR p.team_id = :team_id)
  AND (:search::text IS NULL OR word_similarity(:search, p.search) >= :alike::float8)
  AND (:after::text IS NULL OR (p.name, p.id) > (SELECT l.name, l.id FROM promoter l WHERE l.id = :after))
ORDER BY p.name, p.id
LIMIT :limit

-- name: add_promoter
-- Adds a promoter.
INSERT INTO promoter (
    id, team_id, name, legal_name, support_email, privacy_policy_url, default_locale, shares_fan_data, search
) VALUES (
    :id, :team_id, :name, :legal_name, :support_email, :privacy_policy_url, :default_locale, :shares_fan_data, :search
)

-- name: hold_promoter
-- A promoter as it is, kept from being changed or chosen by anybody else until this transaction is over.
SELECT promoter_document(p)::text AS document FROM promoter p WHERE p.id = :id FOR NO KEY UPDATE

-- name: replace_promoter
-- Replaces all that can be set.
UPDATE promoter
SET name = :name, legal_name = :legal_name, support_email = :support_email, privacy_policy_url = :privacy_policy_url,
    default_locale = :default_locale, shares_fan_data = :shares_fan_data, search = :search,
    version = version + 1, updated_at = now()
WHERE id = :id

-- name: pass_on
-- Takes the next version of every campaign of a promoter, for they show what changed; answers which, and their states.
UPDATE campaign SET version = version + 1, updated_at = now()
WHERE promoter_id = :id
RETURNING id, state_now(state, opens_at, closes_at) AS state

-- name: default_locale_of
-- The locale that campaigns of a team's promoter begin with.
SELECT default_locale FROM promoter WHERE id = :id AND team_id = :team_id

-- name: assign_promoter
-- Gives a claimed campaign another promoter of its team. The promoter waits with changes meanwhile: else what it changes
-- at this moment would never reach the campaign.
WITH chosen AS (
    SELECT p.id FROM promoter p JOIN campaign c ON c.id = :campaign_id AND c.team_id = p.team_id
    WHERE p.id = :promoter_id AND c.promoter_id IS DISTINCT FROM p.id
    FOR SHARE OF p
)
UPDATE campaign c SET promoter_id = chosen.id FROM chosen WHERE c.id = :campaign_id

-- name: promoter_of
-- The promoter of a campaign.
SELECT promoter_id FROM campaign WHERE id = :campaign_id

-- name: dismiss_promoter
-- Leaves a claimed campaign without a promoter.
UPDATE campaign SET promoter_id = NULL WHERE id = :campaign_id
