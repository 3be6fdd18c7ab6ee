"""A duplicate would be seen: it is counted in the database, not concluded from constraints."""

import asyncpg

from services.codes.backend.duplicates_jobs import DuplicateWatch, _duplicates
from tests.unit.codes.conftest import Codes
from tests.unit.codes.test_assignment import a_wave


async def test_a_wave_that_was_assigned_has_none_and_each_that_is_planted_counts(codes: Codes) -> None:
    wave, _ = await a_wave(codes, per_event=4)
    await codes.assign(wave)
    await codes.work()
    watch = DuplicateWatch(codes.resources.distributions)
    await watch.look()
    assert _duplicates.read() == {(): 0}

    owner = await asyncpg.connect(codes.database.owner_dsn)
    await owner.execute(
        "ALTER TABLE assignment DROP CONSTRAINT assignment_pkey; DROP INDEX assignment_current"
    )
    columns = "selection_id, wave_id, distribution_id, entry_id, user_id, pool_id"
    another = await owner.fetchval(
        "SELECT id FROM code WHERE id NOT IN (SELECT code_id FROM assignment) LIMIT 1"
    )
    await owner.execute(
        f"INSERT INTO assignment (code_id, {columns}) SELECT $1, {columns} FROM assignment LIMIT 1", another
    )
    await watch.look()
    assert _duplicates.read() == {(): 1}, "a winner with two codes"

    await owner.execute(
        "INSERT INTO assignment (code_id, selection_id, wave_id, distribution_id, entry_id, user_id, pool_id) "
        "SELECT code_id, 'sel_other', wave_id, distribution_id, entry_id, user_id, pool_id FROM assignment "
        "WHERE code_id = $1",
        another,
    )
    await owner.execute("UPDATE distribution SET finished_at = now() - interval '1 hour'")
    await watch.look()
    assert _duplicates.read() == {(): 1}, "a wave of old times is looked at once an hour"
    await DuplicateWatch(codes.resources.distributions).look()
    assert _duplicates.read() == {(): 2}, "and a code twice"
    await owner.close()
