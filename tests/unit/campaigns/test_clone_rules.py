"""Dates of a clone: calendar days by the clocks on the wall, where and when these change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.campaigns.backend import wire
from services.campaigns.backend.catalogue_wire import GeoPoint, Venue
from services.campaigns.backend.clone_rules import shifted, shifted_dates
from tests.unit.campaigns.test_lifecycle_rules import campaign

CASES = [
    ("a summer", "America/New_York", "2027-07-01T20:00", 30, "2027-07-31T20:00-04:00"),
    ("into winter time", "America/New_York", "2027-10-30T20:00", 28, "2027-11-27T20:00-05:00"),
    ("into summer time", "Europe/Dublin", "2027-03-20T19:30", 14, "2027-04-03T19:30+01:00"),
    ("a year", "Europe/London", "2027-02-10T19:00", 365, "2028-02-10T19:00+00:00"),
    ("backward", "America/New_York", "2027-03-20T20:00", -14, "2027-03-06T20:00-05:00"),
    ("no summer time in Mexico", "America/Mexico_City", "2027-03-20T20:00", 30, "2027-04-19T20:00-06:00"),
    ("nor in Phoenix", "America/Phoenix", "2027-03-01T20:00", 30, "2027-03-31T20:00-07:00"),
    ("into the hour that is skipped", "America/New_York", "2027-03-13T02:30", 1, "2027-03-14T03:30-04:00"),
    ("into the hour that is twice", "America/New_York", "2027-11-06T01:30", 1, "2027-11-07T01:30-04:00"),
    ("out of the hour that is twice", "America/New_York", "2027-11-07T01:30", 1, "2027-11-08T01:30-05:00"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_the_clock_on_the_wall_shows_the_same(case: tuple[str, str, str, int, str]) -> None:
    _, zone, local, days, expected = case
    moment = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert shifted(moment, days, ZoneInfo(zone)) == datetime.fromisoformat(expected)


def venue(zone: str) -> Venue:
    return Venue("ven_1", "Hall", "City", "US", zone, GeoPoint(0, 0), None)


def test_each_event_moves_where_it_is_and_registration_with_the_first() -> None:
    whole = campaign()
    at = datetime(2027, 3, 1, 20, tzinfo=UTC)
    window = wire.Window(at, at + timedelta(hours=1))
    places = [("mkt_1", None), ("mkt_2", venue("America/New_York")), ("mkt_3", venue("Europe/Dublin"))]
    markets = [wire.Market(id_, "M", "US", None, None, None, at_venue) for id_, at_venue in places]
    events = [wire.Event(f"evt_{id_}", id_, "N", at, window, 1, "SINGLE_USE", 1) for id_, _ in places]
    source = msgspec.structs.replace(whole, registration=window, markets=markets, events=events)
    dates = shifted_dates(source, 20)
    # New York's clocks have changed by then, Dublin's have not, and UTC has none.
    expected = [at + timedelta(days=20), at + timedelta(days=20, hours=-1), at + timedelta(days=20)]
    assert dates.starts_at == expected
    assert [presale.opens_at for presale in dates.presales] == expected
    assert dates.registration.opens_at == expected[1]


zones = st.sampled_from(["America/New_York", "Europe/Dublin", "America/Mexico_City", "America/Phoenix"])
moments = st.integers(0, 3 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@given(zones, moments, st.integers(1, 20_000), st.integers(-400, 400))
def test_a_window_stays_a_window(zone: str, opens_at: datetime, minutes: int, days: int) -> None:
    window = wire.Window(opens_at, opens_at + timedelta(minutes=minutes))
    market = wire.Market("mkt_1", "M", "US", None, None, None, venue(zone))
    source = msgspec.structs.replace(campaign(), registration=window, markets=[market])
    moved = shifted_dates(source, days).registration
    assert moved.opens_at < moved.closes_at
    assert days or moved == window
