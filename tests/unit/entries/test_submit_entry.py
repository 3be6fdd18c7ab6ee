"""submitEntry: one registration a person, only while open, only by the rules, and the same answer to the same key."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from strawberry.schema.config import StrawberryConfig
from strawberry.types import get_object_definition
from strawberry.types.arguments import convert_argument

from scripts.devtools.samples import Samples
from services.entries.subgraph.mutations.submit_entry import SubmitEntryInput
from services.entries.subgraph.schema import schema
from services.kit.ids import new_id
from services.kit.metrics import registry
from tests.support import issuer
from tests.unit.entries.registrations import (
    SUBMIT,
    campaign,
    entries_service,
    fan,
    id_of,
    publish,
    states,
    submit,
    tell,
    wishes,
)

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)


def codes(refusal: dict[str, Any]) -> list[str]:
    """What a GateUnmet names."""
    return [reason["code"] for reason in refusal["reasons"]]


async def test_a_registration_is_answered_whole(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign()
        await publish(service, tour)
        answer = await submit(service, "ann", wishes(tour))
        assert answer["__typename"] == "EntrySubmitted"
        assert answer["replayed"] is False
        entry = answer["entry"]
        assert entry["id"].startswith("ent_")
        assert entry["state"] == "ACCEPTED"
        assert entry["ticketQuantity"] == 2
        assert entry["campaign"] == {"id": tour["id"]}
        assert entry["user"] == {"id": id_of("ann")}
        assert entry["preferences"] == [
            {"rank": rank, "market": {"id": market["id"]}}
            for rank, market in enumerate(tour["markets"][:2], 1)
        ]


async def test_a_second_submit_returns_the_first_entry(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign()
        await publish(service, tour)
        first = await submit(service, "ann", wishes(tour))
        second = await submit(service, "ann", wishes(tour, ticketQuantity=4))
        assert (second["__typename"], second["code"]) == ("AlreadyEntered", "ALREADY_ENTERED")
        assert second["entry"] == first["entry"]


@pytest.mark.parametrize(
    ("identity_key", "same", "other"),
    [
        ("EMAIL", {"email": "Ann@Example.com"}, {"email": "bea@example.com", "member_id": "member-ann"}),
        ("MEMBER_ID", {"member_id": "member-ann"}, {"email": "ann@example.com"}),
        ("GLOBAL_USER_ID", None, {"email": "ann@example.com", "member_id": "member-ann"}),
    ],
)
async def test_the_campaign_says_what_makes_a_person(
    shared_database: Any, identity_key: str, same: dict[str, Any] | None, other: dict[str, Any]
) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign(identity_key=identity_key)
        await publish(service, tour)
        first = await submit(service, "ann", wishes(tour))
        again = await submit(
            service, "ann" if same is None else "ann-elsewhere", wishes(tour), **(same or {})
        )
        assert again["__typename"] == "AlreadyEntered"
        assert again["entry"]["id"] == first["entry"]["id"]
        assert (await submit(service, "bea", wishes(tour), **other))["__typename"] == "EntrySubmitted"


async def test_a_fan_without_the_identity_is_told_what_is_missing(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        by_email, by_membership = campaign(), campaign(identity_key="MEMBER_ID")
        await publish(service, by_email, by_membership)
        without: list[dict[str, Any]] = [
            {"email": None},
            {"email_verified": False},
            {"email": "a\0@example.com"},
        ]
        for claims in without:
            answer = await submit(service, "ann", wishes(by_email), **claims)
            assert (answer["__typename"], codes(answer)) == ("GateUnmet", ["EMAIL_REQUIRED"])
        answer = await submit(service, "ann", wishes(by_membership), member_id=None)
        assert (answer["__typename"], codes(answer)) == ("GateUnmet", ["MEMBERSHIP_REQUIRED"])


@pytest.mark.parametrize(
    ("identity_key", "claims", "missing"),
    [("EMAIL", {"email": None}, "EMAIL_REQUIRED"), ("MEMBER_ID", {"member_id": None}, "MEMBERSHIP_REQUIRED")],
)
async def test_who_lacks_the_identity_is_told_all_that_she_lacks_and_what_the_page_tells(
    shared_database: Any, identity_key: str, claims: dict[str, Any], missing: str
) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign(
            identity_key=identity_key, gate={"all_of": [{"card": {"brands": ["VISA"]}}, {"phone": True}]}
        )
        await publish(service, tour)
        token = issuer.token("ann", **claims)
        answer = await submit(service, "ann", wishes(tour), **claims)
        fragment = "... on Campaign { viewerEligibility { eligible reasons { code message } } }"
        [page] = await service.entities(fragment, [{"__typename": "Campaign", "id": tour["id"]}], token=token)
        assert codes(answer) == [missing, "CARD_REQUIRED", "PHONE_UNCONFIRMED"]
        assert page["viewerEligibility"] == {"eligible": False, "reasons": answer["reasons"]}
        await publish(service, {**tour, "version": 2, "state": "CLOSED"})
        assert (await submit(service, "ann", wishes(tour), **claims))["__typename"] == "CampaignNotOpen"
        draft = campaign(identity_key=identity_key, state="DRAFT")
        await publish(service, draft)
        assert (await submit(service, "ann", wishes(draft), **claims))["__typename"] == "NotFound"


async def test_an_email_is_one_however_its_letters_are_cased_or_composed(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign()
        await publish(service, tour)
        first = await submit(service, "zoe", wishes(tour), email="zo\u00eb@example.com")
        again = await submit(service, "zoe-2", wishes(tour), email="ZOE\u0308@Example.com")
        assert (again["__typename"], again["entry"]) == ("AlreadyEntered", first["entry"])
        for number, other in enumerate(
            ["zo\u00eb+tour@example.com", "z.o\u00eb@example.com", "zoe@example.com"]
        ):
            answer = await submit(service, f"other-{number}", wishes(tour), email=other)
            assert answer["__typename"] == "EntrySubmitted", "only their provider knows whose mailbox that is"


async def test_a_party_that_no_ranked_market_takes_is_refused(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign()
        few, many, _ = tour["events"]
        few["ticket_limit"], many["ticket_limit"] = 2, 6
        await publish(service, tour)
        small, large = ({"marketId": event["market_id"]} for event in (few, many))
        refused = await submit(service, "ann", wishes(tour, preferences=[small], ticketQuantity=3))
        assert (refused["__typename"], refused["issues"][0]["path"]) == (
            "ValidationFailed",
            ["ticketQuantity"],
        )
        assert refused["issues"][0]["message"].startswith("ticketQuantity must be 1 to 2 ")
        taken = await submit(service, "ann", wishes(tour, preferences=[small, large], ticketQuantity=6))
        assert taken["__typename"] == "EntrySubmitted"


@pytest.mark.parametrize(
    ("state", "opens_at", "closes_at", "told"),
    [
        ("OPEN", NOW - HOUR, NOW + HOUR, None),
        ("SCHEDULED", NOW - HOUR, NOW + HOUR, None),
        ("SCHEDULED", NOW + HOUR, NOW + 2 * HOUR, "SCHEDULED"),
        ("OPEN", NOW + HOUR, NOW + 2 * HOUR, "SCHEDULED"),
        ("OPEN", NOW - 2 * HOUR, NOW - HOUR, "CLOSED"),
        ("SCHEDULED", NOW - 2 * HOUR, NOW - HOUR, "CLOSED"),
        ("PAUSED", NOW - HOUR, NOW + HOUR, "PAUSED"),
        ("CLOSED", NOW - HOUR, NOW + HOUR, "CLOSED"),
        ("SELECTING", NOW - HOUR, NOW + HOUR, "SELECTING"),
        ("FINISHED", NOW - HOUR, NOW + HOUR, "FINISHED"),
        ("ARCHIVED", NOW - HOUR, NOW + HOUR, "ARCHIVED"),
        ("CANCELLED", NOW - HOUR, NOW + HOUR, "CANCELLED"),
    ],
)
async def test_only_an_open_campaign_inside_its_window_takes_entries(
    shared_database: Any, state: str, opens_at: datetime, closes_at: datetime, told: str | None
) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign(state=state, opens_at=opens_at, closes_at=closes_at)
        await publish(service, tour)
        answer = await submit(service, "ann", wishes(tour))
        if told is None:
            assert answer["__typename"] == "EntrySubmitted"
        else:
            assert answer["__typename"] == "CampaignNotOpen"
            assert answer["state"] == told
            assert datetime.fromisoformat(answer["opensAt"]) - opens_at < timedelta(milliseconds=1)
            assert await states(service, tour) == {}


async def test_a_draft_is_not_there(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        draft = campaign(state="DRAFT")
        await publish(service, draft)
        assert (await submit(service, "ann", wishes(draft)))["__typename"] == "NotFound"
        [seen] = await service.entities(
            "... on Campaign { viewerEligibility { eligible } }",
            [{"__typename": "Campaign", "id": draft["id"]}],
            token=issuer.token("ann"),
        )
        assert seen == {"viewerEligibility": None}, "nor is what it will ask for"


async def test_the_same_key_replays_and_another_input_is_refused(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign()
        await publish(service, tour)
        first = await submit(service, "ann", wishes(tour, idempotencyKey="try-1"))
        again = await submit(service, "ann", wishes(tour, idempotencyKey="try-1"))
        assert (again["__typename"], again["replayed"]) == ("EntrySubmitted", True)
        assert again["entry"] == first["entry"]
        other = await submit(service, "ann", wishes(tour, idempotencyKey="try-1", ticketQuantity=1))
        assert other["__typename"] == "IdempotencyMismatch"
        await publish(service, {**tour, "version": 2, "state": "CLOSED"})
        late = await submit(service, "ann", wishes(tour, idempotencyKey="try-1"))
        assert (late["__typename"], late["replayed"]) == ("EntrySubmitted", True), (
            "a replay outlives the close"
        )


async def test_a_key_is_its_callers_own(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        tour, alike = campaign(), campaign()
        await publish(service, tour, alike)
        shared: dict[str, Any] = {"email": "both@example.com"}
        first = await submit(service, "ann", wishes(tour, idempotencyKey="k"), **shared)
        other = await submit(service, "ann-2", wishes(tour, idempotencyKey="k"), **shared)
        assert (other["__typename"], other["entry"]) == ("AlreadyEntered", first["entry"])
        other = await submit(service, "ann-2", wishes(tour, idempotencyKey="k", ticketQuantity=1), **shared)
        assert other["__typename"] == "AlreadyEntered", "nor is it a mismatch with what somebody else sent"
        for name in ("bea", "cyd"):
            entered = await submit(service, name, wishes(tour, idempotencyKey="k"))
            assert (entered["__typename"], entered["replayed"]) == ("EntrySubmitted", False)
            assert entered["entry"]["user"] == {"id": id_of(name)}
        elsewhere = await submit(service, "bea", wishes(alike, idempotencyKey="k"))
        assert (elsewhere["__typename"], elsewhere["replayed"]) == ("EntrySubmitted", False)


async def test_another_account_of_the_person_can_enter_after_a_withdrawal_under_the_same_key(
    shared_database: Any,
) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign()
        await publish(service, tour)
        shared: dict[str, Any] = {"email": "both@example.com"}
        first = await submit(service, "ann", wishes(tour, idempotencyKey="k"), **shared)
        await service.resources.changes.withdraw(id_of("ann"), first["entry"]["id"])
        late = await submit(service, "ann", wishes(tour, idempotencyKey="k"), **shared)
        assert (late["replayed"], late["entry"]["state"]) == (True, "WITHDRAWN"), "her own old request"
        other = await submit(service, "ann-2", wishes(tour, idempotencyKey="k"), **shared)
        assert (other["__typename"], other["replayed"]) == ("EntrySubmitted", False)
        assert other["entry"]["user"] == {"id": id_of("ann-2")}


async def test_an_unmet_gate_is_named_in_the_fans_language(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign(
            gate={"all_of": [{"card": {"brands": ["VISA", "AMEX"]}}, {"region": {"countries": ["CA"]}}]}
        )
        await publish(service, tour)
        answer = await submit(service, "ann", wishes(tour), headers={"accept-language": "fr-CA, en;q=0.5"})
        assert answer["reasons"] == [
            {"code": "CARD_REQUIRED", "message": "Vérifiez une carte : Visa ou American Express."},
            {
                "code": "REGION_NOT_SERVED",
                "message": "Cette prévente est réservée aux fans des pays suivants : Canada.",
            },
        ]
        await tell(service, fan("ann", cards=["AMEX"]))
        assert (await submit(service, "ann", wishes(tour), country="CA"))["__typename"] == "EntrySubmitted"


async def test_who_has_entered_is_told_so_even_if_she_could_not_enter_any_more(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign()
        await publish(service, tour)
        first = await submit(service, "ann", wishes(tour))
        await publish(service, {**tour, "version": 2, "gate": {"membership": True}, "state": "CLOSED"})
        again = await submit(service, "ann", wishes(tour), member_id=None)
        assert again["__typename"] == "AlreadyEntered"
        assert again["entry"]["id"] == first["entry"]["id"]


async def test_an_account_is_needed_and_a_service_account_is_no_fan(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign()
        await publish(service, tour)
        anonymous = await service.graphql(SUBMIT, {"input": wishes(tour)})
        assert anonymous["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        robot = await service.graphql(
            SUBMIT, {"input": wishes(tour)}, token=issuer.token("robot", client_id="robot")
        )
        assert robot["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        assert await states(service, tour) == {}


async def test_each_accepted_registration_leaves_one_sighting(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign()
        await publish(service, tour)
        await asyncio.gather(*(submit(service, name, wishes(tour)) for name in ("ann", "bea", "ann")))
        rows = await service.resources.database.pool.fetch("SELECT topic, target, body FROM outbox")
        assert [(row["topic"], row["target"]) for row in rows] == [("sighting", "users")] * 2
        bodies = b"".join(service.resources.sealer.open(row["body"], "outbox") for row in rows)
        assert b"ann@example.com" in bodies
        assert b"bea@example.com" in bodies
        assert bodies.count(tour["id"].encode()) == 2, "who may see her depends on where she registered"
        assert all(b"example.com" not in row["body"] for row in rows), "sealed at rest"


async def test_a_sighting_says_whether_the_browser_opts_out(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign()
        await publish(service, tour)
        for name, signal in (("ann", "1"), ("bea", "0")):
            await submit(service, name, wishes(tour), headers={"sec-gpc": signal})
        rows = await service.resources.database.pool.fetch("SELECT body FROM outbox ORDER BY id")
        sightings = [json.loads(service.resources.sealer.open(row["body"], "outbox")) for row in rows]
        assert {s["user_id"]: s["do_not_sell_signal"] for s in sightings} == {
            id_of("ann"): True,
            id_of("bea"): False,
        }


async def test_a_country_is_read_whatever_its_case(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign(gate={"region": {"countries": ["IE"]}})
        await publish(service, tour)
        taken = await submit(service, "ann", wishes(tour), country="ie")
        assert taken["__typename"] == "EntrySubmitted"
        for country in ("Ireland", "US"):
            refused = await submit(service, "bea", wishes(tour), country=country)
            assert refused["reasons"][0]["code"] == "REGION_NOT_SERVED"


async def test_terms_that_changed_since_they_were_read_are_read_again(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign()
        await publish(service, tour)
        await submit(service, "ann", wishes(tour))  # the terms of version 1 are remembered now
        market = {"id": new_id("mkt"), "name": "Boise", "country": "US"}
        await publish(service, {**tour, "version": 2, "markets": [*tour["markets"][1:], market]})
        gone = await submit(service, "bea", wishes(tour))
        assert gone["issues"][0]["path"] == ["preferences", "0", "marketId"]
        new = await submit(service, "bea", wishes(tour, preferences=[{"marketId": market["id"]}]))
        assert new["__typename"] == "EntrySubmitted"


@pytest.mark.parametrize(
    "value",
    [
        {"campaignId": "cmp_1", "preferences": []},
        {"campaignId": "cmp_1", "preferences": [{"marketId": "a"}, {"marketId": "b"}], "ticketQuantity": 2},
        {
            "campaignId": "cmp_1",
            "preferences": [{"marketId": "a"}],
            "ticketQuantity": None,
            "idempotencyKey": "k",
        },
    ],
)
def test_the_quick_conversion_of_the_input_makes_what_the_generic_one_makes(
    value: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def convert() -> object:
        registry = schema.schema_converter.scalar_registry
        return convert_argument(value, SubmitEntryInput, registry, StrawberryConfig())

    quick = convert()
    monkeypatch.setattr(get_object_definition(SubmitEntryInput, strict=True), "from_input", None)
    assert convert() == quick


async def test_registrations_are_counted_by_what_became_of_them(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        tour, closed = campaign(), campaign(state="CLOSED")
        await publish(service, tour)
        await publish(service, closed)
        before = Samples.parse(registry.text().decode())
        await submit(service, "ann", wishes(tour))
        await submit(service, "ann", wishes(tour))
        await submit(service, "bea", wishes(closed))
        counted = Samples.parse(registry.text().decode()).since(before)
        outcomes = ("ok", "refused", "busy", "failed")
        assert [counted.total("monoql_registrations_total", outcome=outcome) for outcome in outcomes] == [
            2,
            1,
            0,
            0,
        ]
