-- name: keep_campaigns
-- Keeps each campaign's team and events, unless the version kept is as new; events that are gone are forgotten.
WITH given AS (
    SELECT * FROM unnest(
        :ids::text[], :team_ids::text[], :versions::bigint[], :slugs::text[], :default_locales::text[], :titles::jsonb[],
        :sms_templates::jsonb[]
    ) AS g (id, team_id, version, slug, default_locale, titles, sms_templates)
),
kept AS (
    INSERT INTO campaign AS c (id, team_id, version, slug, default_locale, titles, sms_templates)
    SELECT * FROM given ORDER BY id
    ON CONFLICT (id) DO UPDATE
    SET team_id = excluded.team_id, version = excluded.version, slug = excluded.slug,
        default_locale = excluded.default_locale, titles = excluded.titles, sms_templates = excluded.sms_templates
    WHERE c.version < excluded.version
    RETURNING id
),
events AS (
    SELECT DISTINCT ON (e.id) e.*
    FROM unnest(
        :event_ids::text[], :event_campaign_ids::text[], :market_ids::text[], :names::text[], :code_modes::text[],
        :presale_opens_at::timestamptz[], :presale_closes_at::timestamptz[], :ticket_limits::int[]
    ) AS e (id, campaign_id, market_id, name, code_mode, presale_opens_at, presale_closes_at, ticket_limit)
    JOIN kept ON kept.id = e.campaign_id
    ORDER BY e.id
),
gone AS (
    DELETE FROM campaign_event e USING kept
    WHERE e.campaign_id = kept.id AND NOT EXISTS (SELECT FROM events WHERE events.id = e.id)
)
INSERT INTO campaign_event (id, campaign_id, market_id, name, code_mode, presale_opens_at, presale_closes_at, ticket_limit)
SELECT * FROM events
ON CONFLICT (id) DO UPDATE
SET campaign_id = excluded.campaign_id, market_id = excluded.market_id, name = excluded.name,
    code_mode = excluded.code_mode, presale_opens_at = excluded.presale_opens_at,
    presale_closes_at = excluded.presale_closes_at, ticket_limit = excluded.ticket_limit

-- name: scopes
-- Whose each event, pool, distributed wave and assigned selection is.
SELECT thing.id, thing.campaign_id, c.team_id
FROM (
    SELECT id, campaign_id FROM campaign_event WHERE id = ANY(:events::text[])
    UNION ALL
    SELECT id, campaign_id FROM code_pool WHERE id = ANY(:pools::text[])
    UNION ALL
    SELECT wave_id, campaign_id FROM distribution WHERE wave_id = ANY(:waves::text[])
    UNION ALL
    SELECT a.selection_id, d.campaign_id FROM assignment a JOIN distribution d ON d.id = a.distribution_id
    WHERE a.selection_id = ANY(:selections::text[])
    UNION ALL
    SELECT id, id FROM campaign WHERE id = ANY(:campaigns::text[])
) AS thing (id, campaign_id)
JOIN campaign c ON c.id = thing.campaign_id

-- name: make_pool
-- Makes the event's pool; answers nothing when it has one, or when there is no such event.
INSERT INTO code_pool (id, event_id, campaign_id, low_watermark)
SELECT :id, e.id, e.campaign_id, :low_watermark::int FROM campaign_event e WHERE e.id = :event_id
ON CONFLICT (event_id) DO NOTHING
RETURNING id

-- name: pools
-- Pools by their ids or their events', with their counters.
SELECT p.*, c.team_id FROM code_pool p JOIN campaign c ON c.id = p.campaign_id
WHERE p.id = ANY(:ids::text[]) OR p.event_id = ANY(:event_ids::text[])

-- name: lock_pool
-- Keeps everybody else from adding codes to this pool, or taking some, until the transaction ends.
SELECT id FROM code_pool WHERE id = :id FOR UPDATE

-- name: known_lookups
-- Those of the given codes that are in a pool already, in whichever.
SELECT lookup FROM code WHERE lookup = ANY(:lookups::bytea[])

-- name: add_codes
-- Adds codes behind the last one of the pool, in the given order, and counts them. The pool is locked. Rows are written in the
-- order of their lookups: two imports of one code into two pools wait for each other, never in a circle.
WITH added AS (
    INSERT INTO code (id, pool_id, position, import_id, sealed, lookup)
    SELECT g.id, p.id, p.imported + p.generated + g.place, :import_id, g.sealed, g.lookup
    FROM unnest(:ids::text[], :sealed::bytea[], :lookups::bytea[]) WITH ORDINALITY AS g (id, sealed, lookup, place)
    JOIN code_pool p ON p.id = :pool_id
    ORDER BY g.lookup
    RETURNING import_id
),
counted AS (
    SELECT count(import_id) AS imported, count(*) - count(import_id) AS generated FROM added
)
UPDATE code_pool p
SET imported = p.imported + counted.imported,
    generated = p.generated + counted.generated,
    available = p.available + counted.imported + counted.generated
FROM counted
WHERE p.id = :pool_id

-- name: codes
-- Codes by their ids, or by the selections or entries that hold them, with who holds them and whether she may see them yet.
-- The LIMITs hold the planner to the indexes: right after a mass assignment it knows nothing of the tables' sizes.
SELECT c.id, c.sealed, p.event_id, p.campaign_id, k.team_id, a.selection_id, a.entry_id, a.user_id, a.assigned_at,
       a.redeemed_at, d.released_at,
       CASE WHEN a.redeemed_at IS NOT NULL THEN 'REDEEMED'
            WHEN a.code_id IS NOT NULL THEN 'ASSIGNED'
            WHEN c.position <= p.taken THEN 'RESERVED'
            ELSE 'AVAILABLE' END AS state
FROM (
    SELECT id FROM unnest(:ids::text[]) AS given (id)
    UNION
    SELECT held.code_id FROM unnest(:selection_ids::text[]) AS given (id)
    CROSS JOIN LATERAL (SELECT code_id FROM assignment WHERE selection_id = given.id LIMIT 1) AS held
    UNION
    SELECT held.code_id FROM unnest(:entry_ids::text[]) AS given (id)
    CROSS JOIN LATERAL (SELECT code_id FROM assignment WHERE entry_id = given.id LIMIT 100) AS held
) AS wanted (id)
CROSS JOIN LATERAL (SELECT * FROM code WHERE id = wanted.id LIMIT 1) AS c
JOIN code_pool p ON p.id = c.pool_id
JOIN campaign k ON k.id = p.campaign_id
LEFT JOIN LATERAL (SELECT * FROM assignment WHERE code_id = c.id LIMIT 1) AS a ON true
LEFT JOIN distribution d ON d.id = a.distribution_id
ORDER BY c.id

-- name: mark_revealed
-- Notes that somebody saw the selection's code, for good.
UPDATE assignment SET revealed_at = coalesce(revealed_at, now()) WHERE selection_id = :selection_id
RETURNING code_id
