"""Who sees waves and selections, also by reference; and what fifty references cost."""

from typing import Any

import pytest

from services.kit.ids import new_id
from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.entries.draws import STAFF, Staff, closed_campaign, outcome
from tests.unit.entries.registrations import entries_service, id_of

WAVE = "... on Wave { id name state capacities { event { id } capacity selected } summary { selected } }"
SELECTION = "... on Selection { id event { id } market { id } preferenceRank entry { id state } wave { id } }"


def references(kind: str, *ids: str) -> list[dict[str, str]]:
    return [{"__typename": kind, "id": id_} for id_ in ids]


async def owner_of(service: ServiceUnderTest, selection_id: str) -> tuple[str, str]:
    """The subject of the winner's token, and the entry."""
    pool = service.resources.database.pool
    row = await pool.fetchrow("SELECT user_id, entry_id FROM selection WHERE id = $1", selection_id)
    subject = next(f"fan-{n}" for n in range(1000) if id_of(f"fan-{n}") == row["user_id"])
    return subject, row["entry_id"]


async def test_who_sees_what(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=60)
        wave_id = await staff.drawn(tour)
        selection_id = (await outcome(service, wave_id))[0][0]
        winner, entry_id = await owner_of(service, selection_id)
        reader = service.grant("reader", "SELECTION_READ", tour["team_id"])
        service.grant("reader", "ENTRY_READ", tour["team_id"])
        outsider = service.grant("outsider", "SELECTION_READ", "tea_other")
        fans = (issuer.token("somebody"), None, outsider)
        won = "... on Selection { id preferenceRank }"

        async def seen(kind: str, fragment: str, id_: str, token: str | None) -> bool:
            [answer] = await service.entities(fragment, references(kind, id_), token=token)
            return answer is not None

        assert await seen("Wave", WAVE, wave_id, reader)
        assert await seen("Selection", won, selection_id, reader)
        for token in (*fans, issuer.token(winner)):
            assert not await seen("Wave", WAVE, wave_id, token)
            assert not await seen("Selection", won, selection_id, token), "not final yet"
        mine = f'{{ entry(id: "{entry_id}") {{ selections {{ id event {{ id }} preferenceRank entry {{ id }} }} }} }}'
        before = await service.graphql(mine, token=issuer.token(winner))
        assert before["data"]["entry"]["selections"] == []
        await staff.finalize(wave_id)
        assert await seen("Selection", won, selection_id, issuer.token(winner))
        after = await service.graphql(mine, token=issuer.token(winner))
        assert [(s["id"], s["entry"]["id"]) for s in after["data"]["entry"]["selections"]] == [
            (selection_id, entry_id)
        ]
        for token in fans:
            assert not await seen("Selection", won, selection_id, token)
        half = await service.graphql(mine, token=service.grant("half", "ENTRY_READ", tour["team_id"]))
        assert [error["extensions"]["code"] for error in half["errors"]] == ["FORBIDDEN"]


async def test_a_winner_learns_nothing_of_the_wave_but_its_id(database: Any) -> None:
    async with entries_service(database) as service:
        tour = await closed_campaign(service, fans=30)
        wave_id = await Staff(service).final(tour)
        selection_id = (await outcome(service, wave_id))[0][0]
        token = issuer.token((await owner_of(service, selection_id))[0])
        query = (
            "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Selection { wave { id %s } } } }"
        )
        answer = await service.graphql(query % "", {"r": references("Selection", selection_id)}, token=token)
        assert answer["data"]["_entities"] == [{"wave": {"id": wave_id}}]
        for field in (
            "name",
            "summary { selected }",
            "draw { seed }",
            "selections { nodes { id } }",
            "job { state }",
        ):
            answer = await service.graphql(
                query % field, {"r": references("Selection", selection_id)}, token=token
            )
            assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize("missing", ["SELECTION_RUN", "SELECTION_READ"])
async def test_steps_need_their_permission(database: Any, missing: str) -> None:
    async with entries_service(database) as service:
        tour = await closed_campaign(service, fans=2)
        wave_id = await Staff(service).draft(tour)
        half = Staff(service, "half", tuple(permission for permission in STAFF if permission != missing))
        denied = {
            "SELECTION_RUN": ("createWave", "commitWave", "runSelection", "finalizeWave", "cancelWave"),
            "SELECTION_READ": ("previewSelection",),
        }
        inputs = {"createWave": {"campaignId": tour["id"], "name": "x", "strategy": "FIRST_COME"}}
        for name in denied[missing]:
            kind = name[0].upper() + name[1:]
            query = f"mutation ($input: {kind}Input!) {{ {name}(input: $input) {{ __typename }} }}"
            answer = await service.graphql(
                query, {"input": inputs.get(name, {"waveId": wave_id})}, token=half.token
            )
            assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN", name
            anonymous = await service.graphql(query, {"input": inputs.get(name, {"waveId": wave_id})})
            assert anonymous["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_what_is_not_there_is_null_or_forbidden_never_an_error(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        strange = ["wav_unknown", "", "\0", "x" * 5000, "💥"]
        assert await service.entities(WAVE, references("Wave", *strange), token=staff.token) == [None] * 5
        assert (
            await service.entities(SELECTION, references("Selection", *strange), token=staff.token)
            == [None] * 5
        )
        for wave_id in strange:
            answer = await service.graphql(
                "mutation ($input: CommitWaveInput!) { commitWave(input: $input) { __typename } }",
                {"input": {"waveId": wave_id}},
                token=staff.token,
            )
            assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
            assert (await service.rest("GET", f"/waves/{wave_id.encode().hex() or 'x'}")).status_code == 404
        assert (await service.rest("GET", "/waves/%00")).status_code == 422


async def test_fifty_references_are_one_statement(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=120, allocation=60)
        waves = [await staff.draft(tour) for _ in range(49)]
        waves.append(await staff.final(tour))
        selections = [id_ for id_, _, _ in await outcome(service, waves[-1])][:50]
        assert len(selections) == 50
        entries = [entry for _, entry, _ in await outcome(service, waves[-1])][:50]
        database_ = service.resources.database

        async def cost(fragment: str, kind: str, ids: list[str]) -> int:
            before = database_.statements
            found = await service.entities(fragment, references(kind, *ids), token=staff.token)
            assert len([one for one in found if one]) == 50
            return database_.statements - before

        assert await cost(WAVE, "Wave", waves) == 1
        assert await cost("... on Wave { id selections(first: 2) { nodes { id } } }", "Wave", waves) == 2
        assert await cost("... on Selection { id event { id } preferenceRank }", "Selection", selections) == 1
        assert await cost(SELECTION, "Selection", selections) == 3
        assert await cost("... on Entry { id selections { id } }", "Entry", entries) == 2
        assert await cost("... on Campaign { id waves { id } }", "Campaign", [tour["id"]] * 50) == 2


async def test_selections_page_by_page(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=60)
        wave_id = await staff.final(tour)
        expected = [id_ for id_, _, _ in await outcome(service, wave_id)]
        query = """
        query ($id: ID!, $after: String) {
          wave(id: $id) { selections(first: 7, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }
        }
        """
        seen: list[str] = []
        after: str | None = None
        while True:
            answer = await service.graphql(query, {"id": wave_id, "after": after}, token=staff.token)
            page = answer["data"]["wave"]["selections"]
            seen += [node["id"] for node in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert seen == expected == sorted(expected)


async def test_what_the_code_service_reads(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=60)
        wave_id = await staff.drawn(tour)
        assert (await service.rest("GET", f"/waves/{wave_id}")).json()["state"] == "RUNNING"
        await staff.finalize(wave_id)
        wave = (await service.rest("GET", f"/waves/{wave_id}")).json()
        winners = await outcome(service, wave_id)
        assert {key: wave[key] for key in ("id", "campaign_id", "state", "name")} == {
            "id": wave_id,
            "campaign_id": tour["id"],
            "state": "FINALIZED",
            "name": "First wave",
        }
        counts = {event["id"]: sum(won == event["id"] for _, _, won in winners) for event in tour["events"]}
        assert {one["event_id"]: one["count"] for one in wave["selected"]} == {
            k: v for k, v in counts.items() if v
        }
        items: list[dict[str, Any]] = []
        page: dict[str, Any] = {"has_next": True}
        while page["has_next"]:
            after = f"&after={items[-1]['id']}" if items else ""
            page = (await service.rest("GET", f"/waves/{wave_id}/selections?limit=25{after}")).json()
            items += page["items"]
        assert [(one["id"], one["entry_id"], one["event_id"]) for one in items] == winners
        assert {"id", "wave_id", "entry_id", "user_id", "campaign_id", "event_id", "market_id"} <= items[
            0
        ].keys()
        assert (await service.rest("GET", f"/waves/{new_id('wav')}")).status_code == 404
        assert (await service.rest("GET", f"/waves/{wave_id}/selections?limit=5001")).status_code == 422
