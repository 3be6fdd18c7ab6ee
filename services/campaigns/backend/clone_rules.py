"""How a clone's dates follow from its source's: so many calendar days later by the clocks on the wall there. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from services.campaigns.backend import wire


@dataclass(frozen=True, slots=True)
class Dates:
    """When a clone takes entries, and when each event starts and sells, in the order of the source's events."""

    registration: wire.Window
    starts_at: list[datetime]
    presales: list[wire.Window]


def shifted_dates(source: wire.Campaign, days: int) -> Dates:
    """The source's dates moved by calendar days.

    An event and its presale keep their local time in the zone of their market's venue, registration in that of the
    first event with a venue; without a venue they keep their time in UTC.
    """
    zones = {market.id: ZoneInfo(market.venue.time_zone) for market in source.markets if market.venue}
    first = next((zones[event.market_id] for event in source.events if event.market_id in zones), UTC)
    of_event = [zones.get(event.market_id, UTC) for event in source.events]
    return Dates(
        registration=_window(source.registration, days, first),
        starts_at=[shifted(e.starts_at, days, zone) for e, zone in zip(source.events, of_event, strict=True)],
        presales=[_window(e.presale, days, zone) for e, zone in zip(source.events, of_event, strict=True)],
    )


def shifted(moment: datetime, days: int, zone: tzinfo) -> datetime:
    """The moment at which the clocks of `zone` show the same time, `days` later.

    A time that the clocks skip that day is moved on by what they skip; of one that they show twice the first counts.
    """
    if days == 0:
        return moment
    return (moment.astimezone(zone) + timedelta(days=days)).replace(fold=0).astimezone(UTC)


def _window(window: wire.Window, days: int, zone: tzinfo) -> wire.Window:
    opens_at, closes_at = shifted(window.opens_at, days, zone), shifted(window.closes_at, days, zone)
    if closes_at <= opens_at:  # the hour that is shown twice swallowed it
        closes_at = opens_at + (window.closes_at - window.opens_at)
    return wire.Window(opens_at, closes_at)
