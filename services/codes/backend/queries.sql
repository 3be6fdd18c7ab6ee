-- name: keep_campaigns
-- Keeps each campaign's team and texts, unless the version kept is as new; answers whose events are to be kept, too.
INSERT INTO campaign AS c (id, team_id, version, slug, default_locale, titles, sms_templates)
SELECT *
FROM unnest(
    :ids::text[], :team_ids::text[], :versions::bigint[], :slugs::text[], :default_locales::text[], :titles::jsonb[],
    :sms_templates::jsonb[]
) AS g (id, team_id, version, slug, default_locale, titles, sms_templates)
ORDER BY g.id
ON CONFLICT (id) DO UPDATE
SET team_id = excluded.team_id, version = excluded.version, slug = excluded.slug,
    default_locale = excluded.default_locale, titles = excluded.titles, sms_templates = excluded.sms_templates
WHERE c.version < excluded.version
RETURNING id

-- name: keep_events
-- Keeps the events of these campaigns, and forgets those that are gone. A statement of its own: it must see what another
-- version wrote for which `keep_campaigns` has waited.
WITH events AS (
    SELECT DISTINCT ON (e.id) e.*
    FROM unnest(
        :event_ids::text[], :event_campaign_ids::text[], :market_ids::text[], :names::text[], :code_modes::text[],
        :presale_opens_at::timestamptz[], :presale_closes_at::timestamptz[], :ticket_limits::int[]
    ) AS e (id, campaign_id, market_id, name, code_mode, presale_opens_at, presale_closes_at, ticket_limit)
    WHERE e.campaign_id = ANY(:kept::text[])
    ORDER BY e.id
),
gone AS (
    DELETE FROM campaign_event e
    WHERE e.campaign_id = ANY(:kept) AND NOT EXISTS (SELECT FROM events WHERE events.id = e.id)
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
    WHERE a.selection_id = ANY(:selections::text[]) AND a.superseded_by IS NULL
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
-- Pools by their ids or their events', with their counters as they are at this moment: what nobody has used when the presale
-- closes has expired, whether or not that is written down yet.
SELECT p.id, p.event_id, p.campaign_id, c.team_id, p.low_watermark, p.imported, p.generated, p.available, p.reserved,
       p.assigned + p.expired - over.expired AS assigned, p.redeemed, over.expired, p.voided
FROM code_pool p
JOIN campaign c ON c.id = p.campaign_id
LEFT JOIN campaign_event e ON e.id = p.event_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN e.id IS NULL THEN p.expired WHEN e.presale_closes_at <= now() THEN p.assigned + p.expired ELSE 0 END
) AS over (expired)
WHERE p.id = ANY(:ids::text[]) OR p.event_id = ANY(:event_ids::text[])

-- name: lock_pool
-- Keeps everybody else from adding codes to this pool, or taking some, until the transaction ends.
SELECT available FROM code_pool WHERE id = :id FOR UPDATE

-- name: lock_pool_of
-- As `lock_pool`, for the pool of a code.
SELECT p.id FROM code_pool p JOIN code c ON c.pool_id = p.id WHERE c.id = :code_id FOR UPDATE OF p

-- name: known_lookups
-- Those of the given codes that are in a pool already, in whichever, and which import brought them.
SELECT lookup, import_id FROM code WHERE lookup = ANY(:lookups::bytea[])

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
-- Codes by their ids, or by the selections or entries whose current ones they are, with who holds them and whether she may
-- see them yet. The LIMITs hold the planner to the indexes: right after a mass assignment it knows nothing of the tables'
-- sizes.
SELECT now.*
FROM (
    SELECT id FROM unnest(:ids::text[]) AS given (id)
    UNION
    SELECT held.code_id FROM unnest(:selection_ids::text[]) AS given (id)
    CROSS JOIN LATERAL (
        SELECT code_id FROM assignment WHERE selection_id = given.id AND superseded_by IS NULL LIMIT 1
    ) AS held
    UNION
    SELECT held.code_id FROM unnest(:entry_ids::text[]) AS given (id)
    CROSS JOIN LATERAL (
        SELECT code_id FROM assignment WHERE entry_id = given.id AND superseded_by IS NULL LIMIT 100
    ) AS held
) AS wanted (id)
CROSS JOIN LATERAL (SELECT * FROM code_now WHERE id = wanted.id LIMIT 1) AS now
ORDER BY now.id

-- name: mark_revealed
-- Notes that somebody saw the selection's code, for good; nothing when it has none that is good for anything.
UPDATE assignment SET revealed_at = coalesce(revealed_at, now())
WHERE selection_id = :selection_id AND voided_at IS NULL
RETURNING code_id
