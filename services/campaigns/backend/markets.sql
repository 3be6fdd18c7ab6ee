-- name: put_market
-- Adds a market, or replaces an existing one of this campaign; its place is the venue's where none is given.
WITH given AS (
    SELECT coalesce(:latitude::float8, v.latitude) AS latitude, coalesce(:longitude::float8, v.longitude) AS longitude
    FROM (SELECT) AS one LEFT JOIN venue v ON v.id = :venue_id::text
), people AS (
    SELECT sum(c.population) AS population
    FROM given g
    JOIN city c ON (point(c.longitude, c.latitude) <@ square_km(g.latitude, g.longitude, :radius_km::float8, 0)
                    OR point(c.longitude, c.latitude) <@ square_km(g.latitude, g.longitude, :radius_km, 360)
                    OR point(c.longitude, c.latitude) <@ square_km(g.latitude, g.longitude, :radius_km, -360))
        AND distance_km(g.latitude, g.longitude, c.latitude, c.longitude) <= :radius_km
), replaced AS (
    UPDATE market m
    SET name = :name, country = :country, venue_id = :venue_id, latitude = g.latitude, longitude = g.longitude,
        radius_km = :radius_km, population = p.population
    FROM given g, people p
    WHERE :existing::boolean AND m.id = :id AND m.campaign_id = :campaign_id
    RETURNING m.id
), added AS (
    INSERT INTO market (id, campaign_id, name, country, venue_id, latitude, longitude, radius_km, population)
    SELECT :id::text, :campaign_id::text, :name::text, :country::text, :venue_id, g.latitude, g.longitude, :radius_km, p.population
    FROM given g, people p
    WHERE NOT :existing
    RETURNING id
)
SELECT id FROM replaced UNION ALL SELECT id FROM added

-- name: market_time_zone
-- The time zone of a market of this campaign; null where it has no place.
SELECT time_zone FROM market WHERE campaign_id = :campaign_id AND id = :market_id

-- name: put_event
-- Adds an event, or replaces an existing one of this campaign.
WITH replaced AS (
    UPDATE event
    SET market_id = :market_id, name = :name, starts_at = :starts_at, presale_opens_at = :presale_opens_at,
        presale_closes_at = :presale_closes_at, allocation = :allocation, code_mode = :code_mode, ticket_limit = :ticket_limit
    WHERE :existing::boolean AND id = :id AND campaign_id = :campaign_id
    RETURNING id
), added AS (
    INSERT INTO event (
        id, campaign_id, market_id, name, starts_at, presale_opens_at, presale_closes_at, allocation, code_mode, ticket_limit
    )
    SELECT :id::text, :campaign_id::text, :market_id::text, :name::text, :starts_at::timestamptz, :presale_opens_at::timestamptz,
           :presale_closes_at::timestamptz, :allocation::int, :code_mode::text, :ticket_limit::int
    WHERE NOT :existing
    RETURNING id
)
SELECT id FROM replaced UNION ALL SELECT id FROM added

-- name: remove_market
-- Removes a market of this campaign with its events.
WITH events AS (DELETE FROM event WHERE campaign_id = :campaign_id AND market_id = :id)
DELETE FROM market WHERE campaign_id = :campaign_id AND id = :id
RETURNING id

-- name: remove_event
-- Removes an event of this campaign.
DELETE FROM event WHERE campaign_id = :campaign_id AND id = :id
RETURNING id
