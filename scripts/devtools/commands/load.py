"""`scripts/load`."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import aiohttp
import uvloop
from cyclopts import App, Parameter
from rich.console import Console
from rich.markup import escape

from scripts.devtools.campaign_setup import CampaignSetupError
from scripts.devtools.graphql_client import GraphQLErrors
from scripts.devtools.journey.player import JourneyStopped
from scripts.devtools.load import report
from scripts.devtools.load.arrivals import Spacing
from scripts.devtools.load.exporting import MOST_TIMES_P95, exporting, times_p95
from scripts.devtools.load.loopback import NotLoopbackError
from scripts.devtools.load.measurement import Measurement, misses_of
from scripts.devtools.load.pages import PAGES, PageName
from scripts.devtools.load.pool import MOST_CONNECTIONS
from scripts.devtools.load.ramp import Ramp, knee
from scripts.devtools.load.session import LoadError, open_session
from scripts.devtools.load.winners import give_codes
from scripts.devtools.settings import SettingsError

MOST_RATE, MOST_SECONDS, MOST_REQUESTS = 5000, 600, 300_000
MOST_OPEN, LEAST_STEP = 2000, 10
MOST_EXPORTED = 2_000_000
RATE, SECONDS = 167.0, 60.0
RAMP_RATE, RAMP_SECONDS = 200.0, 12.0

EXPECTED = (
    LoadError,
    NotLoopbackError,
    GraphQLErrors,
    CampaignSetupError,
    JourneyStopped,
    SettingsError,
    aiohttp.ClientError,
)
"""What ends a run with a sentence."""

app = App(name="scripts/load", help_format="plaintext", version_flags=[])


def main(argv: list[str]) -> int:
    """The entry point of `scripts/load`."""
    return app(argv) or 0


@app.default
def load(
    *,
    rate: float | None = None,
    seconds: float | None = None,
    page: PageName | None = None,
    ramp: Annotated[bool, Parameter(negative="")] = False,
    export: int = 0,
    step: float = 100.0,
    up_to: float = 2000.0,
    spacing: Spacing = "poisson",
    connections: int = MOST_CONNECTIONS,
    url: str | None = None,
    json: Path | None = None,
) -> int:
    """Register fans through the router at a given rate, whatever the answers take, and count what came of it.

    Every fan has a token of her own. Latency counts from the moment at which a
    request was meant to be sent. Afterwards every acknowledged entry must be in
    the database once. The exit code is 1 when a bar is missed: 99.5 %
    acknowledged, p95 below 500 ms, nothing lost, nothing twice. To measure fans
    that were never seen before, start with scripts/up --fresh.

    Parameters
    ----------
    rate
        Registrations a second: 167 unless given, or where a ramp begins: 200.
    seconds
        For how long: 60, or for each step of a ramp: 12.
    page
        Ask for a page of registered fans instead. campaign: 100 times a second, p95 below 200 ms. viewer: who is
        here, 50 a second, below 100 ms. codes: winners who read their codes, 100 a second, below 200 ms.
    ramp
        Step the rate up until p95 is 500 ms or fewer than 99.5 % are acknowledged, and print the knee.
    export
        Then do the same again while a campaign of so many entries is exported, again and again: p95 may double.
    step
        By how much a ramp goes up.
    up_to
        Where a ramp ends at the latest.
    spacing
        poisson: as fans arrive. fixed: evenly.
    connections
        How many connections may be open at most; further requests wait for one.
    url
        Another router of the running system; loopback addresses only.
    json
        Also write everything that was measured to this file.
    """
    console = Console(highlight=False, soft_wrap=True)
    default = PAGES[page].rate if page else RAMP_RATE if ramp else RATE
    plan = Plan(
        page=page,
        rate=rate or default,
        seconds=seconds or (RAMP_SECONDS if ramp else SECONDS),
        spacing=spacing,
        connections=connections,
        ramp=Ramp(rate or default, step, up_to) if ramp else None,
        export=export,
    )
    try:
        plan.check_caps()
        return uvloop.run(_run(console, plan, url, json))
    except EXPECTED as error:
        console.print(f"[red]error:[/] {escape(str(error))}")
        return 2


@dataclass(frozen=True)
class Plan:
    """What to offer. Rates are per second, `seconds` is for each step where there is a `ramp`."""

    page: PageName | None
    rate: float
    seconds: float
    spacing: Spacing
    connections: int
    ramp: Ramp | None
    export: int

    def check_caps(self) -> None:
        """Refuse what would take the machine down rather than measure it. Raises LoadError."""
        highest = self.ramp.last if self.ramp else self.rate
        if not (0 < self.rate <= highest <= MOST_RATE and 0 < self.seconds <= MOST_SECONDS):
            raise LoadError(
                f"Ask for up to {MOST_RATE} registrations a second for up to {MOST_SECONDS} s, not for"
                f" {highest:g} a second for {self.seconds:g} s."
            )
        if highest * self.seconds > MOST_REQUESTS:
            raise LoadError(
                f"{highest * self.seconds:.0f} registrations in one go are more than {MOST_REQUESTS}."
            )
        if self.ramp and self.ramp.step < LEAST_STEP:
            raise LoadError(f"A ramp goes up by at least {LEAST_STEP} a second at a time.")
        if not 0 <= self.export <= MOST_EXPORTED or (self.export and (self.ramp or self.page)):
            raise LoadError(f"Exports of up to {MOST_EXPORTED:,} entries go with one rate of registrations.")
        if not 0 < self.connections <= MOST_OPEN:
            raise LoadError(f"Between 1 and {MOST_OPEN} connections can be open, not {self.connections}.")


async def _run(console: Console, plan: Plan, url: str | None, json: Path | None) -> int:
    session = await open_session(url, lambda text: console.print(f"[dim]{escape(text)} …[/]"))
    if plan.page == "codes":
        await give_codes(session)
    offer = partial(session.read, plan.page) if plan.page else session.measure
    runs: list[Measurement] = []

    async def measure(rate: float) -> Measurement:
        run = await offer(rate, plan.seconds, plan.spacing, most_connections=plan.connections)
        report.show(console, run)
        return run

    misses: list[str] = []
    if plan.export:
        async with exporting(session, plan.export) as exports:
            runs.append(await measure(plan.rate))
            runs.append(await exports.during(partial(measure, plan.rate)))
        console.print(exports.sentence(*runs))
        if times_p95(*runs) > MOST_TIMES_P95:
            misses.append(f"While entries are exported p95 may be {MOST_TIMES_P95:g} times as long at most.")
    elif plan.ramp is None:
        runs.append(await measure(plan.rate))
    else:
        runs += [run async for run in plan.ramp.climb(measure)]
        console.print(report.steps(runs))
    found = await session.check()
    report.show_audit(console, found)
    misses += misses_of(found)
    misses += _knee_misses(console, runs) if plan.ramp else [miss for run in runs for miss in run.misses()]
    for miss in misses:
        console.print(f"[red]✗[/] {miss}")
    if json is not None:
        report.write_json(json, runs, found, knee=knee(runs) if plan.ramp else None, misses=misses)
    if runs[-1].interrupted:
        return 130
    return 1 if misses else 0


def _knee_misses(console: Console, runs: list[Measurement]) -> list[str]:
    highest = knee(runs)
    if highest is None:
        return ["The first step of the ramp missed a bar already."]
    end = "" if not runs[-1].good else ", where the ramp ended"
    console.print(f"[bold]The knee is at {highest:g} registrations a second[/]{end}.")
    return []
