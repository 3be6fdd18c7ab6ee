"""A campaign made through the public graph, as an editor makes one: texts, markets at real venues, events, opening."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from scripts.devtools.graphql_client import GraphQLClient

_REFUSAL = "... on Error { code message path } ... on ValidationFailed { issues { path code message } }"
_TEAM = "query Team { viewer { teams { id } } }"
_VENUES = """query Venues($search: String, $first: Int!) {
  venues(search: $search, first: $first) { nodes { id name city country } }
}"""
_CREATE = f"""mutation Create($input: CreateCampaignInput!) {{
  createCampaign(input: $input) {{ __typename ... on CampaignCreated {{ campaign {{ id slug version }} }} {_REFUSAL} }}
}}"""
_MARKET = f"""mutation Market($input: UpsertMarketInput!) {{
  upsertMarket(input: $input) {{ __typename ... on MarketUpserted {{ market {{ id }} }} {_REFUSAL} }}
}}"""
_EVENT = f"""mutation Event($input: UpsertEventInput!) {{
  upsertEvent(input: $input) {{ __typename ... on EventUpserted {{ event {{ id }} }} {_REFUSAL} }}
}}"""
_VERSION = "query Version($id: ID!) { campaign(id: $id) { version } }"
_TRANSITION = f"""mutation Transition($input: TransitionCampaignInput!) {{
  transitionCampaign(input: $input) {{ __typename ... on CampaignTransitioned {{ campaign {{ id }} }} {_REFUSAL}
    ... on LintBlocked {{ findings {{ path code message }} }} }}
}}"""


class CampaignSetupError(Exception):
    """The graph refused a step; the message says which and why."""


@dataclass(frozen=True)
class CampaignPlan:
    """What to make. `titles` are by locale, the first is the default; `allocation` counts tickets per event.

    `venues` names one for each market; without names the catalogue's first ones are taken.
    """

    titles: dict[str, str] = field(default_factory=lambda: {"en-US": "A night to remember"})
    countries: Sequence[str] = ("US", "CA", "GB", "IE", "MX")
    markets: int = 3
    venues: Sequence[str] = ()
    allocation: int = 1000
    phone_required: bool = False
    lasts: timedelta = timedelta(days=7)


@dataclass(frozen=True)
class Campaign:
    """A campaign that was made. Market and event ids are in the same order: event n is in market n."""

    id: str
    slug: str
    market_ids: Sequence[str]
    event_ids: Sequence[str]


async def open_campaign(client: GraphQLClient, token: str, plan: CampaignPlan | None = None) -> Campaign:
    """A campaign that takes registrations. `token` is an editor's. Raises CampaignSetupError, GraphQLErrors."""
    campaign = await draft_campaign(client, token, plan or CampaignPlan())
    await transition(client, token, campaign.id, "OPEN")
    return campaign


async def draft_campaign(client: GraphQLClient, token: str, plan: CampaignPlan) -> Campaign:
    """A campaign with texts, markets and events that is ready to be opened."""
    teams = (await client.query(_TEAM, token=token))["viewer"]["teams"]
    if not teams:
        raise CampaignSetupError("The editor belongs to no team: is the demonstration data there?")
    now = datetime.now(UTC)
    created = await _mutate(client, token, _CREATE, "campaign", _campaign_input(teams[0]["id"], plan, now))
    campaign = Campaign(created["id"], created["slug"], [], [])
    for venue in await _venues(client, token, plan):
        campaign = await _add_market(client, token, campaign, venue, plan, now)
    return campaign


async def transition(client: GraphQLClient, token: str, campaign_id: str, to: str) -> None:
    """Moves a campaign on, whatever its version is now."""
    version = (await client.query(_VERSION, {"id": campaign_id}, token=token))["campaign"]["version"]
    given = {"id": campaign_id, "to": to, "expectedVersion": version}
    await _mutate(client, token, _TRANSITION, "campaign", given)


async def _add_market(
    client: GraphQLClient,
    token: str,
    campaign: Campaign,
    venue: dict[str, Any],
    plan: CampaignPlan,
    now: datetime,
) -> Campaign:
    given = {
        "campaignId": campaign.id,
        "name": venue["city"],
        "country": venue["country"],
        "venueId": venue["id"],
    }
    market = await _mutate(client, token, _MARKET, "market", {**given, "radiusKm": 80})
    event = await _mutate(
        client,
        token,
        _EVENT,
        "event",
        {
            "campaignId": campaign.id,
            "marketId": market["id"],
            "name": f"{venue['name']}, {venue['city']}",
            "startsAt": _moment(now + timedelta(days=90)),
            "presale": _window(now + timedelta(days=14), timedelta(days=2)),
            "allocation": plan.allocation,
            "codeMode": "SINGLE_USE",
            "ticketLimit": 4,
        },
    )
    return replace(
        campaign,
        market_ids=[*campaign.market_ids, market["id"]],
        event_ids=[*campaign.event_ids, event["id"]],
    )


async def _venues(client: GraphQLClient, token: str, plan: CampaignPlan) -> list[dict[str, Any]]:
    wanted = [{"search": name, "first": 1} for name in plan.venues] or [{"first": plan.markets}]
    answers = [await client.query(_VENUES, variables, token=token) for variables in wanted]
    venues = [venue for answer in answers for venue in answer["venues"]["nodes"]]
    if len(venues) < plan.markets:
        raise CampaignSetupError(
            f"The catalogue has {len(venues)} such venues, and {plan.markets} are needed."
        )
    return venues


async def _mutate(
    client: GraphQLClient, token: str, document: str, wanted: str, given: dict[str, Any]
) -> dict[str, Any]:
    """The member `wanted` of the success type. Raises CampaignSetupError for every other member of the union."""
    data = await client.query(document, {"input": given}, token=token)
    ((name, result),) = data.items()
    if result.get(wanted) is None:
        wrong = result.get("issues") or result.get("findings") or ()
        issues = "; ".join(f"{'.'.join(issue['path'])}: {issue['message']}" for issue in wrong)
        raise CampaignSetupError(f"{name} answered {result['__typename']}: {issues or result.get('message')}")
    return result[wanted]


def _campaign_input(team_id: str, plan: CampaignPlan, now: datetime) -> dict[str, Any]:
    return {
        "teamId": team_id,
        "slug": f"campaign-{secrets.token_hex(6)}",
        "defaultLocale": next(iter(plan.titles)),
        "countries": list(plan.countries),
        # Open a little while ago already: the database's clock decides, not this one.
        "registration": _window(now - timedelta(minutes=5), plan.lasts),
        "phoneRequired": plan.phone_required,
        "identityKey": "EMAIL",
        "contents": [{"locale": locale, "title": title} for locale, title in plan.titles.items()],
    }


def _window(opens_at: datetime, lasts: timedelta) -> dict[str, str]:
    return {"opensAt": _moment(opens_at), "closesAt": _moment(opens_at + lasts)}


def _moment(value: datetime) -> str:
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
