"""What a provider says of artists and venues, as our catalogue has it. Pure."""

from zoneinfo import available_timezones

from services.campaigns.backend.catalogue_wire import Artist, GeoPoint, Venue
from services.campaigns.backend.discovery_rules import PROVIDER, external_id
from services.campaigns.backend.ticketmaster_wire import Attraction, Image, VenueEntry
from services.kit.locales import COUNTRIES

_LONGEST_NAME = 200
_WIDE_ENOUGH = 640


def artist_of(entry: Attraction) -> Artist | None:
    """An attraction as an artist; None for one without a name or with an id that we could not ask for again."""
    id_, name = f"art_tm_{entry.id}", _text(entry.name)
    if not name or external_id(id_) is None:
        return None
    return Artist(id_, name, picture(entry.images), PROVIDER)


def venue_of(entry: VenueEntry) -> Venue | None:
    """A venue, with an empty time zone where it says none that we know; None for one without a name or a place, and
    for one in a country that is not served.
    """
    id_, name = f"ven_tm_{entry.id}", _text(entry.name)
    city = _text(entry.city and entry.city.name)
    country = entry.country and entry.country.code
    point = _point(entry)
    if not name or not city or country not in COUNTRIES or point is None or external_id(id_) is None:
        return None
    zone = entry.timezone if entry.timezone in available_timezones() else ""
    return Venue(id_, name, city, country, zone or "", point, None, PROVIDER)


def picture(images: list[Image]) -> str | None:
    """The picture to show: wide rather than tall, of the artist rather than generic, no larger than it needs to be."""

    def rank(image: Image) -> tuple[bool, bool, bool, int]:
        enough = image.width >= _WIDE_ENOUGH
        return image.fallback, image.ratio != "16_9", not enough, image.width if enough else -image.width

    safe = [image for image in images if image.url.startswith("https://") and len(image.url) <= 2000]
    return min(safe, key=rank).url if safe else None


def _point(entry: VenueEntry) -> GeoPoint | None:
    if entry.location is None:
        return None
    try:
        latitude, longitude = float(entry.location.latitude or ""), float(entry.location.longitude or "")
    except ValueError:
        return None
    # Nobody plays where the equator meets the meridian of Greenwich: that is how nothing is written.
    known = -90 <= latitude <= 90 and -180 <= longitude <= 180 and (latitude, longitude) != (0, 0)
    return GeoPoint(latitude, longitude) if known else None


def _text(text: str | None) -> str:
    return " ".join((text or "").replace("\0", " ").split())[:_LONGEST_NAME]
