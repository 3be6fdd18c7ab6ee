"""Times as clocks show them: which moment they are, and how they are written, on the days when clocks are changed."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.campaigns.backend.clock_rules import local_moment
from services.campaigns.subgraph.clock_messages import describe
from services.kit.errors import Invalid
from services.kit.locales import LOCALES
from tests.unit.campaigns.campaigns import Campaigns, window

NEW_YORK, DUBLIN, MEXICO, SONORA, JUAREZ = (
    "America/New_York",
    "Europe/Dublin",
    "America/Mexico_City",
    "America/Hermosillo",
    "America/Ciudad_Juarez",
)

MOMENTS = [
    ("2027-06-12T19:30", NEW_YORK, "2027-06-12T23:30:00+00:00"),
    ("2027-03-14T01:59:59", NEW_YORK, "2027-03-14T06:59:59+00:00"),
    ("2027-03-14T03:00", NEW_YORK, "2027-03-14T07:00:00+00:00"),
    ("2027-03-28T02:00", DUBLIN, "2027-03-28T01:00:00+00:00"),
    ("2027-10-31T02:00", DUBLIN, "2027-10-31T02:00:00+00:00"),
    ("2022-07-01T20:00", MEXICO, "2022-07-02T01:00:00+00:00"),
    ("2027-07-01T20:00", MEXICO, "2027-07-02T02:00:00+00:00"),  # no summer time since 2022
    ("2027-04-04T02:30", MEXICO, "2027-04-04T08:30:00+00:00"),  # skipped until then
    ("2027-07-01T20:00", SONORA, "2027-07-02T03:00:00+00:00"),  # like Arizona, all year
    ("2027-07-01T20:00", JUAREZ, "2027-07-02T02:00:00+00:00"),  # with El Paso
    ("2027-01-01T20:00", JUAREZ, "2027-01-02T03:00:00+00:00"),
]


@pytest.mark.parametrize(("shown", "zone", "moment"), MOMENTS)
def test_a_time_of_day_is_a_moment(shown: str, zone: str, moment: str) -> None:
    assert local_moment(shown, zone) == datetime.fromisoformat(moment)


REFUSED = [
    ("2027-03-14T02:30", NEW_YORK, "SKIPPED"),
    ("2027-11-07T01:30", NEW_YORK, "AMBIGUOUS"),
    ("2027-03-28T01:30", DUBLIN, "SKIPPED"),
    ("2027-10-31T01:30", DUBLIN, "AMBIGUOUS"),
    ("2027-03-14T02:30", JUAREZ, "SKIPPED"),
    ("2022-04-03T02:30", MEXICO, "SKIPPED"),
    ("2027-06-12T19:30", None, "NO_TIME_ZONE"),
    ("2027-06-12T19:30Z", NEW_YORK, "MALFORMED"),
    ("2027-06-12T19:30-04:00", NEW_YORK, "MALFORMED"),
    ("2027-06-12", NEW_YORK, "MALFORMED"),
    ("2027-02-29T19:30", NEW_YORK, "MALFORMED"),
    ("7:30 pm", NEW_YORK, "MALFORMED"),
    ("", NEW_YORK, "MALFORMED"),
    ("1999-06-12T19:30", NEW_YORK, "OUT_OF_RANGE"),
]


@pytest.mark.parametrize(("shown", "zone", "code"), REFUSED)
def test_a_time_that_is_no_moment_is_refused(shown: str, zone: str | None, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        local_moment(shown, zone)
    assert [(issue.code, issue.path) for issue in refused.value.issues] == [(code, ["starts_at_local"])]


def test_what_is_shown_twice_is_offered_as_both_moments() -> None:
    with pytest.raises(Invalid, match="see issues") as refused:
        local_moment("2027-11-07T01:30", NEW_YORK)
    assert "2027-11-07T05:30:00Z or 2027-11-07T06:30:00Z" in refused.value.issues[0].message


@given(
    moment=st.integers(1_000_000_000, 3_700_000_000).map(
        lambda seconds: datetime.fromtimestamp(seconds, UTC)
    ),
    zone=st.sampled_from([NEW_YORK, DUBLIN, MEXICO, SONORA, JUAREZ]),
)
def test_every_moment_that_clocks_show_once_is_read_back(moment: datetime, zone: str) -> None:
    clocks = ZoneInfo(zone)
    shown = moment.astimezone(clocks).replace(tzinfo=None, fold=0).isoformat()
    again = moment + timedelta(hours=1), moment - timedelta(hours=1)
    if shown in [other.astimezone(clocks).replace(tzinfo=None).isoformat() for other in again]:
        with pytest.raises(Invalid, match="see issues"):
            local_moment(shown, zone)
    else:
        assert local_moment(shown, zone) == moment


TEXTS = [
    ("2027-03-14T06:59Z", NEW_YORK, "en-US", "Sunday, March 14, 2027, 1:59 AM (Eastern Standard Time)"),
    ("2027-03-14T07:00Z", NEW_YORK, "en-US", "Sunday, March 14, 2027, 3:00 AM (Eastern Daylight Time)"),
    ("2027-11-07T05:30Z", NEW_YORK, "en-US", "Sunday, November 7, 2027, 1:30 AM (Eastern Daylight Time)"),
    ("2027-11-07T06:30Z", NEW_YORK, "en-US", "Sunday, November 7, 2027, 1:30 AM (Eastern Standard Time)"),
    ("2027-06-12T23:30Z", NEW_YORK, "fr-CA", "samedi 12 juin 2027, 19 h 30 (heure avancée de l’Est)"),
    (
        "2027-06-12T23:30Z",
        NEW_YORK,
        "es-US",
        "sábado, 12 de junio de 2027, 7:30 p.m. (hora de verano oriental)",
    ),
    ("2027-07-04T18:30Z", DUBLIN, "en-IE", "Sunday 4 July 2027, 19:30 (Irish Standard Time)"),
    ("2027-01-04T19:30Z", DUBLIN, "en-IE", "Monday 4 January 2027, 19:30 (Greenwich Mean Time)"),
    ("2027-07-05T02:30Z", MEXICO, "es-MX", "domingo, 4 de julio de 2027, 8:30 p.m. (hora estándar central)"),
    ("2022-07-05T01:30Z", MEXICO, "en-MX", "Monday, 4 July 2022, 8:30 pm (Central Daylight Time)"),
    ("2027-07-05T02:30Z", SONORA, "en-GB", "Sunday, 4 July 2027, 19:30 (Mexican Pacific Standard Time)"),
]


@pytest.mark.parametrize(("moment", "zone", "locale", "text"), TEXTS)
def test_a_moment_is_written_as_clocks_show_it(moment: str, zone: str, locale: str, text: str) -> None:
    written = describe(datetime.fromisoformat(moment), zone, locale)
    assert written.replace("\u202f", " ").replace("\xa0", " ") == text


@pytest.mark.parametrize("locale", LOCALES)
def test_every_locale_names_the_day_and_the_zone(locale: str) -> None:
    text = describe(datetime(2027, 7, 4, 18, 30, tzinfo=UTC), DUBLIN, locale)
    assert "2027" in text
    assert text.endswith(")")


async def place(campaigns: Campaigns, **given: Any) -> tuple[str, str]:
    """A campaign and a market of it."""
    id_ = (await campaigns.create())["campaign"]["id"]
    return id_, (await campaigns.market(id_, **given))["market"]["id"]


LOCAL = "timeZone dateTime text"


async def test_a_market_s_clock_is_its_venue_s_else_the_nearest_city_s(campaigns: Campaigns) -> None:
    await campaigns.resources.seeds.load()
    boise = {"latitude": 43.6, "longitude": -116.2}
    id_, market = await place(campaigns, location=boise)
    summer = {"presale": window(timedelta(days=1), timedelta(days=2)), "startsAt": None}
    event = await campaigns.event(id_, market, **summer, startsAtLocal="2028-07-01T19:30")
    assert event["__typename"] == "EventUpserted"
    page = await campaigns.campaign(
        id_, f"markets {{ timeZone }} events {{ startsAt startsAtLocal {{ {LOCAL} }} }}"
    )
    assert page["markets"] == [{"timeZone": "America/Boise"}]
    [shown] = page["events"]
    assert shown["startsAt"] == "2028-07-02T01:30:00.000Z"
    assert shown["startsAtLocal"]["dateTime"] == "2028-07-01T19:30:00-06:00"
    assert "(Mountain Daylight Time)" in shown["startsAtLocal"]["text"]
    # The market moves, its show does not: other clocks, the same moment.
    await campaigns.market(id_, id=market, location={"latitude": 53.35, "longitude": -6.26}, country="IE")
    page = await campaigns.campaign(
        id_,
        f'events {{ startsAt startsAtLocal(locale: "fr-CA") {{ {LOCAL} }} presaleOpensAtLocal {{ timeZone }} }}',
    )
    [shown] = page["events"]
    assert shown["startsAt"] == "2028-07-02T01:30:00.000Z"
    assert shown["startsAtLocal"]["dateTime"] == "2028-07-02T02:30:00+01:00"
    assert "heure avancée irlandaise" in shown["startsAtLocal"]["text"]
    assert shown["presaleOpensAtLocal"] == {"timeZone": "Europe/Dublin"}


async def test_without_a_place_there_are_no_clocks(campaigns: Campaigns, subtests: pytest.Subtests) -> None:
    id_, market = await place(campaigns)
    await campaigns.event(id_, market)
    page = await campaigns.campaign(id_, f"markets {{ timeZone }} events {{ startsAtLocal {{ {LOCAL} }} }}")
    assert page == {"markets": [{"timeZone": None}], "events": [{"startsAtLocal": None}]}
    both, neither = {"startsAtLocal": "2028-07-01T19:30"}, {"startsAt": None}
    for given_, code, path in (
        (neither | both, "NO_TIME_ZONE", "startsAtLocal"),
        (both, "NOT_ONE", "startsAt"),
        (neither, "NOT_ONE", "startsAt"),
    ):
        with subtests.test(code=code):
            refused = await campaigns.event(id_, market, **given_)
            assert [(i["code"], i["path"]) for i in refused["issues"]] == [(code, [path])]
    refused = await campaigns.event(id_, "mkt_nowhere", **(neither | both))
    assert [(i["code"], i["path"]) for i in refused["issues"]] == [("UNKNOWN", ["marketId"])]
