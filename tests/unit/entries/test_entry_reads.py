"""Who sees which entry, and that fifty representations are one request and one statement."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from services.kit.upstream import Upstream
from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.entries.registrations import (
    campaign,
    entries_service,
    fan,
    id_of,
    publish,
    submit,
    tell,
    wishes,
)

ENTRY = "... on Entry { id state campaign { id } user { id } preferences { rank market { id } } }"


@contextmanager
def counted(service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What happened meanwhile: `statements`, and the `calls` to upstreams as method and path."""
    seen: dict[str, Any] = {"calls": []}
    send = Upstream._send

    async def noted(self: Upstream, method: str, path: str, *rest: Any) -> Any:
        seen["calls"].append(path)
        return await send(self, method, path, *rest)

    before = service.resources.database.statements
    with monkeypatch.context() as patch:
        patch.setattr(Upstream, "_send", noted)
        yield seen
    seen["statements"] = service.resources.database.statements - before


async def fifty_entries(service: ServiceUnderTest) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    tour = campaign()
    await publish(service, tour)
    answers = await asyncio.gather(*(submit(service, f"fan-{n}", wishes(tour)) for n in range(50)))
    return tour, [{"__typename": "Entry", "id": answer["entry"]["id"]} for answer in answers]


@pytest.mark.parametrize("who", ["owner", "reader", "reader of another team", "another fan", "anonymous"])
async def test_an_entry_is_for_its_owner_and_for_who_may_read_entries(shared_database: Any, who: str) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign()
        await publish(service, tour)
        entry_id = (await submit(service, "ann", wishes(tour)))["entry"]["id"]
        tokens = {
            "owner": issuer.token("ann"),
            "reader": service.grant("rita", "ENTRY_READ", tour["team_id"]),
            "reader of another team": service.grant("otto", "ENTRY_READ", "tea_other"),
            "another fan": issuer.token("bea"),
            "anonymous": None,
        }
        [found] = await service.entities(ENTRY, [{"__typename": "Entry", "id": entry_id}], token=tokens[who])
        answer = await service.graphql(f'{{ entry(id: "{entry_id}") {{ id }} }}', token=tokens[who])
        if who in {"owner", "reader"}:
            assert found["id"] == entry_id
            assert answer["data"]["entry"] == {"id": entry_id}
        else:
            assert found is None
            assert answer["data"]["entry"] is None


async def test_a_campaigns_entries_are_for_who_may_read_them(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign()
        await publish(service, tour)
        await submit(service, "ann", wishes(tour))
        query = """query ($r: [_Any!]!) { _entities(representations: $r) {
            ... on Campaign { entries { nodes { id } } } } }"""
        for known in (tour["id"], "cmp_unknown"):
            answer = await service.graphql(
                query, {"r": [{"__typename": "Campaign", "id": known}]}, token=issuer.token("ann")
            )
            assert answer["data"]["_entities"] == [{"entries": None}]
            assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_fans_entries_are_hers_alone(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        tours = [campaign() for _ in range(3)]
        await publish(service, *tours)
        ids = [(await submit(service, "hera", wishes(tour)))["entry"]["id"] for tour in tours]
        query = """query ($r: [_Any!]!, $after: String) { _entities(representations: $r) { ... on User {
            entries(first: 2, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } } } }"""
        hera = [{"__typename": "User", "id": id_of("hera")}]
        first = (await service.graphql(query, {"r": hera}, token=issuer.token("hera")))["data"]["_entities"][
            0
        ]["entries"]
        assert [node["id"] for node in first["nodes"]] == [ids[2], ids[1]], "newest first"
        assert first["pageInfo"]["hasNextPage"] is True
        variables = {"r": hera, "after": first["pageInfo"]["endCursor"]}
        rest = (await service.graphql(query, variables, token=issuer.token("hera")))["data"]["_entities"][0][
            "entries"
        ]
        assert [node["id"] for node in rest["nodes"]] == [ids[0]]
        other = await service.graphql(query, {"r": hera}, token=service.grant("bea", "ENTRY_READ"))
        assert other["data"]["_entities"] == [{"entries": None}]
        assert other["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_pages_of_a_campaign_go_on_where_they_ended_and_filter_by_state(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        tour, entries = await fifty_entries(service)
        token = service.grant("rita", "ENTRY_READ", tour["team_id"])
        query = """query ($r: [_Any!]!, $after: String, $filter: EntryFilter) { _entities(representations: $r) {
            ... on Campaign { entries(first: 20, after: $after, filter: $filter) {
                edges { cursor node { id } } pageInfo { hasNextPage endCursor } } } } }"""
        variables: dict[str, Any] = {"r": [{"__typename": "Campaign", "id": tour["id"]}]}
        seen: list[str] = []
        more = True
        while more:
            answer = await service.graphql(query, variables, token=token)
            page = answer["data"]["_entities"][0]["entries"]
            seen += [edge["node"]["id"] for edge in page["edges"]]
            variables["after"], more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        assert seen == sorted(entry["id"] for entry in entries)
        variables = {**variables, "after": None, "filter": {"states": ["WITHDRAWN", "UNDER_REVIEW"]}}
        answer = await service.graphql(query, variables, token=token)
        assert answer["data"]["_entities"][0]["entries"]["edges"] == []


@pytest.mark.parametrize("first", [0, -1, 101])
async def test_a_page_has_1_to_100_items(shared_database: Any, first: int) -> None:
    async with entries_service(shared_database) as service:
        query = """query ($r: [_Any!]!, $n: Int) { _entities(representations: $r) {
            ... on User { entries(first: $n) { nodes { id } } } } }"""
        representations = [{"__typename": "User", "id": id_of("ann")}]
        answer = await service.graphql(query, {"r": representations, "n": first}, token=issuer.token("ann"))
        assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_a_viewer_finds_herself_in_a_campaign(shared_database: Any) -> None:
    fields = (
        "... on Campaign { viewerEntry { id state } viewerEligibility { eligible reasons { code message } } }"
    )
    async with entries_service(shared_database) as service:
        tour = campaign(phone_required=True, gate={"membership": True})
        await publish(service, tour)
        me = [{"__typename": "Campaign", "id": tour["id"]}]
        assert await service.entities(fields, me) == [{"viewerEntry": None, "viewerEligibility": None}]
        [before] = await service.entities(fields, me, token=issuer.token("vera"))
        assert before["viewerEntry"] is None
        assert [reason["code"] for reason in before["viewerEligibility"]["reasons"]] == ["PHONE_UNCONFIRMED"]
        [unfit] = await service.entities(fields, me, token=issuer.token("bea", member_id=None))
        assert [r["code"] for r in unfit["viewerEligibility"]["reasons"]] == [
            "PHONE_UNCONFIRMED",
            "MEMBERSHIP_REQUIRED",
        ]
        entry = (await submit(service, "vera", wishes(tour)))["entry"]
        await tell(service, fan("vera", phone_verified=True))
        [after] = await service.entities(fields, me, token=issuer.token("vera"))
        assert after == {
            "viewerEntry": {"id": entry["id"], "state": "ACCEPTED"},
            "viewerEligibility": {"eligible": True, "reasons": []},
        }


async def test_an_entrys_eligibility_follows_its_state_and_its_fans_facts(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign(gate={"card": {"brands": ["VISA"]}}, phone_required=True)
        await publish(service, tour)
        await tell(service, fan("elin", cards=["VISA"]))
        entry = (await submit(service, "elin", wishes(tour)))["entry"]
        query = f'{{ entry(id: "{entry["id"]}") {{ eligibility {{ eligible reasons {{ code }} }} }} }}'

        async def reasons() -> list[str]:
            answer = await service.graphql(query, token=issuer.token("elin"))
            eligibility = answer["data"]["entry"]["eligibility"]
            assert eligibility["eligible"] is (eligibility["reasons"] == [])
            return [reason["code"] for reason in eligibility["reasons"]]

        assert await reasons() == ["PHONE_UNCONFIRMED"]
        await tell(service, fan("elin", version=2, cards=["VISA"], phone_verified=True))
        assert await reasons() == []
        await tell(service, fan("elin", version=3, phone_verified=True))
        assert await reasons() == ["CARD_REQUIRED"]


async def test_fifty_registrations_are_one_request_and_two_statements(
    shared_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign()
        await publish(service, tour)
        await submit(service, "first", wishes(tour))  # keys and terms are known from here on
        with counted(service, monkeypatch) as seen:
            await asyncio.gather(*(submit(service, f"fan-{n}", wishes(tour)) for n in range(50)))
        batches = seen["calls"].count("/entries/submissions")
        assert batches == len(seen["calls"])
        assert batches <= 3, "the first goes at once, what comes meanwhile goes together"
        assert seen["statements"] == 2 * batches
        sizes = await service.resources.database.pool.fetch(
            "SELECT count(*) FROM entry WHERE campaign_id = $1 GROUP BY submitted_at", tour["id"]
        )
        assert max(row["count"] for row in sizes) >= 25


@pytest.mark.parametrize("who", ["owner", "reader"])
async def test_fifty_entries_are_one_request_and_one_statement(
    shared_database: Any, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    async with entries_service(shared_database) as service:
        tour, representations = await fifty_entries(service)
        token = (
            service.grant("rita", "ENTRY_READ", tour["team_id"]) if who == "reader" else issuer.token("fan-7")
        )
        with counted(service, monkeypatch) as seen:
            found = await service.entities(ENTRY, representations, token=token)
        assert sum(entity is not None for entity in found) == (50 if who == "reader" else 1)
        assert seen == {"calls": ["/entries/batch", "/access/check"], "statements": 1}


async def test_fifty_eligibilities_are_one_more_request_and_statement(
    shared_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with entries_service(shared_database) as service:
        tour, representations = await fifty_entries(service)
        token = service.grant("rita", "ENTRY_READ", tour["team_id"])
        with counted(service, monkeypatch) as seen:
            await service.entities("... on Entry { eligibility { eligible } }", representations, token=token)
        assert seen == {"calls": ["/entries/batch", "/access/check", "/entries/eligibility"], "statements": 2}


@pytest.mark.parametrize(
    ("field", "calls"),
    [
        ("viewerEntry { id }", ["/campaigns/viewer"]),
        ("viewerEligibility { eligible }", ["/campaigns/viewer"]),
        ("entries { nodes { id } }", ["/campaigns/teams", "/access/check", "/campaigns/entries"]),
    ],
)
async def test_fifty_campaigns_are_one_request_and_one_statement_a_field(
    shared_database: Any, monkeypatch: pytest.MonkeyPatch, field: str, calls: list[str]
) -> None:
    async with entries_service(shared_database) as service:
        tours = [campaign() for _ in range(50)]
        await publish(service, *tours)
        for tour in tours[:3]:
            await submit(service, "ann", wishes(tour))
        representations = [{"__typename": "Campaign", "id": tour["id"]} for tour in tours]
        token = service.grant("ann", "ENTRY_READ")
        with counted(service, monkeypatch) as seen:
            found = await service.entities(f"... on Campaign {{ {field} }}", representations, token=token)
        assert seen == {"calls": calls, "statements": sum(not call.startswith("/access") for call in calls)}
        assert len(found) == 50
        shown = [next(iter(entity.values())) for entity in found]
        assert sum(value not in (None, {"nodes": []}) for value in shown) == (
            50 if "eligible" in field else 3
        )


async def test_all_that_a_page_shows_of_its_viewer_is_one_request(
    shared_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign()
        await publish(service, tour)
        await submit(service, "ann", wishes(tour))
        page = "... on Campaign { viewerEntry { id preferences { rank } } viewerEligibility { eligible } }"
        with counted(service, monkeypatch) as seen:
            [found] = await service.entities(
                page, [{"__typename": "Campaign", "id": tour["id"]}], token=issuer.token("ann")
            )
        assert seen == {"calls": ["/campaigns/viewer"], "statements": 2}
        assert found["viewerEntry"]
        assert found["viewerEligibility"]


async def test_fifty_users_are_one_request_and_one_statement(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with entries_service(database) as service:
        await fifty_entries(service)
        me = {"__typename": "User", "id": id_of("fan-7")}
        query = "... on User { id entries { nodes { id } } }"
        with counted(service, monkeypatch) as seen:
            found = await service.entities(query, [me] * 50, token=issuer.token("fan-7"))
        assert seen == {"calls": ["/users/entries"], "statements": 1}
        assert {len(entity["entries"]["nodes"]) for entity in found} == {1}
