"""Pools, generation, reveal, snapshots: who may, what is written, what the audit log hears."""

import asyncio
from typing import Any

import asyncpg
import pytest

from services.codes.backend import distributions_jobs, imports_jobs, rules
from services.kit.ids import new_id
from tests.support import issuer
from tests.unit.codes.conftest import Codes
from tests.unit.codes.entries_peer import Winner


async def test_an_event_has_one_pool(codes: Codes) -> None:
    fields = (
        "... on CodePoolCreated { replayed pool { id lowWatermark event { id } counts { total available } } }"
    )
    event = codes.events[0]
    made = await asyncio.gather(
        *(codes.mutate("createCodePool", fields, eventId=event, lowWatermark=10) for _ in range(8))
    )
    assert len({each["pool"]["id"] for each in made}) == 1
    assert sorted(each["replayed"] for each in made) == [False] + [True] * 7
    assert made[0]["pool"] | {"id": ""} == {
        "id": "",
        "lowWatermark": 10,
        "event": {"id": event},
        "counts": {"total": 0, "available": 0},
    }
    assert [each["action"] for each in codes.audit] == ["createCodePool"]


async def test_what_breaks_a_rule_is_told_by_its_path(codes: Codes) -> None:
    pool, event = await codes.pool(codes.events[0]), codes.events[1]
    wrong: list[tuple[str, str, dict[str, Any]]] = [
        ("createCodePool", "lowWatermark", {"eventId": event, "lowWatermark": -1}),
        ("createCodePool", "idempotencyKey", {"eventId": event, "idempotencyKey": ""}),
        ("createCodePool", "idempotencyKey", {"eventId": event, "idempotencyKey": "x" * 201}),
        ("generateCodes", "count", {"poolId": pool, "count": 0}),
        ("generateCodes", "count", {"poolId": pool, "count": 10_001}),
        ("generateCodes", "idempotencyKey", {"poolId": pool, "count": 1, "idempotencyKey": "\0"}),
    ]
    for mutation, path, given in wrong:
        answer = await codes.mutate(mutation, "... on ValidationFailed { issues { path } }", **given)
        assert answer == {"__typename": "ValidationFailed", "issues": [{"path": [path]}]}
    assert (await codes.counts(codes.events[0]))["total"] == 0


async def test_generated_codes_are_new_counted_and_sealed(codes: Codes) -> None:
    pool = await codes.pool(codes.events[0])
    fields = "... on CodesGenerated { count replayed pool { counts { generated available } } }"
    for replayed in (False, True):
        made = await codes.mutate("generateCodes", fields, poolId=pool, count=500, idempotencyKey="key")
        assert made == {
            "__typename": "CodesGenerated",
            "count": 500,
            "replayed": replayed,
            "pool": {"counts": {"generated": 500, "available": 500}},
        }
    rows = await codes.sql("SELECT sealed FROM code")
    values = {codes.resources.sealer.open(row["sealed"], "code.value").decode() for row in rows}
    assert len(values) == 500
    assert all(rules.is_generated(value) for value in values)
    again = await codes.mutate("generateCodes", "", poolId=pool, count=501, idempotencyKey="key")
    assert again["__typename"] == "IdempotencyMismatch"


async def test_generated_codes_are_written_as_asked(codes: Codes) -> None:
    pool = await codes.pool(codes.events[0])
    for written, dashes in (("GROUPED", 2), ("PLAIN", 0)):
        await codes.mutate("generateCodes", "", poolId=pool, count=5, format=written)
        rows = await codes.sql("SELECT sealed FROM code ORDER BY position DESC LIMIT 5")
        values = [codes.resources.sealer.open(row["sealed"], "code.value").decode() for row in rows]
        assert {value.count("-") for value in values} == {dashes}
        assert all(rules.is_generated(value) for value in values)


async def test_a_pool_says_when_it_is_running_low(codes: Codes) -> None:
    event = codes.events[0]
    await codes.mutate("createCodePool", "", eventId=event, lowWatermark=3)
    for codes_in, low in ((2, True), (1, False)):
        await codes.pool(event, codes_in)
        [found] = await codes.service.entities(
            "... on Event { codePool { low } }", [{"__typename": "Event", "id": event}], token=codes.manager
        )
        assert found["codePool"]["low"] is low


async def test_counts_always_sum_while_everything_happens_at_once(codes: Codes) -> None:
    event = codes.events[0]
    pool = await codes.pool(event, 40)
    codes.entries.page = 5
    fields = "... on CodeImportStarted { import { id } }"
    files = ["\n".join(f"CODE-{n:05}" for n in range(start, start + 400)) for start in (0, 200, 400)]
    imports = [
        (await codes.mutate("importCodes", fields, poolId=pool, csv=csv))["import"]["id"] for csv in files
    ]
    resources = codes.resources
    finished = asyncio.Event()

    async def assign(size: int) -> None:
        wave = codes.entries.wave(codes.campaign, [Winner(event) for _ in range(size)])
        started = await codes.assign(wave)
        if started["__typename"] == "CodesAssignmentStarted":
            distribution = started["distribution"]["id"]
            await distributions_jobs.distribute(
                resources.distributions, resources.deliveries, resources.peer("entries"), distribution
            )

    async def watch() -> int:
        looked = 0
        while not finished.is_set():
            await codes.counts(event)
            looked += 1
        return looked

    watcher = asyncio.ensure_future(watch())
    await asyncio.gather(
        *(imports_jobs.read(resources.imports, resources.files, each) for each in imports),
        *(assign(size) for size in (7, 11, 13, 200)),
        *(codes.mutate("generateCodes", "", poolId=pool, count=20) for _ in range(3)),
    )
    finished.set()
    assert await watcher > 3
    counts = await codes.counts(event)
    [real] = await codes.sql(
        "SELECT (SELECT count(*) FROM code) AS total, (SELECT count(*) FROM assignment) AS assigned"
    )
    assert (counts["total"], counts["assigned"], counts["reserved"]) == (real["total"], real["assigned"], 0)
    assert (counts["imported"], counts["generated"]) == (800, 100)


async def test_the_database_refuses_counts_that_do_not_sum(codes: Codes) -> None:
    await codes.pool(codes.events[0], 5)
    for column in ("available", "reserved", "assigned", "redeemed", "expired", "voided", "imported"):
        with pytest.raises(asyncpg.CheckViolationError):
            await codes.sql(f"UPDATE code_pool SET {column} = {column} + 1")


async def test_an_event_that_a_version_removed_is_gone_although_an_older_one_comes_at_once(
    codes: Codes, admin_connection: Any
) -> None:
    blocker = await asyncpg.connect(codes.database.owner_dsn)
    await blocker.execute("BEGIN; SELECT FROM campaign FOR UPDATE")
    added = new_id("evt")
    older = asyncio.ensure_future(codes.publish(version=2, events=[*codes.events, added]))
    await waiting(admin_connection, codes.database.name, 1)
    newer = asyncio.ensure_future(codes.publish(version=3))
    await waiting(admin_connection, codes.database.name, 2)
    await blocker.execute("COMMIT")
    await blocker.close()
    await asyncio.gather(older, newer)
    [row] = await codes.sql("SELECT version FROM campaign")
    assert row["version"] == 3
    assert {row["id"] for row in await codes.sql("SELECT id FROM campaign_event")} == set(codes.events)


async def waiting(admin_connection: Any, database: str, count: int) -> None:
    """Returns when that many connections wait for a lock."""
    query = "SELECT FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
    while len(admin_connection.execute(query, [database]).fetchall()) < count:
        await asyncio.sleep(0.01)


async def test_a_reveal_shows_the_code_and_is_audited_first(codes: Codes) -> None:
    await codes.pool(codes.events[0], 1)
    winner = Winner(codes.events[0])
    await codes.assign(codes.entries.wave(codes.campaign, [winner]))
    await codes.work()
    support = codes.service.grant("support", "CODE_REVEAL", codes.team)
    fields = "... on CodeRevealed { value accessCode { id masked value } } ... on NotFound { message }"
    codes.audit.clear()
    revealed = await codes.mutate("revealCode", fields, support, selectionId=winner.id)
    assert rules.is_generated(revealed["value"])
    assert revealed["accessCode"]["value"] is None
    assert revealed["accessCode"]["masked"] == rules.mask(revealed["value"])
    [event] = codes.audit
    assert (event["action"], event["target"]) == ("revealCode", revealed["accessCode"]["id"])
    assert (event["team_id"], event["campaign_id"]) == (codes.team, codes.campaign)
    assert revealed["value"] not in str(event)
    [row] = await codes.sql("SELECT revealed_at FROM assignment")
    assert row["revealed_at"]


async def test_every_admin_mutation_is_audited_once(codes: Codes) -> None:
    pool = await codes.pool(codes.events[0], 1)
    for _ in range(2):
        await codes.mutate("importCodes", "", poolId=pool, csv="ALPHA-0001", idempotencyKey="key")
    wave = codes.entries.wave(codes.campaign, [Winner(codes.events[0])])
    for _ in range(2):
        await codes.assign(wave)
    assert [e["action"] for e in codes.audit] == [
        "createCodePool",
        "generateCodes",
        "importCodes",
        "assignCodes",
    ]
    assert len({e["actor"] for e in codes.audit}) == 1


# Who may do what: the permission that is needed, and on what.
NEEDED = {
    "createCodePool": ("CODE_MANAGE", {"eventId": "event"}),
    "importCodes": ("CODE_MANAGE", {"poolId": "pool", "csv": "ALPHA-0001"}),
    "generateCodes": ("CODE_MANAGE", {"poolId": "pool", "count": 1}),
    "assignCodes": ("CODE_MANAGE", {"waveId": "wave"}),
    "revealCode": ("CODE_REVEAL", {"selectionId": "selection"}),
}


@pytest.mark.parametrize("mutation", NEEDED)
async def test_only_the_permission_on_the_very_campaign_will_do(codes: Codes, mutation: str) -> None:
    things = {"event": codes.events[1], "pool": await codes.pool(codes.events[0], 2)}
    winner = Winner(codes.events[0])
    await codes.assign(codes.entries.wave(codes.campaign, [winner]))
    await codes.work()
    things |= {"selection": winner.id, "wave": codes.entries.wave(codes.campaign, [Winner(codes.events[0])])}
    needed, template = NEEDED[mutation]
    given = {name: things.get(str(value), value) for name, value in template.items()}
    before = await codes.sql("SELECT to_jsonb(p) FROM code_pool p"), len(codes.audit)
    answer = await codes.try_to(mutation, "", None, **given)
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    refused = [issuer.token("fan"), codes.service.grant("elsewhere", needed, new_id("tea"))]
    refused += [
        codes.service.grant(other.lower(), other, codes.team)
        for other in ("CODE_READ", "CODE_MANAGE", "CODE_REVEAL", "CAMPAIGN_WRITE")
        if other != needed
    ]
    for token in refused:
        answer = await codes.try_to(mutation, "", token, **given)
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    unknown = {name: new_id("xyz") if name.endswith("Id") else value for name, value in given.items()}
    answer = await codes.try_to(mutation, "", codes.service.grant("everywhere", needed), **unknown)
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert before == (await codes.sql("SELECT to_jsonb(p) FROM code_pool p"), len(codes.audit))
    answer = await codes.try_to(mutation, "", codes.service.grant("rightly", needed, codes.campaign), **given)
    assert "errors" not in answer, answer


async def test_snapshots_follow_the_newest_version(codes: Codes) -> None:
    first, second, third = codes.events
    pool = await codes.pool(first)
    await codes.publish(version=3, events=[first, second])
    await codes.publish(version=2, events=[third], team=new_id("tea"))
    await codes.publish(version=3, events=[third], team=new_id("tea"))
    rows = await codes.sql("SELECT id FROM campaign_event ORDER BY id")
    assert [row["id"] for row in rows] == sorted([first, second])
    answer = await codes.try_to("createCodePool", "", codes.manager, eventId=third)
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    await codes.publish(version=4, events=[])
    assert await codes.pool_by_id(pool) == {"id": pool}
    await codes.publish(version=5, events=[first], team=new_id("tea"))
    assert await codes.pool_by_id(pool) is None
