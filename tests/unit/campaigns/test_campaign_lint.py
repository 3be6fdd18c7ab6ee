"""campaignLint: one minimal campaign for each finding; a clean one has none; errors keep a campaign from opening."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from services.campaigns.backend import lint_rules, wire
from services.campaigns.backend.catalogue_wire import GeoPoint, Venue
from services.campaigns.backend.gate_wire import Gate, RegionGate
from services.campaigns.backend.lint_wire import Severity
from services.campaigns.backend.wire import State
from tests.support import issuer
from tests.unit.campaigns.campaigns import Campaigns, window

NOW = datetime(2027, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
VENUE = Venue("ven_1", "Hall", "New York", "US", "America/New_York", GeoPoint(40.7, -74.0), 5000)
EVENT = wire.Event(
    "evt_1",
    "mkt_1",
    "Night 1",
    NOW + 90 * DAY,
    wire.Window(NOW + 9 * DAY, NOW + 12 * DAY),
    10,
    "SINGLE_USE",
    4,
)
MARKET = wire.Market("mkt_1", "New York", "US", None, None, None, VENUE)
TEXTS = wire.Content("en-US", "The Tour", "s", "b", "t", "Your code is {code}")
CLEAN = wire.Campaign(
    id="cmp_1",
    slug="tour",
    team_id="tea_1",
    version=3,
    state=State.DRAFT,
    announced=False,
    default_locale="en-US",
    countries=["US"],
    registration=wire.Window(NOW + DAY, NOW + 8 * DAY),
    phone_required=False,
    identity_key="EMAIL",
    gate=None,
    score_range=None,
    created_at=NOW,
    updated_at=NOW,
    contents=[TEXTS, msgspec.structs.replace(TEXTS, locale="es-US")],
    artists=[],
    markets=[MARKET],
    events=[EVENT],
)
CODES = {"evt_1": 10}
replace = msgspec.structs.replace


def region(*countries: str) -> Gate:
    return Gate(region=RegionGate(list(countries)))


def event(**given: Any) -> dict[str, Any]:
    return {"events": [replace(EVENT, **given)]}


def texts(**given: Any) -> dict[str, Any]:
    return {"contents": [TEXTS, replace(TEXTS, locale="es-US", **given)]}


def presale(opens: timedelta, closes: timedelta) -> dict[str, Any]:
    return event(presale=wire.Window(NOW + opens, NOW + closes))


NO_TICKETS = [EVENT, replace(EVENT, id="evt_2", market_id="mkt_2", allocation=0)]
ERROR, WARNING = Severity.ERROR, Severity.WARNING
Case = tuple[dict[str, Any], Severity, str, str]
CASES: list[Case] = [
    ({"contents": []}, ERROR, "CONTENT_MISSING", "contents.en-US"),
    ({"default_locale": "en-GB"}, ERROR, "CONTENT_MISSING", "contents.en-GB"),
    (texts(terms=None), WARNING, "TRANSLATION_MISSING", "contents.es-US.terms"),
    (texts(sms_template=None), WARNING, "TRANSLATION_MISSING", "contents.es-US.smsTemplate"),
    (texts(sms_template="You won"), ERROR, "SMS_WITHOUT_CODE", "contents.es-US.smsTemplate"),
    ({"contents": [TEXTS]}, WARNING, "LOCALE_MISSING", "contents.es-US"),
    ({"countries": ["US", "CA"]}, WARNING, "LOCALE_MISSING", "contents.fr-CA"),
    ({"gate": region("GB")}, ERROR, "GATE_UNREACHABLE", "gate"),
    (
        {"gate": Gate(all_of=[Gate(membership=True), region("GB")])},
        ERROR,
        "GATE_UNREACHABLE",
        "gate.allOf.1",
    ),
    ({"gate": Gate(any_of=[region("US"), region("GB")])}, WARNING, "GATE_BRANCH_UNREACHABLE", "gate.anyOf.1"),
    ({"countries": ["US", "MX"], "gate": region("US")}, WARNING, "COUNTRY_SHUT_OUT", "countries.1"),
    ({"gate": Gate(phone=True)}, WARNING, "PHONE_NOT_REQUIRED", "phoneRequired"),
    (
        {"registration": wire.Window(NOW - DAY, NOW)},
        ERROR,
        "IN_THE_PAST",
        "registration.closesAt",
    ),
    (event(starts_at=NOW), ERROR, "EVENT_IN_THE_PAST", "events.0.startsAt"),
    (event(starts_at=NOW + 8 * DAY), ERROR, "EVENT_BEFORE_CLOSE", "events.0.startsAt"),
    (presale(-DAY, timedelta()), ERROR, "PRESALE_IN_THE_PAST", "events.0.presale.closesAt"),
    (presale(DAY, 8 * DAY), ERROR, "PRESALE_BEFORE_CLOSE", "events.0.presale.closesAt"),
    (presale(DAY, 9 * DAY), WARNING, "PRESALE_BEFORE_CLOSE", "events.0.presale.opensAt"),
    ({"events": [], "markets": []}, ERROR, "EVENT_MISSING", "events"),
    (event(allocation=0), ERROR, "ZERO_CAPACITY", "events"),
    (
        {"markets": [MARKET, replace(MARKET, id="mkt_2")], "events": NO_TICKETS},
        WARNING,
        "ZERO_CAPACITY",
        "markets.1.capacity",
    ),
    ({"markets": [MARKET, replace(MARKET, id="mkt_2")]}, ERROR, "MARKET_WITHOUT_EVENT", "markets.1"),
    ({"markets": [replace(MARKET, venue=None)]}, WARNING, "MARKET_WITHOUT_VENUE", "markets.0.venue"),
    ({"markets": [replace(MARKET, country="IE")]}, WARNING, "MARKET_OUTSIDE_COUNTRIES", "markets.0.country"),
    ({"codes": None}, WARNING, "CODES_UNKNOWN", "events"),
    ({"codes": {}}, WARNING, "CODE_POOL_MISSING", "events.0.allocation"),
    ({"codes": {"evt_1": 9}}, WARNING, "CODES_BELOW_CAPACITY", "events.0.allocation"),
]


def found(given: dict[str, Any]) -> list[tuple[Severity, str, str]]:
    codes = given.get("codes", {**CODES, "evt_2": 0})
    changed = {name: value for name, value in given.items() if name != "codes"}
    findings = lint_rules.findings_of(lint_rules.Subject(replace(CLEAN, **changed), NOW, codes))
    assert all(finding.message.endswith(".") for finding in findings)
    return [(finding.severity, finding.code, ".".join(finding.path)) for finding in findings]


def test_a_clean_campaign_has_no_findings() -> None:
    assert found({}) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[2]}-{case[3]}")
def test_a_campaign_that_differs_in_one_thing_has_that_finding_alone(case: Case) -> None:
    given, severity, code, path = case
    assert found(given) == [(severity, code, path)]


def test_errors_come_first() -> None:
    everything = {"contents": [], "gate": region("GB"), "markets": [replace(MARKET, venue=None)], "codes": {}}
    severities = [severity for severity, _, _ in found(everything)]
    assert severities == sorted(severities, key=lambda severity: severity is not ERROR)


def test_every_finding_there_is_has_a_case() -> None:
    source = Path(lint_rules.__file__).read_text()
    written = re.findall(r'_(error|warning)\(\s*"([A-Z_]+)"', source)
    assert {(kind.upper(), code) for kind, code in written} == {(case[1].value, case[2]) for case in CASES}


async def lint(campaigns: Campaigns, id_: str, token: str | None = None) -> list[tuple[str, str, str]]:
    query = "query ($id: ID!) { campaignLint(id: $id) { severity code message path } }"
    answer = await campaigns.service.graphql(query, {"id": id_}, token=token or campaigns.reader)
    assert "errors" not in answer, answer["errors"]
    return [(f["severity"], f["code"], ".".join(f["path"])) for f in answer["data"]["campaignLint"]]


async def test_findings_are_asked_for_by_whoever_may_read_the_campaign(campaigns: Campaigns) -> None:
    id_ = await campaigns.draft(gate={"region": {"countries": ["GB"]}})
    assert ("ERROR", "GATE_UNREACHABLE", "gate") in await lint(campaigns, id_)
    query = "query ($id: ID!) { campaignLint(id: $id) { code } }"
    for here, token, code in (
        (id_, None, "UNAUTHENTICATED"),
        (id_, issuer.token("fan"), "FORBIDDEN"),
        ("cmp_nothing", campaigns.reader, "FORBIDDEN"),
    ):
        answer = await campaigns.service.graphql(query, {"id": here}, token=token)
        assert [error["extensions"]["code"] for error in answer["errors"]] == [code]


async def test_codes_that_do_not_suffice_or_do_not_answer_are_findings(campaigns: Campaigns) -> None:
    id_ = await campaigns.draft(markets=2)
    first, second = [e["id"] for e in (await campaigns.campaign(id_, "events { id }"))["events"]]
    pools = campaigns.receivers.pools
    pools[first] = {"imported": 60, "generated": 50, "expired": 5, "voided": 6}
    statements = campaigns.resources.database.statements
    codes = [(code, path) for _, code, path in await lint(campaigns, id_) if code.startswith("CODE")]
    assert codes == [
        ("CODES_BELOW_CAPACITY", "events.0.allocation"),
        ("CODE_POOL_MISSING", "events.1.allocation"),
    ]
    # The campaign for the policy and for the rules, and both events' codes by one question.
    assert campaigns.resources.database.statements - statements == 2
    assert campaigns.receivers.pool_questions == [[first, second]]
    campaigns.receivers.down.add("codes")
    findings = await lint(campaigns, id_)
    assert ("WARNING", "CODES_UNKNOWN", "events") in findings
    assert (await campaigns.transition(id_, "OPEN"))["__typename"] == "CampaignTransitioned"


ODD: list[Callable[[httpx.Request], httpx.Response]] = [
    lambda _: httpx.Response(200, content=b"<html>"),
    lambda _: httpx.Response(200, json={"pools": [{"event_id": 1}]}),
    lambda _: httpx.Response(500, json={"code": "INTERNAL_SERVER_ERROR", "detail": "x"}),
]


@pytest.mark.parametrize("answer", ODD)
async def test_codes_that_talk_nonsense_fail_nothing(
    campaigns: Campaigns, answer: Callable[[httpx.Request], httpx.Response]
) -> None:
    id_ = await campaigns.draft()
    campaigns.resources.peers["codes"]._transport = httpx.MockTransport(answer)
    assert ("WARNING", "CODES_UNKNOWN", "events") in await lint(campaigns, id_)


@pytest.mark.parametrize("to", ["SCHEDULED", "OPEN"])
async def test_errors_keep_a_campaign_from_opening_and_warnings_do_not(campaigns: Campaigns, to: str) -> None:
    id_ = (await campaigns.create(contents=[]))["campaign"]["id"]
    await campaigns.market(id_)
    refused = await campaigns.transition(id_, to)
    assert refused["__typename"] == "LintBlocked"
    assert [(f["severity"], f["code"], ".".join(f["path"])) for f in refused["findings"]] == [
        ("ERROR", "CONTENT_MISSING", "contents.en-US"),
        ("ERROR", "EVENT_MISSING", "events"),
        ("ERROR", "MARKET_WITHOUT_EVENT", "markets.0"),
    ]
    assert (await campaigns.campaign(id_, "state version")) == {"state": "DRAFT", "version": 2}
    assert await campaigns.count("outbox") == 0
    warned = await campaigns.draft()
    assert {severity for severity, _, _ in await lint(campaigns, warned)} == {"WARNING"}
    assert (await campaigns.transition(warned, to))["__typename"] == "CampaignTransitioned"


async def test_a_window_that_is_over_is_not_opened(campaigns: Campaigns) -> None:
    id_ = await campaigns.draft(registration=window(-2 * HOUR, -HOUR))
    refused = await campaigns.transition(id_, "OPEN")
    assert [f["code"] for f in refused["findings"]] == ["IN_THE_PAST"]
    assert await campaigns.state(id_) == "DRAFT"
