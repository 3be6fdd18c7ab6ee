"""Campaigns, fans and registrations for the tests of this folder."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from scripts.devtools.databases import ServiceDatabase
from services.kit.ids import new_id, user_id
from tests.support import issuer
from tests.support.service import ServiceUnderTest, open_service

SUBMIT = """
mutation ($input: SubmitEntryInput!) {
  submitEntry(input: $input) {
    __typename
    ... on EntrySubmitted { replayed entry { ...all } }
    ... on AlreadyEntered { code message entry { ...all } }
    ... on CampaignNotOpen { code message state opensAt closesAt }
    ... on GateUnmet { code reasons { code message } }
    ... on InvalidPreferences { code issues { path code message } }
    ... on ValidationFailed { code issues { path code message } }
    ... on NotFound { code path }
    ... on IdempotencyMismatch { code path }
    ... on RateLimited { retryAfterSeconds }
  }
}
fragment all on Entry {
  id state ticketQuantity submittedAt preferences { rank market { id } } campaign { id } user { id }
}
"""


@asynccontextmanager
async def entries_service(
    database: Callable[[str], ServiceDatabase], **options: Any
) -> AsyncIterator[ServiceUnderTest]:
    """The entries service on a database of its own."""
    async with open_service("entries", database("entries").service_dsn, **options) as service:
        yield service


def campaign(**changes: Any) -> dict[str, Any]:
    """A campaign as the Campaign Service would publish it: open, three markets, one event in each, no gate."""
    markets = [
        {"id": new_id("mkt"), "name": name, "country": "US"} for name in ("Chicago", "Denver", "Austin")
    ]
    now = datetime.now(UTC)
    return {
        "id": new_id("cmp"),
        "slug": new_id("slug"),
        "team_id": new_id("tea"),
        "version": 1,
        "state": "OPEN",
        "default_locale": "en-US",
        "countries": ["US", "CA", "GB", "IE", "MX"],
        "opens_at": now - timedelta(hours=1),
        "closes_at": now + timedelta(hours=1),
        "phone_required": False,
        "identity_key": "EMAIL",
        "gate": None,
        "score_min": None,
        "score_max": None,
        "titles": {"en-US": "A tour"},
        "markets": markets,
        "events": [
            {
                "id": new_id("evt"),
                "market_id": market["id"],
                "name": f"A night in {market['name']}",
                "starts_at": now + timedelta(days=90),
                "presale_opens_at": now + timedelta(days=7),
                "presale_closes_at": now + timedelta(days=8),
                "allocation": 100,
                "code_mode": "SINGLE_USE",
                "ticket_limit": 4,
            }
            for market in markets
        ],
        **changes,
    }


def fan(subject: str, version: int = 1, **changes: Any) -> dict[str, Any]:
    """A fan as the User Service would publish her: nothing confirmed. Proofs are given by name, or as on the wire."""
    for kind in {"accounts", "cards", "tiers"} & changes.keys():
        changes[kind] = [{"value": each} if isinstance(each, str) else each for each in changes[kind]]
    return {
        "id": id_of(subject),
        "version": version,
        "phone_verified": False,
        "country": None,
        "member_id": None,
        "do_not_sell": False,
        **changes,
    }


def id_of(subject: str) -> str:
    return user_id(issuer.ISSUER, subject)


async def publish(service: ServiceUnderTest, *campaigns: dict[str, Any]) -> None:
    """Delivers campaign snapshots."""
    answer = await service.rest("PUT", "/snapshots/campaigns", {"campaigns": campaigns})
    assert answer.status_code == 200, answer.text


async def tell(service: ServiceUnderTest, *fans: dict[str, Any]) -> None:
    """Delivers user snapshots."""
    answer = await service.rest("PUT", "/snapshots/users", {"users": fans})
    assert answer.status_code == 200, answer.text


def wishes(of: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A valid input of submitEntry: the first two markets."""
    ranked = [{"marketId": market["id"]} for market in of["markets"][:2]]
    return {"campaignId": of["id"], "preferences": ranked, "ticketQuantity": 2, **changes}


async def submit(
    service: ServiceUnderTest,
    subject: str,
    input: dict[str, Any],
    *,
    headers: dict[str, str] | None = None,
    **claims: Any,
) -> dict[str, Any]:
    """What submitEntry answers the fan."""
    answer = await service.graphql(
        SUBMIT, {"input": input}, token=issuer.token(subject, **claims), headers=headers
    )
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["submitEntry"]


async def states(service: ServiceUnderTest, of: dict[str, Any]) -> dict[str, str]:
    """The states of a campaign's entries as they are stored, by user id."""
    rows = await service.resources.database.pool.fetch(
        "SELECT user_id, state FROM entry WHERE campaign_id = $1", of["id"]
    )
    return {row["user_id"]: row["state"] for row in rows}
