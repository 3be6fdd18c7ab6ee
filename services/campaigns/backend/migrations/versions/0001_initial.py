"""Catalogue, campaigns with contents, markets and events, outbox, idempotency keys, jobs."""

from alembic import op

from services.kit.idempotency import TABLE as IDEMPOTENCY
from services.kit.migrations import OUTBOX, grants, job_schema

revision = "0001"
down_revision = None

CATALOGUE = """
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE city (
    id         bigint PRIMARY KEY,
    name       text NOT NULL,
    country    text NOT NULL,
    latitude   double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude  double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    population int NOT NULL CHECK (population >= 0)
);
CREATE INDEX city_place ON city (latitude, longitude);

CREATE TABLE venue (
    id        text COLLATE "C" PRIMARY KEY,
    name      text NOT NULL,
    city      text NOT NULL,
    country   text NOT NULL CHECK (country IN ('US', 'CA', 'GB', 'IE', 'MX')),
    latitude  double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    time_zone text NOT NULL,
    capacity  int CHECK (capacity > 0),
    search    text NOT NULL
);
CREATE INDEX venue_search ON venue USING gin (search gin_trgm_ops);
CREATE INDEX venue_place ON venue (latitude, longitude);

CREATE TABLE artist (
    id        text COLLATE "C" PRIMARY KEY,
    name      text NOT NULL,
    image_url text,
    source    text NOT NULL,
    search    text NOT NULL
);
CREATE INDEX artist_search ON artist USING gin (search gin_trgm_ops);

CREATE FUNCTION distance_km(lat1 float8, lon1 float8, lat2 float8, lon2 float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    2 * 6371.0088 * asin(least(1.0, sqrt(
        power(sin(radians(lat2 - lat1) / 2), 2)
        + cos(radians(lat1)) * cos(radians(lat2)) * power(sin(radians(lon2 - lon1) / 2), 2)
    )));
"""

CAMPAIGNS = """
CREATE TABLE campaign (
    id             text COLLATE "C" PRIMARY KEY,
    slug           text COLLATE "C" NOT NULL CONSTRAINT campaign_slug UNIQUE CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    team_id        text NOT NULL,
    version        bigint NOT NULL DEFAULT 1,
    state          text NOT NULL DEFAULT 'DRAFT' CHECK (state IN (
        'DRAFT', 'SCHEDULED', 'OPEN', 'PAUSED', 'CLOSED', 'SELECTING', 'FINISHED', 'ARCHIVED', 'CANCELLED')),
    default_locale text NOT NULL,
    countries      text[] NOT NULL CHECK (cardinality(countries) > 0),
    opens_at       timestamptz NOT NULL,
    closes_at      timestamptz NOT NULL,
    phone_required boolean NOT NULL,
    identity_key   text NOT NULL CHECK (identity_key IN ('EMAIL', 'GLOBAL_USER_ID', 'MEMBER_ID')),
    gate           jsonb,
    score_min      double precision,
    score_max      double precision,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT campaign_window CHECK (opens_at < closes_at),
    CONSTRAINT campaign_scores CHECK (score_min <= score_max)
);
CREATE INDEX campaign_team ON campaign (team_id, id);
CREATE INDEX campaign_due ON campaign (least(closes_at, CASE state WHEN 'SCHEDULED' THEN opens_at END))
    WHERE state IN ('SCHEDULED', 'OPEN', 'PAUSED');

CREATE TABLE campaign_content (
    campaign_id  text COLLATE "C" NOT NULL REFERENCES campaign,
    locale       text NOT NULL,
    title        text NOT NULL,
    summary      text,
    body         text,
    terms        text,
    sms_template text,
    search       text NOT NULL,
    PRIMARY KEY (campaign_id, locale)
);
CREATE INDEX campaign_content_search ON campaign_content USING gin (search gin_trgm_ops);

CREATE TABLE campaign_artist (
    campaign_id text COLLATE "C" NOT NULL REFERENCES campaign,
    place       int NOT NULL,
    artist_id   text COLLATE "C" NOT NULL CONSTRAINT campaign_artist_known REFERENCES artist,
    PRIMARY KEY (campaign_id, place),
    UNIQUE (campaign_id, artist_id)
);
CREATE INDEX campaign_artist_artist ON campaign_artist (artist_id);

CREATE TABLE market (
    id          text COLLATE "C" PRIMARY KEY,
    campaign_id text COLLATE "C" NOT NULL REFERENCES campaign,
    name        text NOT NULL,
    country     text NOT NULL,
    venue_id    text COLLATE "C" CONSTRAINT market_venue_known REFERENCES venue,
    latitude    double precision CHECK (latitude BETWEEN -90 AND 90),
    longitude   double precision CHECK (longitude BETWEEN -180 AND 180),
    radius_km   double precision CHECK (radius_km > 0),
    population  bigint,
    UNIQUE (campaign_id, id),
    CHECK ((latitude IS NULL) = (longitude IS NULL))
);

CREATE TABLE event (
    id                text COLLATE "C" PRIMARY KEY,
    campaign_id       text COLLATE "C" NOT NULL,
    market_id         text COLLATE "C" NOT NULL,
    name              text NOT NULL,
    starts_at         timestamptz NOT NULL,
    presale_opens_at  timestamptz NOT NULL,
    presale_closes_at timestamptz NOT NULL,
    allocation        int NOT NULL CHECK (allocation >= 0),
    code_mode         text NOT NULL CHECK (code_mode IN ('SINGLE_USE', 'ACCOUNT_BOUND')),
    ticket_limit      int NOT NULL CHECK (ticket_limit > 0),
    CONSTRAINT event_market_known FOREIGN KEY (campaign_id, market_id) REFERENCES market (campaign_id, id),
    CHECK (presale_opens_at < presale_closes_at)
);
CREATE INDEX event_campaign ON event (campaign_id, market_id);
"""

# The windows decide, whatever the worker has got round to: SCHEDULED opens by itself, whatever takes entries closes by
# itself, and OPEN ahead of its window is not open yet.
STATE_NOW = """
CREATE FUNCTION state_now(state text, opens_at timestamptz, closes_at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE RETURN
    CASE
        WHEN state IN ('SCHEDULED', 'OPEN', 'PAUSED') AND closes_at <= now() THEN 'CLOSED'
        WHEN state = 'SCHEDULED' AND opens_at <= now() THEN 'OPEN'
        WHEN state = 'OPEN' AND opens_at > now() THEN 'SCHEDULED'
        ELSE state
    END;
"""

# A campaign as one JSON document, the unit in which it is read, published and audited.
DOCUMENT = """
CREATE FUNCTION venue_document(v venue) RETURNS json LANGUAGE sql STABLE RETURN json_build_object(
    'id', v.id, 'name', v.name, 'city', v.city, 'country', v.country, 'time_zone', v.time_zone, 'capacity', v.capacity,
    'location', json_build_object('latitude', v.latitude, 'longitude', v.longitude)
);

CREATE VIEW campaign_document AS
SELECT c.id, c.slug, json_build_object(
    'id', c.id,
    'slug', c.slug,
    'team_id', c.team_id,
    'version', c.version,
    'state', state_now(c.state, c.opens_at, c.closes_at),
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
        SELECT json_agg(json_build_object(
            'id', m.id, 'name', m.name, 'country', m.country, 'radius_km', m.radius_km, 'population', m.population,
            'location', CASE WHEN m.latitude IS NOT NULL
                THEN json_build_object('latitude', m.latitude, 'longitude', m.longitude) END,
            'venue', CASE WHEN v.id IS NOT NULL THEN venue_document(v) END) ORDER BY m.id)
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
    op.get_bind().exec_driver_sql(job_schema().replace("%", "%%"))
    op.get_bind().exec_driver_sql(CATALOGUE + CAMPAIGNS + STATE_NOW + DOCUMENT + OUTBOX + IDEMPOTENCY)
    op.get_bind().exec_driver_sql(grants("campaigns_service"))
