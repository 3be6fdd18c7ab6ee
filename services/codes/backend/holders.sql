-- name: codes_by_lookup
-- Codes with these lookups.
SELECT now.*
FROM unnest(:lookups::bytea[]) AS given (lookup)
CROSS JOIN LATERAL (SELECT id FROM code WHERE lookup = given.lookup LIMIT 1) AS found
CROSS JOIN LATERAL (SELECT * FROM code_now WHERE id = found.id LIMIT 1) AS now

-- name: campaigns_of_users
-- The campaigns of which these users have or had codes, and whose those are.
SELECT DISTINCT a.user_id, p.campaign_id, k.team_id
FROM unnest(:user_ids::text[]) AS given (id)
JOIN assignment a ON a.user_id = given.id
JOIN code_pool p ON p.id = a.pool_id
JOIN campaign k ON k.id = p.campaign_id

-- name: pages_of_users
-- Pages of the codes that users have or had, newest first, each with one row more than its limit when more follow. With
-- `campaigns` only those of these campaigns, without only those that are released to her.
SELECT g.place, now.*
FROM unnest(:user_ids::text[], :campaigns::text[], :afters::text[], :limits::int[])
     WITH ORDINALITY AS g (user_id, campaigns, after, size, place)
CROSS JOIN LATERAL (
    SELECT a.code_id
    FROM assignment a
    JOIN code_pool p ON p.id = a.pool_id
    JOIN distribution d ON d.id = a.distribution_id
    WHERE a.user_id = g.user_id
      AND (g.after IS NULL OR a.code_id < g.after)
      AND CASE WHEN g.campaigns IS NULL THEN d.released_at IS NOT NULL
               ELSE p.campaign_id = ANY(string_to_array(g.campaigns, ',')) END
    ORDER BY a.code_id DESC
    LIMIT g.size + 1
) AS held
CROSS JOIN LATERAL (SELECT * FROM code_now WHERE id = held.code_id LIMIT 1) AS now
ORDER BY g.place, now.id DESC

-- name: export_page
-- The next codes of a campaign, by pool and place, behind the given one.
SELECT now.*
FROM (
    SELECT c.id, p.id AS pool_id, c.position
    FROM (SELECT id FROM code_pool WHERE campaign_id = :campaign_id AND id >= :pool_id) AS p
    CROSS JOIN LATERAL (
        SELECT id, position FROM code
        WHERE pool_id = p.id AND position > CASE WHEN p.id = :pool_id THEN :position::bigint ELSE 0 END
        ORDER BY position
        LIMIT :limit
    ) AS c
    ORDER BY p.id, c.position
    LIMIT :limit
) AS place
CROSS JOIN LATERAL (SELECT * FROM code_now WHERE id = place.id LIMIT 1) AS now
ORDER BY place.pool_id, place.position
