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

-- name: has_cities
-- Whether the cities have been loaded.
SELECT EXISTS (SELECT 1 FROM city)

-- name: put_cities
-- Adds cities, or follows their changes.
INSERT INTO city AS c (id, name, country, latitude, longitude, population)
SELECT * FROM unnest(:ids::bigint[], :names::text[], :countries::text[], :latitudes::float8[], :longitudes::float8[], :populations::int[])
ON CONFLICT (id) DO UPDATE
SET name = excluded.name, latitude = excluded.latitude, longitude = excluded.longitude, population = excluded.population
WHERE (c.name, c.latitude, c.longitude, c.population)
   IS DISTINCT FROM (excluded.name, excluded.latitude, excluded.longitude, excluded.population)

-- name: put_venues
-- Adds venues, or follows their changes.
INSERT INTO venue (id, name, city, country, latitude, longitude, time_zone, capacity, search)
SELECT * FROM unnest(
    :ids::text[], :names::text[], :cities::text[], :countries::text[], :latitudes::float8[], :longitudes::float8[],
    :time_zones::text[], :capacities::int[], :searches::text[]
)
ON CONFLICT (id) DO UPDATE
SET latitude = excluded.latitude, longitude = excluded.longitude, time_zone = excluded.time_zone, capacity = excluded.capacity,
    search = excluded.search

-- name: put_artists
-- Adds artists, or follows their changes.
INSERT INTO artist (id, name, source, search)
SELECT * FROM unnest(:ids::text[], :names::text[], :sources::text[], :searches::text[])
ON CONFLICT (id) DO UPDATE SET name = excluded.name, search = excluded.search
