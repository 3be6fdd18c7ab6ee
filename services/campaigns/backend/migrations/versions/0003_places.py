"""Places: time zones, searches by distance, where catalogue entries come from, and what markets and events may hold."""

from alembic import op

revision = "0003"
down_revision = "0002"

# A square is what an index can find; the distance then decides. `turn` is a full turn of longitude more or less, for
# squares that reach over the date line.
PLACES = """
ALTER TABLE city ADD COLUMN time_zone text;

CREATE FUNCTION degrees_across(latitude float8, km float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    degrees(asin(least(1.0, sin(least(pi() / 2, km / 6371.0)) / greatest(cos(radians(latitude)), 1e-9))));

CREATE FUNCTION square_km(latitude float8, longitude float8, km float8, turn float8) RETURNS box
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN box(
    point(longitude + turn - degrees_across(latitude, km), latitude - degrees(km / 6371.0)),
    point(longitude + turn + degrees_across(latitude, km), latitude + degrees(km / 6371.0)));

DROP INDEX city_place;
CREATE INDEX city_place ON city USING gist (point(longitude, latitude));
DROP INDEX venue_place;
CREATE INDEX venue_place ON venue USING gist (point(longitude, latitude));

CREATE FUNCTION time_zone_at(here_latitude float8, here_longitude float8) RETURNS text LANGUAGE sql STABLE RETURN (
    SELECT c.time_zone FROM city c
    WHERE point(c.longitude, c.latitude) <@ square_km(here_latitude, here_longitude, 300, 0)
    ORDER BY distance_km(here_latitude, here_longitude, c.latitude, c.longitude), c.id
    LIMIT 1);
"""

CATALOGUE = """
CREATE TABLE catalogue_part (
    name      text PRIMARY KEY,
    digest    text NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT, UPDATE ON catalogue_part TO campaigns_service;

ALTER TABLE venue
    ADD COLUMN source text NOT NULL DEFAULT 'catalogue',
    ADD COLUMN external_id text,
    ADD CONSTRAINT venue_source UNIQUE (source, external_id);
ALTER TABLE artist
    ADD COLUMN external_id text,
    ADD CONSTRAINT artist_source UNIQUE (source, external_id);
"""

# Whoever writes a market, its clock is that of its venue, else that of the nearest city.
MARKETS = """
ALTER TABLE market ADD COLUMN time_zone text;

CREATE FUNCTION set_market_clock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.time_zone := coalesce((SELECT v.time_zone FROM venue v WHERE v.id = NEW.venue_id),
                              time_zone_at(NEW.latitude, NEW.longitude));
    RETURN NEW;
END $$;
CREATE TRIGGER market_clock BEFORE INSERT OR UPDATE ON market FOR EACH ROW EXECUTE FUNCTION set_market_clock();
UPDATE market SET name = name;

-- NOT VALID: what stands already stays readable; whatever is written from now on keeps to it.
ALTER TABLE market ADD CONSTRAINT market_radius CHECK (radius_km BETWEEN 0.1 AND 1000) NOT VALID;
ALTER TABLE event
    ADD CONSTRAINT event_allocation CHECK (allocation BETWEEN 0 AND 10000000) NOT VALID,
    ADD CONSTRAINT event_ticket_limit CHECK (ticket_limit BETWEEN 1 AND 20) NOT VALID,
    ADD CONSTRAINT event_presale_before_start CHECK (presale_closes_at <= starts_at) NOT VALID;

CREATE FUNCTION check_market_capacity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT sum(e.allocation) FROM event e WHERE e.market_id = NEW.market_id) > 2147483647 THEN
        RAISE EXCEPTION 'the allocations of a market add up to too much'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'market_capacity';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER market_capacity AFTER INSERT OR UPDATE ON event FOR EACH ROW EXECUTE FUNCTION check_market_capacity();
"""

# Each part of a campaign's document has a function of its own, to be replaced by itself.
DOCUMENT = """
CREATE OR REPLACE FUNCTION venue_document(v venue) RETURNS json LANGUAGE sql STABLE RETURN json_build_object(
    'id', v.id, 'name', v.name, 'city', v.city, 'country', v.country, 'time_zone', v.time_zone, 'capacity', v.capacity,
    'location', json_build_object('latitude', v.latitude, 'longitude', v.longitude), 'source', v.source
);

CREATE FUNCTION market_document(m market, v venue) RETURNS json LANGUAGE sql STABLE RETURN json_build_object(
    'id', m.id, 'name', m.name, 'country', m.country, 'radius_km', m.radius_km, 'population', m.population,
    'time_zone', m.time_zone,
    'location', CASE WHEN m.latitude IS NOT NULL
        THEN json_build_object('latitude', m.latitude, 'longitude', m.longitude) END,
    'venue', CASE WHEN v.id IS NOT NULL THEN venue_document(v) END
);

CREATE OR REPLACE VIEW campaign_document AS
SELECT c.id, c.slug, json_build_object(
    'id', c.id,
    'slug', c.slug,
    'team_id', c.team_id,
    'version', c.version,
    'state', state_now(c.state, c.opens_at, c.closes_at),
    'announced', c.announced_at IS NOT NULL,
    'default_locale', c.default_locale,
    'countries', c.countries,
    'registration', json_build_object('opens_at', c.opens_at, 'closes_at', c.closes_at),
    'phone_required', c.phone_required,
    'identity_key', c.identity_key,
    'gate', c.gate,
    'score_range', CASE WHEN coalesce(c.score_min, c.score_max) IS NOT NULL
        THEN json_build_object('min', c.score_min, 'max', c.score_max) END,
    'created_at', c.created_at,
    'updated_at', c.updated_at,
    'contents', coalesce((
        SELECT json_agg(json_build_object(
            'locale', t.locale, 'title', t.title, 'summary', t.summary, 'body', t.body, 'terms', t.terms,
            'sms_template', t.sms_template) ORDER BY t.locale)
        FROM campaign_content t WHERE t.campaign_id = c.id), '[]'),
    'artists', coalesce((
        SELECT json_agg(json_build_object(
            'id', a.id, 'name', a.name, 'image_url', a.image_url, 'source', a.source) ORDER BY ca.place)
        FROM campaign_artist ca JOIN artist a ON a.id = ca.artist_id WHERE ca.campaign_id = c.id), '[]'),
    'markets', coalesce((
        SELECT json_agg(market_document(m, v) ORDER BY m.id)
        FROM market m LEFT JOIN venue v ON v.id = m.venue_id WHERE m.campaign_id = c.id), '[]'),
    'events', coalesce((
        SELECT json_agg(json_build_object(
            'id', e.id, 'market_id', e.market_id, 'name', e.name, 'starts_at', e.starts_at,
            'presale', json_build_object('opens_at', e.presale_opens_at, 'closes_at', e.presale_closes_at),
            'allocation', e.allocation, 'code_mode', e.code_mode, 'ticket_limit', e.ticket_limit) ORDER BY e.id)
        FROM event e WHERE e.campaign_id = c.id), '[]')
)::text AS document
FROM campaign c;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(PLACES + CATALOGUE + MARKETS + DOCUMENT)
