"""Moments in words: as the clocks of a place show them, as a reader's country writes them. Pure."""

from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import babel
from babel.dates import format_date, format_time, get_timezone_name

# The English of Mexico is not in CLDR; the English of no country in particular has its order.
_CLDR = {"en-MX": "en_001"}


def describe(moment: datetime, zone: str, locale: str) -> str:
    """A moment by the clocks of `zone` in one of the served locales: day, time, and the zone's name that day.

    `Saturday, June 12, 2027, 7:30 PM (Eastern Daylight Time)`
    """
    shown = moment.astimezone(ZoneInfo(zone))
    cldr = _cldr(locale)
    name = get_timezone_name(
        ZoneInfo(zone), zone_variant="daylight" if _is_summer(shown) else "standard", locale=cldr
    )
    return f"{format_date(shown, 'full', cldr)}, {_time(shown, cldr)} ({name})"


def _time(shown: datetime, cldr: babel.Locale) -> str:
    # The time is formatted as written: Babel would convert it to UTC otherwise.
    return format_time(shown.replace(tzinfo=None).time(), "short", locale=cldr)


def _is_summer(shown: datetime) -> bool:
    """Whether clocks are ahead of where they are in January or in July.

    Not `dst()`: by law Ireland's standard time is that of summer, and set back in winter, while its summer time is
    what everybody, CLDR included, takes for the one set forward.
    """
    offsets = [shown.replace(month=month, day=1, fold=0).utcoffset() or timedelta() for month in (1, 7)]
    return (shown.utcoffset() or timedelta()) > min(offsets)


@cache
def _cldr(locale: str) -> babel.Locale:
    return babel.Locale.parse(_CLDR.get(locale, locale.replace("-", "_")))
