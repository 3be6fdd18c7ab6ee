"""A code is being revealed while its holder is erased: it was hers before, and is nobody's after."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from services.codes.backend import personal_data_store
from services.kit.pg import Database
from services.kit.privacy import NOBODY
from tests.unit.codes.conftest import SOMEBODY_WAITS, Codes
from tests.unit.codes.test_personal_data import erase

q = personal_data_store.q
WHOSE = "WHERE user_id = $2 "


def never_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Erases as if nobody else were at work."""
    hold, erase_ = q.hold_assignments, q.erase_assignments
    assert " FOR UPDATE" in hold.sql
    assert WHOSE in erase_.sql
    free = f"WHERE code_id IN (SELECT code_id FROM assignment {WHOSE}FOR UPDATE SKIP LOCKED) "
    for broken in (
        replace(hold, sql=hold.sql.replace(" FOR UPDATE", "")),
        replace(erase_, sql=erase_.sql.replace(WHOSE, free)),
    ):
        monkeypatch.setitem(q.all, broken.name, broken)


@pytest.mark.parametrize("safe", [True, False], ids=["as it is", "control"])
async def test_a_first_reveal_under_way_does_not_outlive_the_erasure(
    codes: Codes, monkeypatch: pytest.MonkeyPatch, safe: bool
) -> None:
    if not safe:
        never_wait(monkeypatch)
    winner, code = await codes.winner()
    support = codes.service.grant("support", "CODE_REVEAL")
    revealed, go_on = asyncio.Event(), asyncio.Event()
    run = Database._run

    async def run_late(self: Database, method: str, query: Any, connection: Any, parameters: Any) -> Any:
        found = await run(self, method, query, connection, parameters)
        if query.name == "mark_revealed":
            revealed.set()
            await go_on.wait()
        return found

    monkeypatch.setattr(Database, "_run", run_late)
    fields = "... on CodeRevealed { value }"
    revealing = asyncio.create_task(codes.mutate("revealCode", fields, support, selectionId=winner.id))
    await revealed.wait()
    erasing = asyncio.create_task(erase(codes, winner.user))
    async with asyncio.timeout(20):
        while not erasing.done() and not await codes.sql(SOMEBODY_WAITS):
            await asyncio.sleep(0.01)
    go_on.set()
    answer, _ = await asyncio.gather(revealing, erasing)
    assert answer["value"] == code
    [row] = await codes.sql("SELECT user_id, revealed_at FROM assignment")
    assert row["revealed_at"] is not None, "it stays known that somebody has seen it"
    assert row["user_id"] == (NOBODY if safe else winner.user), "the control must keep her"
