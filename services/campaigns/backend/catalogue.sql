-- name: venues_by_id
-- The venues of these ids.
SELECT venue_document(v)::text AS document FROM venue v WHERE id = ANY(:ids::text[])

-- name: search_venues
-- Venues by likeness of name and city, country and distance; nearest first, else most alike, else by name.
SELECT venue_document(v)::text AS document
FROM venue v
CROSS JOIN LATERAL (SELECT
    CASE WHEN :latitude::float8 IS NOT NULL
        THEN distance_km(:latitude, :longitude::float8, v.latitude, v.longitude) END AS distance,
    word_similarity(:search::text, v.search) AS likeness
) AS found
WHERE (:search IS NULL OR found.likeness >= :alike::float8)
  AND (:country::text IS NULL OR v.country = :country)
  AND (:latitude IS NULL
       OR v.latitude BETWEEN :latitude - :radius_km::float8 / 111.0 AND :latitude + :radius_km / 111.0
          AND found.distance <= :radius_km)
ORDER BY found.distance, found.likeness DESC, v.name, v.id
LIMIT :limit

-- name: artists_by_id
-- The artists of these ids.
SELECT id, name, image_url, source FROM artist WHERE id = ANY(:ids::text[])

-- name: search_artists
-- Artists by likeness of name, most alike first.
SELECT id, name, image_url, source
FROM artist
WHERE word_similarity(:search::text, search) >= :alike::float8
ORDER BY word_similarity(:search, search) DESC, name, id
LIMIT :limit
