"""The main job, played through the router on the running system, as scripts/journey plays it."""

import dataclasses

from scripts.devtools import settings as devsettings
from scripts.devtools.journey.play import play
from tests.support.stack import RunningStack


async def test_the_journey_reconciles(stack: RunningStack) -> None:
    ports = {name: process.port for name, process in stack.state.processes.items() if process.port}
    settings = dataclasses.replace(devsettings.load(), ports=ports, data_dir=stack.data_dir)
    ledger = await play(settings, count=60, unconfirmed=5, seed=7, say=lambda _: None)
    assert [line for line in ledger.lines if not line.good] == []
    assert len(ledger.lines) > 40
