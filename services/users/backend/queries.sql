-- name: sight_users
-- Makes users at first sight, and follows changes of the issuer's claims; answers the ids that are new or changed.
INSERT INTO app_user AS u (id, issuer, subject, member_id, email_sealed, email_lookup, name_sealed, locale, country)
SELECT DISTINCT ON (s.id) s.*
FROM unnest(
    :ids::text[], :issuers::text[], :subjects::text[], :member_ids::text[], :emails_sealed::bytea[], :emails_lookup::bytea[],
    :names_sealed::bytea[], :locales::text[], :countries::text[]
) AS s (id, issuer, subject, member_id, email_sealed, email_lookup, name_sealed, locale, country)
ORDER BY s.id
ON CONFLICT (id) DO UPDATE
SET member_id = coalesce(excluded.member_id, u.member_id),
    email_sealed = coalesce(excluded.email_sealed, u.email_sealed),
    email_lookup = coalesce(excluded.email_lookup, u.email_lookup),
    version = u.version + 1
WHERE excluded.email_lookup IS DISTINCT FROM u.email_lookup AND excluded.email_lookup IS NOT NULL
   OR excluded.member_id IS DISTINCT FROM u.member_id AND excluded.member_id IS NOT NULL
RETURNING u.id

-- name: users_by_id
-- The users of these ids.
SELECT * FROM app_user WHERE id = ANY(:ids::text[])

-- name: keep_campaigns
-- Keeps each campaign's team, unless a newer version is there.
INSERT INTO campaign AS c (id, team_id, version)
SELECT * FROM unnest(:ids::text[], :team_ids::text[], :versions::bigint[])
ON CONFLICT (id) DO UPDATE SET team_id = excluded.team_id, version = excluded.version
WHERE c.version < excluded.version

-- name: check_access
-- One row per question, in order: whether a live binding on the team, or on that very campaign, allows it.
SELECT EXISTS (
    SELECT 1 FROM role_binding b
    WHERE b.user_id = q.user_id
      AND b.role = ANY(string_to_array(q.roles, ','))
      AND (b.expires_at IS NULL OR b.expires_at > now())
      AND b.team_id = coalesce(q.team_id, (SELECT c.team_id FROM campaign c WHERE c.id = q.campaign_id))
      AND (b.campaign_id IS NULL OR b.campaign_id = q.campaign_id)
) AS allowed
FROM unnest(:user_ids::text[], :roles::text[], :team_ids::text[], :campaign_ids::text[])
     WITH ORDINALITY AS q (user_id, roles, team_id, campaign_id, place)
ORDER BY q.place
