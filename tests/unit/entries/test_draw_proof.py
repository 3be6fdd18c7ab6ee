"""The proof of a draw: what the database publishes is what the rules compute, and any tampering shows."""

import hashlib
from typing import Any

import pytest

from services.entries.backend.draws_rules import leaf, merkle_root
from services.entries.backend.waves_rules import Ballot, Seat, select
from tests.support import issuer
from tests.unit.entries.draws import Staff, closed_campaign, outcome
from tests.unit.entries.registrations import entries_service

VERIFY = """
query ($id: ID!) {
  verifyDraw(waveId: $id) { valid rosterRootMatches seedMatches outcomeMatches rosterSize selected }
}
"""


async def verified(service: Any, staff: Staff, wave_id: str) -> dict[str, Any]:
    answer = await service.graphql(VERIFY, {"id": wave_id}, token=staff.token)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["verifyDraw"]


@pytest.mark.parametrize(
    "strategy",
    ["RANDOM_PRIORITY", "WEIGHTED_RANDOM_PRIORITY", "SCORE_PRIORITY", "IMMEDIATE_ACCEPTANCE", "FIRST_COME"],
)
async def test_an_honest_draw_is_valid(database: Any, strategy: str) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=80)
        await service.resources.database.pool.execute(
            "UPDATE entry SET score_due = false,"
            " score = CASE WHEN right(user_id, 1) < 'h' THEN ascii(right(user_id, 1)) / 7.0 END"
        )
        wave_id = await staff.draft(tour, strategy=strategy)
        await staff.commit(wave_id)
        assert await verified(service, staff, wave_id) == {
            "valid": False,
            "rosterRootMatches": True,
            "seedMatches": False,
            "outcomeMatches": False,
            "rosterSize": 80,
            "selected": 0,
        }
        await staff.run(wave_id)
        await service.resources.selections.draw(wave_id)
        found = await verified(service, staff, wave_id)
        assert (
            found["valid"]
            is found["rosterRootMatches"]
            is found["seedMatches"]
            is found["outcomeMatches"]
            is True
        )
        assert found["selected"] == len(await outcome(service, wave_id))


@pytest.mark.parametrize(
    ("tampering", "caught"),
    [
        (
            "UPDATE wave_entry SET preferences = preferences[1:1] WHERE cardinality(preferences) > 1",
            "rosterRootMatches",
        ),
        ("UPDATE wave_entry SET quantity = quantity + 1", "rosterRootMatches"),
        ("UPDATE wave_entry SET score = 99", "rosterRootMatches"),
        ("UPDATE wave_entry SET submitted = submitted - 1", "rosterRootMatches"),
        ("UPDATE wave_entry SET salt = '\\x00'", "rosterRootMatches"),
        (
            "DELETE FROM wave_entry r WHERE NOT EXISTS (SELECT 1 FROM selection s WHERE s.entry_id = r.entry_id)",
            "rosterRootMatches",
        ),
        ("UPDATE wave SET seed = sha256(seed)", "seedMatches"),
        (
            "UPDATE selection SET preference_rank = preference_rank + 1 WHERE id = (SELECT min(id) FROM selection)",
            "outcomeMatches",
        ),
        ("DELETE FROM selection WHERE id = (SELECT min(id) FROM selection)", "outcomeMatches"),
        ("UPDATE wave_capacity SET capacity = capacity + 20", "outcomeMatches"),
        ("UPDATE wave SET strategy = 'FIRST_COME'", "outcomeMatches"),
    ],
)
async def test_tampering_shows(database: Any, tampering: str, caught: str) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=80, allocation=20)
        wave_id = await staff.final(tour)
        assert (await verified(service, staff, wave_id))["valid"]
        await service.resources.database.pool.execute(tampering)
        found = await verified(service, staff, wave_id)
        assert not found["valid"]
        assert not found[caught]


async def test_the_seed_is_secret_until_the_draw_and_what_was_committed_to_after(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=20)
        wave_id = await staff.draft(tour)
        before = (await staff.commit(wave_id))["wave"]["draw"]
        row = await service.resources.database.pool.fetchrow("SELECT seed, seed_sealed FROM wave")
        assert row["seed"] is None
        await staff.run(wave_id)
        await service.resources.selections.draw(wave_id)
        after = (await staff.finalize(wave_id))["wave"]["draw"]
        seed = bytes.fromhex(after["seed"])
        assert hashlib.sha256(seed).hexdigest() == before["seedCommitment"] == after["seedCommitment"]
        assert seed not in row["seed_sealed"]
        assert after["rosterRoot"] == before["rosterRoot"]


async def test_the_outcome_can_be_computed_by_anybody_with_roster_and_seed(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=60)
        wave_id = await staff.final(tour)
        pool = service.resources.database.pool
        roster = [
            Ballot(
                r["entry_id"],
                r["preferences"],
                r["quantity"],
                r["score"],
                r["submitted"],
                r["barred"],
                r["salt"],
            )
            for r in await pool.fetch("SELECT * FROM wave_entry ORDER BY entry_id")
        ]
        wave = await pool.fetchrow("SELECT * FROM wave")
        assert merkle_root([leaf(ballot) for ballot in roster]) == wave["roster_root"]
        seats = [
            Seat(r["event_id"], r["market_id"], r["capacity"], r["ticket_limit"])
            for r in await pool.fetch("SELECT * FROM wave_capacity")
        ]
        picks = select(wave["strategy"], roster, seats, wave["seed"])
        assert {(p.entry_id, p.event_id) for p in picks} == {
            (e, v) for _, e, v in await outcome(service, wave_id)
        }


async def test_a_draft_has_nothing_to_verify(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=2)
        wave_id = await staff.draft(tour)
        answer = await service.graphql(VERIFY, {"id": wave_id}, token=staff.token)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
        for token in (None, issuer.token("fan")):
            refused = await service.graphql(VERIFY, {"id": wave_id}, token=token)
            assert refused["errors"][0]["extensions"]["code"] == ("FORBIDDEN" if token else "UNAUTHENTICATED")


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 8, 13])
def test_the_root_depends_on_every_leaf_and_on_their_order(size: int) -> None:
    leaves = [hashlib.sha256(bytes([n])).digest() for n in range(size)]
    roots = {merkle_root(leaves)}
    for place in range(size):
        roots.add(merkle_root([*leaves[:place], b"\0" * 32, *leaves[place + 1 :]]))
    if size > 1:
        roots.add(merkle_root(leaves[::-1]))
        roots.add(merkle_root([*leaves, leaves[-1]]))
    assert len(roots) == 1 + size + 2 * (size > 1)
