# ruff: noqa: E501 - lists of words
"""A hundred thousand names for searches to find their way among: real words and cities, in every order."""

FILL = """
SELECT setseed(0.5);
CREATE TEMP TABLE word AS SELECT string_to_array('Royal Grand Old New Palace Liberty Orpheum Paramount Majestic Lincoln Roxy Apollo Regent Empire Union Civic Memorial Riverside Lakeside Garden Crystal Golden Silver Star Sunset Harbor Central Park Music Fox State National Capitol City Olympic Pacific Atlantic Heritage Freedom Victory Queen King Prince Castle Metro Madison Fillmore Wembley', ' ') AS a, string_to_array('Theatre Theater Arena Stadium Hall Center Centre Pavilion Amphitheatre Ballroom Club Auditorium Coliseum Dome Field Park Garden Opera House Lounge Room Live Stage Square', ' ') AS b;
CREATE TEMP TABLE town AS SELECT row_number() OVER (ORDER BY id) AS n, name, country, latitude, longitude, time_zone FROM city;
CREATE TEMP TABLE made AS
SELECT g, a[1 + floor(random() * cardinality(a))::int] || ' ' || CASE WHEN g % 3 = 0 THEN t.name || ' ' ELSE '' END
       || b[1 + floor(random() * cardinality(b))::int] AS name, t.name AS city, t.country, t.time_zone,
       t.latitude + random() / 10 AS latitude, t.longitude + random() / 10 AS longitude
FROM generate_series(1, 100000) AS g
CROSS JOIN word
JOIN town t ON t.n = 1 + (g * 7919) % (SELECT count(*) FROM town);
INSERT INTO venue (id, name, city, country, latitude, longitude, time_zone, search)
SELECT 'ven_' || g, name, city, country, latitude, longitude, time_zone, lower(name || ' ' || city) FROM made;
INSERT INTO artist (id, name, source, search)
SELECT 'art_' || g, name, 'catalogue', lower(name) FROM made;
"""
"""SQL, for the owner of a campaigns database whose cities are loaded."""
