-- name: begin_part
-- Whether a part of the catalogue is to be loaded: nobody has loaded this digest of it yet. Others wait for the outcome.
INSERT INTO catalogue_part AS p (name, digest) VALUES (:name, :digest)
ON CONFLICT (name) DO UPDATE SET digest = excluded.digest, loaded_at = now()
WHERE p.digest <> excluded.digest
RETURNING true

-- name: put_cities
-- Adds cities, or follows their changes.
INSERT INTO city (id, name, country, latitude, longitude, population, time_zone)
SELECT * FROM unnest(
    :ids::bigint[], :names::text[], :countries::text[], :latitudes::float8[], :longitudes::float8[], :populations::int[],
    :time_zones::text[]
)
ON CONFLICT (id) DO UPDATE
SET name = excluded.name, latitude = excluded.latitude, longitude = excluded.longitude, population = excluded.population,
    time_zone = excluded.time_zone

-- name: drop_cities
-- Removes cities that the catalogue does not have any more.
DELETE FROM city WHERE id <> ALL(:ids::bigint[])

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
SELECT id, name, 'catalogue', search FROM unnest(:ids::text[], :names::text[], :searches::text[]) AS a (id, name, search)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, search = excluded.search
