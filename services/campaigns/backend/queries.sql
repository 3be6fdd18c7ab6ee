-- name: campaign_page
-- A page of campaigns that the caller may see, in the order asked for; `rank` grows along it, and ids break ties.
-- With `backward` it is the end of what lies between the two places, last one first.
WITH ranked AS (
    SELECT c.id, CASE :order_by::text
        WHEN 'OPENS_SOONEST' THEN extract(epoch FROM c.opens_at)
        WHEN 'CLOSES_SOONEST' THEN extract(epoch FROM c.closes_at)
        ELSE -extract(epoch FROM c.created_at)
    END AS rank
    FROM campaign c
    WHERE (state_now(c.state, c.opens_at, c.closes_at) = ANY(:public_states::text[])
           OR c.team_id = ANY(:reader_teams::text[]) OR c.id = ANY(:reader_campaigns::text[]))
      AND (:team_id::text IS NULL OR c.team_id = :team_id)
      AND (:promoter_id::text IS NULL OR c.promoter_id = :promoter_id)
      AND (:states::text[] IS NULL OR state_now(c.state, c.opens_at, c.closes_at) = ANY(:states))
      AND (:country::text IS NULL OR :country = ANY(c.countries))
      AND (:open_at::timestamptz IS NULL
           OR c.state IN ('SCHEDULED', 'OPEN') AND c.opens_at <= :open_at AND :open_at < c.closes_at)
      AND (:artist_id::text IS NULL
           OR EXISTS (SELECT 1 FROM campaign_artist ca WHERE ca.campaign_id = c.id AND ca.artist_id = :artist_id))
      AND (:search::text IS NULL
           OR EXISTS (SELECT 1 FROM campaign_content t
                      WHERE t.campaign_id = c.id AND word_similarity(:search, t.search) >= :alike::float8)
           OR EXISTS (SELECT 1 FROM campaign_artist ca JOIN artist a ON a.id = ca.artist_id
                      WHERE ca.campaign_id = c.id AND word_similarity(:search, a.search) >= :alike::float8))
)
SELECT document, rank::text || '|' || page.id AS place
FROM (
    SELECT * FROM ranked
    WHERE (:after_id::text IS NULL OR (rank, id) > (:after_rank::numeric, :after_id))
      AND (:before_id::text IS NULL OR (rank, id) < (:before_rank::numeric, :before_id))
    ORDER BY CASE WHEN :backward::boolean THEN -rank ELSE rank END,
             CASE WHEN NOT :backward THEN id END,
             CASE WHEN :backward THEN id END DESC
    LIMIT :limit
) AS page
JOIN campaign_document d ON d.id = page.id
ORDER BY CASE WHEN :backward THEN -page.rank ELSE page.rank END,
         CASE WHEN NOT :backward THEN page.id END,
         CASE WHEN :backward THEN page.id END DESC

-- name: create_campaign
-- Adds a draft.
INSERT INTO campaign (
    id, slug, team_id, default_locale, countries, opens_at, closes_at, phone_required, identity_key, gate, score_min, score_max
) VALUES (
    :id, :slug, :team_id, :default_locale, :countries::text[], :opens_at, :closes_at, :phone_required, :identity_key,
    :gate::jsonb, :score_min, :score_max
)

-- name: set_state
-- Puts a claimed campaign into its new state. A draft that was announced and taken back is as unknown as any other.
UPDATE campaign
SET state = :state, announced_at = CASE WHEN :announced::boolean THEN coalesce(announced_at, now())
                                        WHEN :state <> 'DRAFT' THEN announced_at END
WHERE id = :id

-- name: set_setup
-- Changes those of a claimed campaign's own columns that are given; a score range can also be given as none.
UPDATE campaign
SET slug = coalesce(:slug, slug),
    default_locale = coalesce(:default_locale, default_locale),
    countries = coalesce(:countries::text[], countries),
    opens_at = coalesce(:opens_at, opens_at),
    closes_at = coalesce(:closes_at, closes_at),
    phone_required = coalesce(:phone_required, phone_required),
    identity_key = coalesce(:identity_key, identity_key),
    score_min = CASE WHEN :scores_given::boolean THEN :score_min::float8 ELSE score_min END,
    score_max = CASE WHEN :scores_given THEN :score_max::float8 ELSE score_max END
WHERE id = :id

-- name: set_gate
-- Replaces a claimed campaign's gate; null removes it.
UPDATE campaign SET gate = :gate::jsonb WHERE id = :id

-- name: set_contents
-- Replaces the texts of these locales.
INSERT INTO campaign_content (campaign_id, locale, title, summary, body, terms, sms_template, search)
SELECT :id::text, * FROM unnest(
    :locales::text[], :titles::text[], :summaries::text[], :bodies::text[], :terms::text[], :sms_templates::text[],
    :searches::text[]
)
ON CONFLICT (campaign_id, locale) DO UPDATE
SET title = excluded.title, summary = excluded.summary, body = excluded.body, terms = excluded.terms,
    sms_template = excluded.sms_template, search = excluded.search

-- name: clear_artists
-- Takes all artists off a campaign.
DELETE FROM campaign_artist WHERE campaign_id = :id

-- name: add_artists
-- Puts artists on a campaign, in order.
INSERT INTO campaign_artist (campaign_id, place, artist_id)
SELECT :id::text, a.place, a.id FROM unnest(:artist_ids::text[]) WITH ORDINALITY AS a (id, place)
