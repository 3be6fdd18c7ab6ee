-- name: check_access
-- One row per question, in order: whether a live binding on the team, or on that very campaign, allows it.
-- A campaign is its own team's: asked together with another team, the answer is no.
SELECT EXISTS (
    SELECT FROM live_binding b
    WHERE b.user_id = q.user_id
      AND b.role = ANY(string_to_array(q.roles, ','))
      AND b.team_id = coalesce(c.team_id, q.team_id)
      AND (b.campaign_id IS NULL OR b.campaign_id = q.campaign_id)
) AND (c.team_id = q.team_id) IS NOT FALSE AS allowed
FROM unnest(:user_ids::text[], :roles::text[], :team_ids::text[], :campaign_ids::text[])
     WITH ORDINALITY AS q (user_id, roles, team_id, campaign_id, place)
LEFT JOIN campaign c ON c.id = q.campaign_id
ORDER BY q.place

-- name: reach
-- The teams, and the campaigns of no such team, where one of these roles is the user's.
WITH held AS (
    SELECT team_id, campaign_id FROM live_binding WHERE user_id = :user_id AND role = ANY(:roles::text[])
), whole AS (
    SELECT DISTINCT team_id FROM held WHERE campaign_id IS NULL
)
SELECT ARRAY(SELECT team_id FROM whole ORDER BY team_id) AS team_ids,
    ARRAY(SELECT DISTINCT campaign_id FROM held
          WHERE campaign_id IS NOT NULL AND team_id NOT IN (SELECT team_id FROM whole)
          ORDER BY campaign_id) AS campaign_ids

-- name: bindings_over
-- All of a user's bindings that reach this team or campaign, those that have expired too, the widest and oldest first.
SELECT b.*, b.expires_at IS NULL OR b.expires_at > now() AS live
FROM role_binding b
LEFT JOIN campaign c ON c.id = :campaign_id
WHERE b.user_id = :user_id
  AND b.team_id = coalesce(c.team_id, :team_id)
  AND (b.campaign_id IS NULL OR b.campaign_id = :campaign_id)
  AND (c.team_id = :team_id) IS NOT FALSE
ORDER BY b.campaign_id NULLS FIRST, b.id

-- name: campaign_access
-- The known ones of these campaigns: whose each is, and the viewer's live roles on it.
SELECT c.id, c.team_id, t.name AS team_name,
    ARRAY(
        SELECT b.role FROM live_binding b
        WHERE b.user_id = :viewer AND b.team_id = c.team_id AND (b.campaign_id IS NULL OR b.campaign_id = c.id)
    ) AS roles
FROM campaign c
JOIN team t ON t.id = c.team_id
WHERE c.id = ANY(:ids::text[])
