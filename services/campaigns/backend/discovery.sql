-- name: unknown_artists
-- Which of these ids no artist has.
SELECT asked.id FROM unnest(:ids::text[]) AS asked (id) WHERE NOT EXISTS (SELECT 1 FROM artist a WHERE a.id = asked.id)

-- name: unknown_venues
-- Which of these ids no venue has.
SELECT asked.id FROM unnest(:ids::text[]) AS asked (id) WHERE NOT EXISTS (SELECT 1 FROM venue v WHERE v.id = asked.id)

-- name: adopt_artist
-- Copies a provider's artist, unless somebody was quicker.
INSERT INTO artist (id, name, image_url, source, external_id, search)
VALUES (:id, :name, :image_url, :source, :external_id, :search)
ON CONFLICT DO NOTHING

-- name: adopt_venue
-- Copies a provider's venue, unless somebody was quicker.
INSERT INTO venue (id, name, city, country, latitude, longitude, time_zone, source, external_id, search)
VALUES (:id, :name, :city, :country, :latitude, :longitude, :time_zone, :source, :external_id, :search)
ON CONFLICT DO NOTHING

-- name: time_zones_at
-- The time zone of each of these points, in order; null far from every city.
SELECT time_zone_at(latitude, longitude) AS time_zone
FROM unnest(:latitudes::float8[], :longitudes::float8[]) WITH ORDINALITY AS p (latitude, longitude, place)
ORDER BY place
