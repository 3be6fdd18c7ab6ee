"""Whatever staff do is in the audit log: once, under its own name, with whom, what to, and by which request."""

import re
from typing import Any

import httpx
import pytest

from services.kit import audit
from tests.contract.audit.steps import STEPS, Step
from tests.contract.permissions.world import World, token, uid
from tests.unit.entries.exporting import mounted

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_mutation_of_staff_leaves_one_event(world: World) -> None:
    for number, step in enumerate(STEPS):
        request_id = f"step-{number:04}"
        await play(world, step, request_id)
        [event] = await events_of(world, request_id)
        assert event["action"] == step.mutation
        assert event["target"] == world.things[step.target], step
        assert event["actor"] == uid(step.persona), step
        assert event["team_id"] in (world.things["team"], world.things.get("second")), step
        assert event["before"] or event["after"], f"{step.mutation}: no digest of what was or what is"


async def test_negative_control_a_mutation_that_notes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forget(*_: object, **__: object) -> None: ...

    monkeypatch.setattr(audit.Audited, "note", forget)
    step = Step("campaigns", "setGate", "{ id: <draft>, gate: { phone: true } }", "draft")
    await play(world, step, "forgotten")
    assert await events_of(world, "forgotten") == []


async def test_what_is_refused_leaves_no_event(world: World) -> None:
    before = await world.house.users.resources.database.pool.fetchval("SELECT count(*) FROM audit_event")
    for persona in ("outsider", "expired", "viewer"):
        for step in STEPS:
            if f"<{step.target}>" in step.input or not step.makes:
                await ask(world, step, persona, "step-refused")
    after = await world.house.users.resources.database.pool.fetchval("SELECT count(*) FROM audit_event")
    assert after == before


async def test_a_download_is_in_the_log_before_the_file_leaves(world: World) -> None:
    query = f'{{ exportJob(id: "{world.things["export"]}") {{ downloadUrl }} }}'
    url = (await world.ask("entries", "owner", query))["data"]["exportJob"]["downloadUrl"]
    path = f"/files/{url.rpartition('/')[2]}"
    transport = httpx.ASGITransport(mounted(world.house.entries))
    async with httpx.AsyncClient(transport=transport, base_url="http://files") as client:
        headers = {"x-request-id": "download-1"}
        assert (await client.head(path, headers=headers)).status_code == 200
        assert await events_of(world, "download-1") == []
        assert (await client.get(path, headers=headers)).status_code == 200
    [event] = await events_of(world, "download-1")
    assert (event["action"], event["target"]) == ("downloadExport", world.things["export"])
    assert event["actor"] == uid("owner")


async def play(world: World, step: Step, request_id: str) -> None:
    answer = await ask(world, step, step.persona, request_id)
    assert "errors" not in answer, (step, answer)
    result = answer["data"][step.mutation]
    assert "message" not in result, (step, result)
    if step.makes:
        world.things[step.target] = _id_in(result)
    if step.work:
        await world.house.work(step.work)
    if step.mutation == "assignCodes":
        await _look_for_the_new_code(world, "new-code")
    if step.mutation == "reissueCode":
        await _look_for_the_new_code(world, "replacement")


async def ask(world: World, step: Step, persona: str, request_id: str) -> dict[str, Any]:
    given = re.sub(r"<([\w-]+)>", lambda match: f'"{world.things[match[1]]}"', step.input)
    selection = f"__typename {step.makes} ... on Error {{ message }}"
    document = f"mutation {{ {step.mutation}(input: {given}) {{ {selection} }} }}"
    return await world.house.service(step.service).graphql(
        document, token=token(persona), headers={"x-request-id": request_id}
    )


async def events_of(world: World, request_id: str) -> list[Any]:
    """What the log has of a request."""
    return await world.house.users.resources.database.pool.fetch(
        "SELECT * FROM audit_event WHERE request_id = $1", request_id
    )


async def _look_for_the_new_code(world: World, name: str) -> None:
    representation = {"__typename": "Entry", "id": world.things["entry"]}
    [entry] = await world.house.codes.entities(
        "... on Entry { accessCodes { id value } }", [representation], token=token("fan")
    )
    [code] = [code for code in entry["accessCodes"] if code["id"] != world.things["code"]]
    world.things |= {name: code["id"], f"{name}-value": code["value"]}
    # A code can be sent again some minutes after it was sent last.
    await world.house.codes.resources.database.pool.execute(
        "UPDATE delivery SET created_at = now() - interval '1 hour' WHERE code_id = $1", code["id"]
    )


def _id_in(result: dict[str, Any]) -> str:
    [made] = [value for value in result.values() if isinstance(value, dict)]
    return made["id"]
