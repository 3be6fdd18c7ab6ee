-- name: prepare
-- What the rules need to know of each submission, in order: the campaign's terms where the version known here is not
-- the newest, and the fan's facts. OFFSET 0 keeps a plan that was made while the tables were small to their indexes, and
-- arrays behind a SELECT look alike to the planner whatever their length: else it plans small batches anew each time.
SELECT c.id AS campaign_id, c.version, CASE WHEN c.version IS DISTINCT FROM i.known_version THEN c.document END AS document,
       f.phone_verified, f.country, f.member_id, f.accounts, f.cards, f.tiers,
       (SELECT max(x.until) FROM erasure x WHERE x.user_id = i.user_id) AS erased_until
FROM unnest((SELECT :campaign_ids::text[]), (SELECT :known_versions::bigint[]), (SELECT :user_ids::text[]))
     WITH ORDINALITY AS i (campaign_id, known_version, user_id, place)
LEFT JOIN LATERAL (SELECT * FROM campaign WHERE id = i.campaign_id OFFSET 0) AS c ON true
LEFT JOIN LATERAL (SELECT * FROM user_fact_now WHERE user_id = i.user_id OFFSET 0) AS f ON true
ORDER BY i.place

-- name: insert_entries
-- Registers, if at this moment the campaign is open and its terms are still those that were checked.
-- The campaign row is locked for the while: when a close has been answered, no entry can follow it. A fan whose phone is
-- unconfirmed gets a row of facts, locked too: a confirmation comes before and is seen, or comes after and sees the entry.
-- A withdrawn entry is revived, unless this is its own old request arriving late. The sighting is part of the same fate.
WITH item AS (
    SELECT * FROM unnest(
        :ids::text[], :campaign_ids::text[], :versions::bigint[], :user_ids::text[], :identities::bytea[],
        :unconfirmed::boolean[], :preferences::text[], :ticket_quantities::int[], :countries::text[],
        :members::boolean[], :keys::text[], :digests::bytea[], :sighting_ids::text[], :sightings::bytea[],
        :issued_at::bigint[], :networks::bytea[], :devices::bytea[], :disposable::boolean[]
    ) AS i (id, campaign_id, version, user_id, identity, unconfirmed, preferences, ticket_quantity, country,
            is_member, key, digest, sighting_id, sighting, issued_at, network, device, disposable)
), admitting AS (
    SELECT c.id, c.version
    FROM campaign c
    WHERE c.id = ANY(:campaign_ids::text[]) AND campaign_state_now(c.state, c.opens_at, c.closes_at) = 'OPEN'
    ORDER BY c.id
    FOR SHARE
), awaited AS (
    INSERT INTO user_fact AS f (user_id)
    SELECT DISTINCT i.user_id FROM item i JOIN admitting a ON a.id = i.campaign_id WHERE i.unconfirmed ORDER BY i.user_id
    ON CONFLICT (user_id) DO UPDATE SET version = f.version
    RETURNING f.user_id, f.phone_verified
), kept AS (
    INSERT INTO entry AS e (id, campaign_id, user_id, identity, state, preferences, ticket_quantity, country, is_member,
                            idempotency_key, request_digest, signed_in_at, network, device,
                            disposable_email)
    SELECT i.id, i.campaign_id, i.user_id, i.identity,
           CASE WHEN i.unconfirmed AND NOT w.phone_verified THEN 'PENDING_PHONE' ELSE 'ACCEPTED' END,
           string_to_array(i.preferences, ','), i.ticket_quantity, i.country, i.is_member, i.key, i.digest, to_timestamp(i.issued_at),
           i.network, i.device, i.disposable
    FROM item i
    JOIN admitting a ON a.id = i.campaign_id AND a.version = i.version
    LEFT JOIN awaited w ON w.user_id = i.user_id
    ORDER BY i.campaign_id, i.identity
    ON CONFLICT (campaign_id, identity) DO UPDATE
    SET user_id = excluded.user_id, state = excluded.state, preferences = excluded.preferences,
        ticket_quantity = excluded.ticket_quantity, country = excluded.country, is_member = excluded.is_member,
        idempotency_key = excluded.idempotency_key, request_digest = excluded.request_digest,
        signed_in_at = excluded.signed_in_at, network = excluded.network, device = excluded.device,
        disposable_email = excluded.disposable_email, score_due = true,
        review_id = NULL, appealed = false, submitted_at = now(), updated_at = now(), version = e.version + 1
    WHERE e.state = 'WITHDRAWN'
      AND (excluded.idempotency_key IS NULL
           OR (excluded.user_id, excluded.idempotency_key) IS DISTINCT FROM (e.user_id, e.idempotency_key))
    RETURNING e.id, e.campaign_id, e.identity, e.state, e.submitted_at, e.version
), sighted AS (
    INSERT INTO outbox (id, topic, target, body)
    SELECT i.sighting_id, 'sighting', 'users', i.sighting
    FROM kept k
    JOIN item i ON i.campaign_id = k.campaign_id AND i.identity = k.identity
)
SELECT * FROM kept

-- name: explain_refusals
-- Why registrations did not come about, in order: the campaign now, and the entry that is there already.
SELECT i.campaign_id AS asked_campaign_id, i.identity AS asked_identity,
       campaign_state_now(c.state, c.opens_at, c.closes_at) AS campaign_state, c.opens_at, c.closes_at,
       e.idempotency_key, e.request_digest, n.*
FROM unnest(:campaign_ids::text[], :identities::bytea[]) WITH ORDINALITY AS i (campaign_id, identity, place)
JOIN campaign c ON c.id = i.campaign_id
LEFT JOIN LATERAL (
    SELECT * FROM entry WHERE campaign_id = i.campaign_id AND identity = i.identity OFFSET 0
) AS e ON true
LEFT JOIN LATERAL (SELECT * FROM entry_now WHERE campaign_id = e.campaign_id AND id = e.id OFFSET 0) AS n ON true
ORDER BY i.place
