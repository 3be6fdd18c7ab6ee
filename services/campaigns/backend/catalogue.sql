-- name: venues_by_id
-- The venues of these ids.
SELECT venue_document(v)::text AS document FROM venue v WHERE id = ANY(:ids::text[])

-- name: demand_likeness
-- From which likeness on the searches of this transaction find a name: the index knows no other way to be told.
SELECT set_config('pg_trgm.word_similarity_threshold', :alike::text, true)

-- name: search_venues
-- Venues alike to `search`, in a country if wanted: most alike first, then the largest.
WITH fitting AS MATERIALIZED (
    SELECT v.id, v.name, round((1 - word_similarity(:search::text, v.search))::numeric, 4)::float8 AS rank,
           -coalesce(v.capacity, 0)::float8 AS rank_then
    FROM venue v
    WHERE :search <% v.search AND (:country::text IS NULL OR v.country = :country)
    LIMIT :most
), page AS (
    SELECT * FROM fitting
    WHERE :after_id::text IS NULL
       OR (rank, rank_then, name, id) > (:after_rank::float8, :after_rank_then::float8, :after_name::text, :after_id)
    ORDER BY rank, rank_then, name, id
    LIMIT :limit
)
SELECT venue_document(v)::text AS document, p.*, (SELECT count(*) FROM fitting) AS fitting
FROM page p JOIN venue v ON v.id = p.id
ORDER BY p.rank, p.rank_then, p.name, p.id

-- name: venues_near
-- Venues within a circle, nearest first; in a country and alike to `search` if wanted.
WITH found AS (
    SELECT v.id, v.name, distance_km(:latitude::float8, :longitude::float8, v.latitude, v.longitude) AS rank
    FROM venue v
    WHERE (point(v.longitude, v.latitude) <@ square_km(:latitude, :longitude, :radius_km::float8, 0)
           OR point(v.longitude, v.latitude) <@ square_km(:latitude, :longitude, :radius_km, 360)
           OR point(v.longitude, v.latitude) <@ square_km(:latitude, :longitude, :radius_km, -360))
      AND (:country::text IS NULL OR v.country = :country)
      AND (:search::text IS NULL OR word_similarity(:search, v.search) >= :alike::float8)
), page AS (
    SELECT * FROM found
    WHERE rank <= :radius_km
      AND (:after_id::text IS NULL OR (rank, name, id) > (:after_rank::float8, :after_name::text, :after_id))
    ORDER BY rank, name, id
    LIMIT :limit
)
SELECT venue_document(v)::text AS document, p.*, 0::float8 AS rank_then
FROM page p JOIN venue v ON v.id = p.id
ORDER BY p.rank, p.name, p.id

-- name: venues_by_name
-- Venues by name.
SELECT venue_document(v)::text AS document, v.id, v.name, 0::float8 AS rank, 0::float8 AS rank_then
FROM venue v
WHERE (:country::text IS NULL OR v.country = :country)
  AND (v.name, v.id) > (coalesce(:after_name::text, ''), coalesce(:after_id::text, ''))
ORDER BY v.name, v.id
LIMIT :limit

-- name: artists_by_id
-- The artists of these ids.
SELECT id, name, image_url, source FROM artist WHERE id = ANY(:ids::text[])

-- name: search_artists
-- Artists alike to `search`: most alike first, whole names before parts of longer ones.
WITH fitting AS MATERIALIZED (
    SELECT a.*, round((1 - word_similarity(:search::text, a.search))::numeric, 4)::float8 AS rank,
           round((1 - similarity(:search, a.search))::numeric, 4)::float8 AS rank_then
    FROM artist a
    WHERE :search <% a.search
    LIMIT :most
)
SELECT id, name, image_url, source, rank, rank_then, (SELECT count(*) FROM fitting) AS fitting
FROM fitting
WHERE :after_id::text IS NULL
   OR (rank, rank_then, name, id) > (:after_rank::float8, :after_rank_then::float8, :after_name::text, :after_id)
ORDER BY rank, rank_then, name, id
LIMIT :limit
