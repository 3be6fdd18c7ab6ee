"""The catalogue's rules: how names compare, which ids entries have, which cities count for a population. Pure."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from math import asin, cos, pi, radians, sin, sqrt

from services.kit.ids import encode

LIKENESSES = (0.8, 0.6, 0.4)
"""How alike a search of the catalogue wants names, tried in turn until something is found."""

MOST_RANKED = 1000
"""How many names that fit are ranked: whoever writes `the` means none of them, and waits for no more."""

ALIKE = LIKENESSES[-1]
"""From which trigram likeness on a name counts as the one that was meant; a wrong letter a word stays above it."""

_NOT_A_WORD = re.compile(r"[^\w]+")
# Letters of their own that people without the keyboard write with others, and signs that stand for a letter: Ke$ha.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_SIGNS = {"$": "s", "!": "i"}
_LETTER_LIKE = re.compile(r"(?<=\w)[$!](?=\w)|\$(?=[^\W\d])")
_EARTH_KM = 6371.0088
_PEOPLE_PER_KM2 = 5000
_LARGE = 300_000


@dataclass(frozen=True, slots=True)
class City:
    """A populated place of GeoNames."""

    id: int
    name: str
    country: str
    latitude: float
    longitude: float
    population: int
    time_zone: str = ""


def fold(text: str) -> str:
    """Text as it is compared: lower case, no accents, words separated by single spaces."""
    plain = unicodedata.normalize("NFKD", _LETTER_LIKE.sub(lambda sign: _SIGNS[sign[0]], text.casefold()))
    bare = "".join(c for c in plain if not unicodedata.combining(c)).translate(_LETTERS).replace("_", " ")
    return _NOT_A_WORD.sub(" ", bare).strip()


def catalogue_id(prefix: str, *names: str) -> str:
    """The id of a catalogue entry, the same wherever and whenever it is loaded."""
    digest = hashlib.sha256("\n".join(fold(name) for name in names).encode()).digest()
    return f"{prefix}_{encode(int.from_bytes(digest[:16]))}"


def without_boroughs(cities: Iterable[City]) -> list[City]:
    """The cities without those that lie inside a larger one: GeoNames counts Brooklyn by itself and in New York.

    A large city covers the disc that its people fill at 5,000 a square kilometre.
    """
    kept: list[City] = []
    large: list[tuple[City, float]] = []
    for city in sorted(cities, key=lambda c: (-c.population, c.id)):
        if any(
            abs(city.latitude - big.latitude) < 0.5 and distance_km(city, big) < radius
            for big, radius in large
        ):
            continue
        kept.append(city)
        if city.population >= _LARGE:
            large.append((city, sqrt(city.population / _PEOPLE_PER_KM2 / pi)))
    return kept


def distance_km(a: City, b: City) -> float:
    """The great-circle distance."""
    lat1, lat2 = radians(a.latitude), radians(b.latitude)
    h = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin(radians(b.longitude - a.longitude) / 2) ** 2
    return 2 * _EARTH_KM * asin(min(1.0, sqrt(h)))
