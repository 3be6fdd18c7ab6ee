-- name: hold_source
-- Keeps a campaign from being changed until this transaction is over.
SELECT id FROM campaign WHERE id = :id FOR SHARE

-- name: clone_campaign
-- Copies a campaign's own columns, whatever they are, into a draft that nobody knows of.
INSERT INTO campaign
SELECT made.*
FROM campaign AS source
CROSS JOIN LATERAL jsonb_populate_record(source, jsonb_build_object(
    'id', :id::text, 'slug', :slug::text, 'version', 1, 'state', 'DRAFT', 'announced_at', NULL,
    'opens_at', :opens_at::timestamptz, 'closes_at', :closes_at::timestamptz, 'created_at', now(), 'updated_at', now()
)) AS made
WHERE source.id = :source_id

-- name: clone_contents
-- Copies the texts of all locales.
INSERT INTO campaign_content
SELECT made.*
FROM campaign_content AS source
CROSS JOIN LATERAL jsonb_populate_record(source, jsonb_build_object('campaign_id', :id::text)) AS made
WHERE source.campaign_id = :source_id

-- name: clone_artists
-- Copies who performs.
INSERT INTO campaign_artist
SELECT made.*
FROM campaign_artist AS source
CROSS JOIN LATERAL jsonb_populate_record(source, jsonb_build_object('campaign_id', :id::text)) AS made
WHERE source.campaign_id = :source_id

-- name: clone_markets
-- Copies markets under new ids.
INSERT INTO market
SELECT made.*
FROM unnest(:old_ids::text[], :new_ids::text[]) AS renamed (old_id, new_id)
JOIN market AS source ON source.id = renamed.old_id
CROSS JOIN LATERAL jsonb_populate_record(
    source, jsonb_build_object('id', renamed.new_id, 'campaign_id', :id::text)) AS made

-- name: clone_events
-- Copies events under new ids, into the copies of their markets, at new dates.
INSERT INTO event
SELECT made.*
FROM unnest(
    :old_ids::text[], :new_ids::text[], :market_ids::text[], :starts_at::timestamptz[], :opens_at::timestamptz[],
    :closes_at::timestamptz[]
) AS moved (old_id, new_id, market_id, starts_at, opens_at, closes_at)
JOIN event AS source ON source.id = moved.old_id
CROSS JOIN LATERAL jsonb_populate_record(source, jsonb_build_object(
    'id', moved.new_id, 'campaign_id', :id::text, 'market_id', moved.market_id, 'starts_at', moved.starts_at,
    'presale_opens_at', moved.opens_at, 'presale_closes_at', moved.closes_at
)) AS made
