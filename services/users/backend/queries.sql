-- name: sight_users
-- Makes users at first sight and follows changes of the issuer's claims; answers those that are new or changed.
-- Nobody is made, or changed, by a token from before her account's erasure; who comes back later is somebody new, whose
-- snapshots go on above the versions of the one who left.
INSERT INTO app_user AS u (id, issuer, subject, member_id, email_sealed, email_lookup, name_sealed, locale, country,
                           signed_in_at, version)
SELECT DISTINCT ON (s.id) s.id, s.issuer, s.subject, s.member_id, s.email_sealed, s.email_lookup, s.name_sealed, s.locale,
       s.country, to_timestamp(s.issued_at),
       1 + coalesce((SELECT max(x.version) FROM erasure x WHERE x.user_id = s.id), 0)
FROM unnest(
    :ids::text[], :issuers::text[], :subjects::text[], :member_ids::text[], :emails_sealed::bytea[], :emails_lookup::bytea[],
    :names_sealed::bytea[], :locales::text[], :countries::text[], :issued_at::bigint[]
) AS s (id, issuer, subject, member_id, email_sealed, email_lookup, name_sealed, locale, country, issued_at)
WHERE NOT EXISTS (SELECT FROM erasure x WHERE x.user_id = s.id AND x.until >= to_timestamp(s.issued_at))
ORDER BY s.id
ON CONFLICT (id) DO UPDATE
SET member_id = coalesce(excluded.member_id, u.member_id),
    email_sealed = coalesce(excluded.email_sealed, u.email_sealed),
    email_lookup = coalesce(excluded.email_lookup, u.email_lookup),
    country = coalesce(excluded.country, u.country),
    name_sealed = coalesce(u.name_sealed, excluded.name_sealed),
    locale = coalesce(u.locale, excluded.locale),
    version = u.version + 1
WHERE excluded.email_lookup IS DISTINCT FROM u.email_lookup AND excluded.email_lookup IS NOT NULL
   OR excluded.member_id IS DISTINCT FROM u.member_id AND excluded.member_id IS NOT NULL
   OR excluded.country IS DISTINCT FROM u.country AND excluded.country IS NOT NULL
RETURNING u.*, xmax = 0 AS inserted

-- name: keep_entrants
-- Remembers which campaigns fans entered: whose staff may see them.
INSERT INTO entrant (user_id, campaign_id)
SELECT DISTINCT e.user_id, e.campaign_id
FROM unnest(:user_ids::text[], :campaign_ids::text[], :issued_at::bigint[]) AS e (user_id, campaign_id, issued_at)
WHERE NOT EXISTS (SELECT FROM erasure x WHERE x.user_id = e.user_id AND x.until >= to_timestamp(e.issued_at))
ORDER BY 1, 2
ON CONFLICT DO NOTHING

-- name: users_by_id
-- The users of these ids, and whether they are being erased.
SELECT *, EXISTS (SELECT FROM erasure x WHERE x.user_id = u.id AND x.erased_at IS NULL) AS is_leaving
FROM app_user u
WHERE id = ANY(:ids::text[])

-- name: visible_users
-- The users of these ids, each with what connects the viewer to her: the viewer's roles over campaigns that she
-- entered, the viewer's roles on teams that she has joined or granted a role in, and whether there is a team where she
-- has, had or granted a role at all, and one that she has joined.
SELECT u.*,
    ARRAY(
        SELECT DISTINCT mine.role
        FROM entrant e
        JOIN campaign c ON c.id = e.campaign_id
        JOIN live_binding mine ON mine.user_id = :viewer AND mine.team_id = c.team_id
            AND (mine.campaign_id IS NULL OR mine.campaign_id = c.id)
        WHERE e.user_id = u.id
    ) AS roles_over_entries,
    ARRAY(
        SELECT DISTINCT mine.role
        FROM live_binding mine
        JOIN role_binding theirs ON theirs.team_id = mine.team_id
            AND (theirs.user_id = u.id AND theirs.joined_at IS NOT NULL OR theirs.granted_by = u.id)
        WHERE mine.user_id = :viewer AND mine.campaign_id IS NULL
    ) AS roles_over_team,
    EXISTS (
        SELECT FROM live_binding mine
        JOIN role_binding theirs ON theirs.team_id = mine.team_id AND u.id IN (theirs.user_id, theirs.granted_by)
        WHERE mine.user_id = :viewer
    ) AS listed,
    EXISTS (
        SELECT FROM live_binding mine
        JOIN role_binding theirs ON theirs.team_id = mine.team_id
            AND (theirs.user_id = u.id AND theirs.joined_at IS NOT NULL OR theirs.granted_by = u.id)
        WHERE mine.user_id = :viewer
    ) AS colleague
FROM app_user u
WHERE u.id = ANY(:ids::text[])

-- name: update_profile
-- Changes what is marked as changed.
UPDATE app_user
SET name_sealed = CASE WHEN :change_name::boolean THEN :name_sealed::bytea ELSE name_sealed END,
    locale = CASE WHEN :change_locale::boolean THEN :locale::text ELSE locale END
WHERE id = :id
RETURNING *

-- name: set_privacy
-- The user's own choice; answers nothing when it stands already.
UPDATE app_user
SET do_not_sell = :do_not_sell::boolean, privacy_source = 'USER', privacy_updated_at = now(), version = version + 1
WHERE id = :id AND (do_not_sell <> :do_not_sell OR privacy_source <> 'USER')
RETURNING *

-- name: follow_signals
-- The first Global Privacy Control signal of a user's browser opts her out, whatever she chose before; what she chooses after
-- it stands. Answers those whose first one this is.
UPDATE app_user
SET gpc_at = now(),
    do_not_sell = true,
    privacy_source = CASE WHEN do_not_sell THEN privacy_source ELSE 'GPC' END,
    privacy_updated_at = CASE WHEN do_not_sell THEN privacy_updated_at ELSE now() END,
    version = version + 1
WHERE id = ANY(:ids::text[]) AND gpc_at IS NULL
RETURNING *

-- name: gate_proofs
-- What these users have proved and until when it counts; of several cards of one brand the one that lasts longest.
SELECT user_id, 'accounts' AS kind, provider AS value, expires_at
FROM linked_account WHERE user_id = ANY(:ids::text[]) AND expires_at > now()
UNION ALL
SELECT user_id, 'cards', brand, max(expires_at)
FROM verified_card WHERE user_id = ANY(:ids::text[]) AND expires_at > now() GROUP BY user_id, brand
UNION ALL
SELECT user_id, 'tiers', tier, expires_at
FROM identity_verification WHERE user_id = ANY(:ids::text[]) AND expires_at > now()
ORDER BY 1, 2, 3

-- name: keep_campaigns
-- Keeps each campaign's team, unless a newer version is there.
INSERT INTO campaign AS c (id, team_id, version)
SELECT * FROM unnest(:ids::text[], :team_ids::text[], :versions::bigint[]) AS s (id, team_id, version) ORDER BY s.id
ON CONFLICT (id) DO UPDATE SET team_id = excluded.team_id, version = excluded.version
WHERE c.version < excluded.version
