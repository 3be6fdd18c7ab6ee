"""Moments as the clocks of a place show them."""

from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import strawberry

from services.campaigns.subgraph.clock_messages import describe


@strawberry.type(description="A moment as the clocks of a place show it.")
class LocalTime:
    time_zone: str = strawberry.field(description="IANA time zone of the place: `America/New_York`.")
    date_time: str = strawberry.field(
        description="Date, time and offset from UTC in RFC 3339: `2027-06-12T19:30:00-04:00`."
    )
    text: str = strawberry.field(
        description="For people, in the reader's locale: `Saturday, June 12, 2027, 7:30 PM (Eastern Daylight Time)`."
    )

    @classmethod
    def of(cls, moment: datetime, zone: str, locale: str) -> Self | None:
        """A moment there, in one of the served locales; None in a zone that is not known here."""
        try:
            shown = moment.astimezone(ZoneInfo(zone))
        except (OSError, OverflowError, ValueError, ZoneInfoNotFoundError):
            return None
        return cls(
            time_zone=zone,
            date_time=shown.isoformat(timespec="seconds"),
            text=describe(moment, zone, locale),
        )
