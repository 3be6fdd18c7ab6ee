"""What a registration costs while a campaign grows: in a database of its own, beside the bare insert of one row."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from scripts.devtools.bench.baseline import PgBench, SingleRows, baseline
from scripts.devtools.bench.many_entries import CAMPAIGN, MARKETS, fill, open_campaign, without_notes
from scripts.devtools.bench.scratch import scratch
from scripts.devtools.load import usage
from scripts.devtools.settings import Settings
from services.entries.backend import wire
from services.entries.backend.metrics_store import MetricStore
from services.entries.backend.scores_store import ScoreStore
from services.entries.backend.submissions_store import SubmissionStore
from services.kit.ids import user_id
from services.kit.outbox import Outbox
from services.kit.pg import Database, open_database
from services.kit.sealing import LookupKey, Sealer

STEPS = (0, 0.125, 0.25, 0.5, 1)
_ISSUER = "https://bench.example"


@dataclass(frozen=True)
class Cost:
    """With so many entries there: registrations a second, that to the bare insert, and PostgreSQL's CPU in
    milliseconds for each: to take it, to score and count it later, and for the bare insert.
    """

    entries: int
    rate: float
    ratio: float
    taking: float
    digesting: float
    bare: float


async def time_growth(
    admin_dsn: str, postgres: int, settings: Settings, entries: int, *, seconds: float, batch: int
) -> list[Cost]:
    """Costs at an empty table and on the way to so many entries. `postgres` is the postmaster's process id."""
    costs: list[Cost] = []
    with scratch(admin_dsn, settings, "entries") as made:
        owner = await asyncpg.connect(made.owner_dsn)
        try:
            await open_campaign(owner)
            async with (
                open_database(
                    made.service_dsn, size=2, statement_timeout_ms=60_000, name="bench"
                ) as database,
                baseline(made.owner_dsn, batch) as bare,
            ):
                registrations = Registrations(database, batch)
                there = 0
                for step in STEPS:
                    wanted = int(entries * step)
                    async with without_notes(owner):
                        await fill(owner, wanted, start=there, scored=True)
                    there = wanted
                    costs.append(await _cost(postgres, registrations, bare, there, seconds))
        finally:
            await owner.close()
    return costs


def show(console: Console, costs: Sequence[Cost]) -> None:
    """The costs as a table."""
    table = Table(
        "entries", "a second", "ratio to the insert", "taking ms", "digesting ms", "insert, bare ms"
    )
    for column in table.columns:
        column.justify = "right"
    for cost in costs:
        table.add_row(
            f"{cost.entries:,}",
            f"{cost.rate:.0f}",
            f"{cost.ratio:.3f}",
            *(f"{ms:.3f}" for ms in (cost.taking, cost.digesting, cost.bare)),
        )
    console.print(table)
    console.print(
        "CPU of PostgreSQL for each registration; digesting: scores and tallies, by the worker's statements."
    )


class Registrations:
    """Registrations of fans nobody heard of, each from a network and a browser of her own, by the batch."""

    def __init__(self, database: Database, batch: int) -> None:
        sealer = Sealer([SecretStr("bench:" + "QUFB" * 10 + "QUE")])
        lookup = LookupKey(SecretStr("QkJC" * 10 + "QkI"))
        self._store = SubmissionStore(database, lookup, Outbox(database, sealer, [], {}))
        self._scores = ScoreStore(database, signal_days=30)
        self._metrics = MetricStore(database)
        self._database = database
        self._batch = batch
        self._run = secrets.token_hex(4)
        self._count = 0

    async def take(self, seconds: float) -> tuple[int, float]:
        """One batch after another for so long: how many, in how many seconds."""
        began, before = time.monotonic(), self._count
        while time.monotonic() < began + seconds:
            await self._store.submit([self._one() for _ in range(self._batch)])
        return self._count - before, time.monotonic() - began

    async def digest(self) -> None:
        """What the worker does with them: scores and tallies; and the sightings go, as if users had taken them."""
        while await self._scores.compute():
            pass
        while await self._metrics.add_up():
            pass
        await self._database.pool.execute("DELETE FROM outbox")

    def _one(self) -> wire.Submission:
        self._count += 1
        subject = f"{self._run}-{self._count}"
        identity = wire.Identity(
            user_id(_ISSUER, subject), _ISSUER, subject, email=f"{subject}@fans.example", country="US"
        )
        first = self._count % len(MARKETS)
        ranked = [MARKETS[(first + n) % len(MARKETS)]["id"] for n in range(3)]
        return wire.Submission(CAMPAIGN, identity, ranked, network=f"n{subject}", device=f"d{subject}")


async def _cost(
    postgres: int, registrations: Registrations, bare: PgBench | SingleRows, entries: int, seconds: float
) -> Cost:
    await registrations.take(1)  # plans are made
    await registrations.digest()
    before = _cpu(postgres)
    count, lasted = await registrations.take(seconds)
    taken = _cpu(postgres)
    await registrations.digest()
    digested = _cpu(postgres)
    done = await bare.run(seconds)
    inserted = _cpu(postgres)
    rate = count / lasted
    return Cost(
        entries=entries,
        rate=rate,
        ratio=rate / (done.count / done.seconds),
        taking=(taken - before) * 1000 / count,
        digesting=(digested - taken) * 1000 / count,
        bare=(inserted - digested) * 1000 / done.count,
    )


def _cpu(postgres: int) -> float:
    return usage.look({"postgres": postgres})["postgres"].cpu
