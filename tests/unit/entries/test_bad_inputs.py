"""What no client should send: each is refused in words, none breaks the batch it travels in."""

import asyncio
from typing import Any

import pytest

from services.kit.ids import new_id
from tests.support import issuer
from tests.unit.entries.registrations import (
    SUBMIT,
    campaign,
    entries_service,
    publish,
    states,
    submit,
    wishes,
)

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no market": ({"preferences": []}, "InvalidPreferences"),
    "200 markets": ({"preferences": [{"marketId": new_id("mkt")} for _ in range(200)]}, "InvalidPreferences"),
    "unknown market": ({"preferences": [{"marketId": new_id("mkt")}]}, "InvalidPreferences"),
    "another kind of id": ({"preferences": [{"marketId": new_id("cmp")}]}, "InvalidPreferences"),
    "market with NUL": ({"preferences": [{"marketId": "mkt_\0"}]}, "InvalidPreferences"),
    "market with a comma": ({"preferences": [{"marketId": "mkt_a,mkt_b"}]}, "InvalidPreferences"),
    "market of 100K": ({"preferences": [{"marketId": "m" * 100_000}]}, "InvalidPreferences"),
    "emoji market": ({"preferences": [{"marketId": "🎟️"}]}, "InvalidPreferences"),
    "no tickets": ({"ticketQuantity": 0}, "ValidationFailed"),
    "negative tickets": ({"ticketQuantity": -2}, "ValidationFailed"),
    "too many tickets": ({"ticketQuantity": 5}, "ValidationFailed"),
    "tickets at the edge of Int": ({"ticketQuantity": 2**31 - 1}, "ValidationFailed"),
    "empty key": ({"idempotencyKey": ""}, "ValidationFailed"),
    "key with NUL": ({"idempotencyKey": "a\0b"}, "ValidationFailed"),
    "key with a line break": ({"idempotencyKey": "a\nb"}, "ValidationFailed"),
    "key of 201": ({"idempotencyKey": "k" * 201}, "ValidationFailed"),
    "unknown campaign": ({"campaignId": new_id("cmp")}, "NotFound"),
    "empty campaign": ({"campaignId": ""}, "NotFound"),
    "campaign with NUL": ({"campaignId": "cmp_\0"}, "NotFound"),
    "emoji campaign": ({"campaignId": "🎤"}, "NotFound"),
    "campaign of 100K": ({"campaignId": "c" * 100_000}, "NotFound"),
}
MALFORMED: dict[str, dict[str, Any]] = {
    "tickets beyond Int": {"ticketQuantity": 2**31},
    "tickets as text": {"ticketQuantity": "two"},
    "no campaign": {"campaignId": None},
    "null market": {"preferences": [None]},
    "unknown member": {"colour": "red"},
    "object as id": {"campaignId": {"a": 1}},
}


async def test_each_bad_input_is_refused_by_its_kind_and_spoils_no_other(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign()
        await publish(service, tour)
        bad = [
            submit(service, f"bad-{n}", wishes(tour, **change)) for n, (change, _) in enumerate(BAD.values())
        ]
        good = [submit(service, f"good-{n}", wishes(tour)) for n in range(len(bad))]
        answers = await asyncio.gather(*(call for pair in zip(bad, good, strict=True) for call in pair))
        refused = {name: answer["__typename"] for name, answer in zip(BAD, answers[::2], strict=True)}
        assert refused == {name: wanted for name, (_, wanted) in BAD.items()}
        assert {answer["__typename"] for answer in answers[1::2]} == {"EntrySubmitted"}
        assert len(await states(service, tour)) == len(good)


@pytest.mark.parametrize("name", MALFORMED)
async def test_what_the_schema_does_not_allow_is_a_bad_request(shared_database: Any, name: str) -> None:
    async with entries_service(shared_database) as service:
        answer = await service.graphql(
            SUBMIT, {"input": wishes(campaign(), **MALFORMED[name])}, token=issuer.token("ann")
        )
        assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_repeated_markets_are_named_by_their_place(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign()
        await publish(service, tour)
        first, second = ({"marketId": market["id"]} for market in tour["markets"][:2])
        answer = await submit(service, "ann", wishes(tour, preferences=[first, second, first]))
        [issue] = answer["issues"]
        assert (issue["path"], issue["code"]) == (["preferences", "2", "marketId"], "REPEATED_MARKET")


@pytest.mark.parametrize(
    "query",
    [
        'query { entry(id: "\\u0000") { id } }',
        'query { entry(id: "") { id } }',
        'query { entry(id: "🎟️") { id } }',
        'mutation { withdrawEntry(input: { id: "\\u0000" }) { ... on Error { code } } }',
        'mutation { updateEntryPreferences(input: { id: "\\u0000" }) { ... on Error { code } } }',
    ],
)
async def test_ids_that_cannot_be_are_nothing(shared_database: Any, query: str) -> None:
    async with entries_service(shared_database) as service:
        answer = await service.graphql(query, token=issuer.token("ann"))
        assert "errors" not in answer
        assert next(iter(answer["data"].values())) in (None, {"code": "VALIDATION_FAILED"})


async def test_representations_that_cannot_be_are_nothing(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        found = await service.entities(
            "... on Campaign { viewerEntry { id } } ... on Entry { id }",
            [{"__typename": "Campaign", "id": "\0"}, {"__typename": "Entry", "id": "\0"}],
            token=issuer.token("ann"),
        )
        assert found == [{"viewerEntry": None}, None]
