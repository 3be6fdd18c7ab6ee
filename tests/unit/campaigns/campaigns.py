"""Words for what tests do with the campaigns service."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from services.kit.ids import new_id, user_id
from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.campaigns.receivers import Receivers

ISSUES = "... on Error { code message } ... on ValidationFailed { issues { path code message } }"
CONFLICT = "... on Conflict { currentVersion }"
PERMISSIONS = ("CAMPAIGN_READ", "CAMPAIGN_WRITE", "CAMPAIGN_PUBLISH")


class Campaigns:
    """The service under test, an editor of a team, and shorthand for her mutations."""

    def __init__(self, service: ServiceUnderTest, receivers: Receivers, dsn: str) -> None:
        self.service = service
        self.receivers = receivers
        self.dsn = dsn
        self.team = new_id("tea")
        self.editor = self.grant("editor", *PERMISSIONS)
        self.reader = self.grant("reader", "CAMPAIGN_READ")
        self._count = 0

    @property
    def resources(self) -> Any:
        return self.service.resources

    def grant(self, subject: str, *permissions: str, scope: str | None = None) -> str:
        """The token of somebody who has these permissions on the team, or on `scope`."""
        for permission in permissions:
            self.receivers.granted.add((user_id(issuer.ISSUER, subject), permission, scope or self.team))
        return issuer.token(subject)

    async def mutate(
        self, name: str, payload: str, given: dict[str, Any], token: str | None = None
    ) -> dict[str, Any]:
        """The result of one mutation, as the editor. Fails on top-level errors."""
        kind = name[0].upper() + name[1:]
        refusals = ISSUES if name in ("createCampaign", "cloneCampaign") else f"{ISSUES} {CONFLICT}"
        query = f"mutation ($input: {kind}Input!) {{ {name}(input: $input) {{ __typename {payload} {refusals} }} }}"
        answer = await self.service.graphql(query, {"input": given}, token=token or self.editor)
        assert "errors" not in answer, answer["errors"]
        return answer["data"][name]

    async def create(self, **given: Any) -> dict[str, Any]:
        """createCampaign, with a valid default for whatever is not given."""
        self._count += 1
        return await self.mutate(
            "createCampaign",
            "... on CampaignCreated { campaign { id slug version state } }",
            self.new(**given),
        )

    def new(self, **given: Any) -> dict[str, Any]:
        """A valid CreateCampaignInput."""
        return {
            "teamId": self.team,
            "slug": f"tour-{self._count}",
            "defaultLocale": "en-US",
            "countries": ["US", "CA"],
            "registration": window(timedelta(hours=-1), timedelta(hours=1)),
            "contents": [
                {"locale": "en-US", "title": "The Tour"},
                {"locale": "fr-CA", "title": "La tournée"},
            ],
            **given,
        }

    async def draft(self, markets: int = 1, **given: Any) -> str:
        """The id of a draft with an event in each market, ready to be opened."""
        id_ = (await self.create(**given))["campaign"]["id"]
        for place in range(markets):
            market = await self.market(id_, name=f"Market {place}")
            await self.event(id_, market["market"]["id"])
        return id_

    async def opened(self, markets: int = 1, **given: Any) -> str:
        """The id of an open campaign."""
        id_ = await self.draft(markets, **given)
        assert (await self.transition(id_, "OPEN"))["__typename"] == "CampaignTransitioned"
        return id_

    async def market(self, campaign_id: str, **given: Any) -> dict[str, Any]:
        """upsertMarket."""
        fields = "... on MarketUpserted { market { id name population capacity venue { name } } campaign { version } }"
        return await self.mutate(
            "upsertMarket", fields, {"campaignId": campaign_id, "name": "New York", "country": "US", **given}
        )

    async def event(self, campaign_id: str, market_id: str, **given: Any) -> dict[str, Any]:
        """upsertEvent."""
        fields = "... on EventUpserted { event { id name allocation market { id } } campaign { version } }"
        event = {
            "campaignId": campaign_id,
            "marketId": market_id,
            "name": "Night 1",
            "startsAt": moment(timedelta(days=90)),
            "presale": window(timedelta(days=10), timedelta(days=12)),
            "allocation": 100,
            **given,
        }
        return await self.mutate("upsertEvent", fields, event)

    async def transition(self, campaign_id: str, to: str, version: int | None = None) -> dict[str, Any]:
        """transitionCampaign, from the present version unless another is given."""
        expected = version if version is not None else await self.version(campaign_id)
        return await self.mutate(
            "transitionCampaign",
            "... on CampaignTransitioned { campaign { id state version } } ... on IllegalTransition { from to }"
            " ... on LintBlocked { findings { severity code message path } }",
            {"id": campaign_id, "to": to, "expectedVersion": expected},
        )

    async def version(self, campaign_id: str) -> int:
        """The present version."""
        return (await self.campaign(campaign_id, "version"))["version"]

    async def state(self, campaign_id: str) -> str:
        """The present state."""
        return (await self.campaign(campaign_id, "state"))["state"]

    async def campaign(
        self, campaign_id: str, fields: str, *, token: str | None = None, **headers: str
    ) -> Any:
        """Query.campaign by id, as the editor unless another token is given."""
        query = f"query ($id: ID!) {{ campaign(id: $id) {{ {fields} }} }}"
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.service.graphql(
            query, {"id": campaign_id}, token=token or self.editor, headers=sent
        )
        assert "errors" not in answer, answer["errors"]
        return answer["data"]["campaign"]

    async def put(self, campaign_id: str, **columns: Any) -> None:
        """Sets columns behind the service's back: time that has passed, states that take long to reach.

        Whatever is no draft was announced, unless `announced_at` says otherwise.
        """
        if "state" in columns:
            columns = {"announced_at": None if columns["state"] == "DRAFT" else datetime.now(UTC), **columns}
        connection = await asyncpg.connect(self.dsn)
        sets = ", ".join(f"{name} = ${place}" for place, name in enumerate(columns, 2))
        await connection.execute(f"UPDATE campaign SET {sets} WHERE id = $1", campaign_id, *columns.values())
        await connection.close()

    async def fill(self, campaign_id: str, market_id: str, *, events: int, allocation: int) -> None:
        """Puts events into a market behind the service's back."""
        connection = await asyncpg.connect(self.dsn)
        await connection.execute(
            """
            INSERT INTO event (id, campaign_id, market_id, name, starts_at, presale_opens_at, presale_closes_at,
                               allocation, code_mode, ticket_limit)
            SELECT 'evt_' || gen_random_uuid(), $1, $2, 'Night ' || n, now() + interval '9 days', now(),
                   now() + interval '1 day', $4, 'SINGLE_USE', 4
            FROM generate_series(1, $3::int) AS n
            """,
            campaign_id, market_id, events, allocation,
        )  # fmt: skip
        await connection.close()

    async def count(self, table: str) -> int:
        """How many rows a table has."""
        connection = await asyncpg.connect(self.dsn)
        number = await connection.fetchval(f"SELECT count(*) FROM {table}")
        await connection.close()
        return number


def window(opens: timedelta, closes: timedelta) -> dict[str, str]:
    """A WindowInput relative to now."""
    return {"opensAt": moment(opens), "closesAt": moment(closes)}


def moment(delta: timedelta) -> str:
    """A DateTime relative to now."""
    return (datetime.now(UTC) + delta).isoformat()
