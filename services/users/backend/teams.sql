-- name: visible_teams
-- The ones of these teams where the viewer has a live role.
SELECT t.id, t.name FROM team t
WHERE t.id = ANY(:ids::text[])
  AND EXISTS (SELECT FROM live_binding mine WHERE mine.user_id = :viewer AND mine.team_id = t.id)

-- name: bindings_of_teams
-- The live bindings of these teams, as far as the viewer has a role there.
SELECT b.* FROM live_binding b
WHERE b.team_id = ANY(:team_ids::text[])
  AND EXISTS (SELECT FROM live_binding mine WHERE mine.user_id = :viewer AND mine.team_id = b.team_id)
ORDER BY b.id

-- name: bindings_of_users
-- The live bindings of these users: all of the viewer's own, of others those on teams where the viewer has a role.
SELECT b.* FROM live_binding b
WHERE b.user_id = ANY(:user_ids::text[])
  AND (b.user_id = :viewer
       OR EXISTS (SELECT FROM live_binding mine WHERE mine.user_id = :viewer AND mine.team_id = b.team_id))
ORDER BY b.id

-- name: add_team
-- A new team; answers nothing when it is there already.
INSERT INTO team (id, name) VALUES (:id, :name) ON CONFLICT DO NOTHING RETURNING id

-- name: lock_team
-- The team, locked: changes of its roles come one after another, so that what one decides by still holds when it commits.
SELECT id, name FROM team WHERE id = :id FOR UPDATE

-- name: team_of_campaign
-- Whose campaign this is.
SELECT team_id FROM campaign WHERE id = :id

-- name: team_of_binding
-- On which team this binding is.
SELECT team_id FROM role_binding WHERE id = :id

-- name: manages_some_team
-- Whether the user has one of these roles on any whole team.
SELECT EXISTS (
    SELECT FROM live_binding WHERE user_id = :user_id AND campaign_id IS NULL AND role = ANY(:roles::text[])
)

-- name: roles_held
-- The user's live roles on a team, or on one campaign of it; only those that she has until some moment, or for good.
SELECT role FROM live_binding
WHERE user_id = :user_id AND team_id = :team_id AND (campaign_id IS NULL OR campaign_id = :campaign_id)
  AND (expires_at IS NULL OR NOT :for_good::boolean AND expires_at >= coalesce(:until::timestamptz, now()))

-- name: binding_by_id
-- One binding.
SELECT * FROM role_binding WHERE id = :id

-- name: same_binding
-- The binding of this user, role and scope.
SELECT * FROM role_binding
WHERE user_id = :user_id AND role = :role AND team_id = :team_id AND campaign_id IS NOT DISTINCT FROM :campaign_id

-- name: user_exists
-- Whether the user is there; she stays until this transaction ends.
SELECT true FROM app_user WHERE id = :id AND issuer <> '' FOR KEY SHARE

-- name: grant_role
-- Grants a role, or moves the expiry of the same grant; answers nothing when the expiry is not in the future.
-- Who is in the team by her own will already stays so; who grants herself a role is.
INSERT INTO role_binding (id, user_id, role, team_id, campaign_id, expires_at, granted_by, joined_at)
SELECT :id, :user_id, :role, :team_id, :campaign_id, :expires_at::timestamptz, :granted_by,
       (SELECT min(b.joined_at) FROM role_binding b WHERE b.team_id = :team_id AND b.user_id = :user_id)
WHERE :expires_at::timestamptz IS NULL OR :expires_at > now()
ON CONFLICT (user_id, role, team_id, campaign_id) DO UPDATE
SET expires_at = excluded.expires_at, granted_by = excluded.granted_by
RETURNING *

-- name: join_team
-- Marks everything that a user holds on a team as held by her own will; answers how much of it is new.
WITH joined AS (
    UPDATE role_binding SET joined_at = now()
    WHERE team_id = :team_id AND user_id = :user_id AND joined_at IS NULL
    RETURNING id
)
SELECT count(*) FROM joined

-- name: revoke_role
-- Ends a binding.
DELETE FROM role_binding WHERE id = :id RETURNING *

-- name: bindings_of_member
-- Everything a user holds on a team and its campaigns, expired or not.
SELECT * FROM role_binding WHERE team_id = :team_id AND user_id = :user_id ORDER BY id

-- name: remove_member
-- Ends everything a user holds on a team and its campaigns.
DELETE FROM role_binding WHERE team_id = :team_id AND user_id = :user_id

-- name: has_owner
-- Whether somebody owns the whole team for good.
SELECT EXISTS (
    SELECT FROM role_binding
    WHERE team_id = :team_id AND role = 'OWNER' AND campaign_id IS NULL AND expires_at IS NULL
)
