"""`scripts/bench`."""

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import uvloop
from cyclopts import App, Parameter
from rich.console import Console
from rich.markup import escape

from scripts.devtools import run_state
from scripts.devtools import settings as devsettings
from scripts.devtools.bench import codes, report
from scripts.devtools.bench.baseline import baseline
from scripts.devtools.bench.exports import show as show_exports
from scripts.devtools.bench.exports import time_exports
from scripts.devtools.bench.growth import show as show_growth
from scripts.devtools.bench.growth import time_growth
from scripts.devtools.bench.in_process import in_process
from scripts.devtools.bench.layers import BenchError, summarize, take_turns
from scripts.devtools.bench.requests import FanRequests
from scripts.devtools.bench.routed import CampaignPage, Routed
from scripts.devtools.bench.searches import show as show_searches
from scripts.devtools.bench.searches import time_searches
from scripts.devtools.bench.tokens import show as show_tokens
from scripts.devtools.bench.tokens import time_tokens
from scripts.devtools.bench.tracing import show as show_tracing
from scripts.devtools.bench.tracing import time_tracing
from scripts.devtools.commands.load import EXPECTED
from scripts.devtools.databases import ServiceDatabase, owner_role, service_role, with_database
from scripts.devtools.launch import LaunchError
from scripts.devtools.load.session import LoadError, Session, open_session
from scripts.devtools.run_state import RunState
from scripts.devtools.settings import ROOT, Settings
from scripts.devtools.topology import Topology
from services import SERVICES

MOST_EXPORTED = MOST_GROWN = 2_000_000
CODES = {
    "lines": codes.time_imports,
    "winners": codes.time_assignment,
    "reports": codes.time_webhooks,
}
MOST_OF_CODES = 5_000_000
MOST_ROUNDS, MOST_SECONDS, MOST_CONCURRENCY = 20, 30, 64

app = App(name="scripts/bench", help_format="plaintext", version_flags=[])


def main(argv: list[str]) -> int:
    """The entry point of `scripts/bench`."""
    return app(argv) or 0


@app.default
def bench(
    *,
    rounds: int = 5,
    seconds: float = 2.0,
    concurrency: int = 32,
    searches: Annotated[bool, Parameter(negative="")] = False,
    tokens: Annotated[bool, Parameter(negative="")] = False,
    export: int = 0,
    import_: Annotated[int, Parameter("--import")] = 0,
    assignment: int = 0,
    webhooks: int = 0,
    growth: int = 0,
    tracing: Annotated[bool, Parameter(negative="")] = False,
    against: Path | None = None,
    json: Path | None = None,
) -> int:
    """Register fans through each layer of the running system in turns, and compare with a bare insert of one row.

    The layers: a single-row insert (pgbench, or asyncpg where there is none);
    the entries store, its route and its subgraph, inside this process; the whole
    stack through the router. And the campaign page. Compare the ratios of a run:
    rates alone say more about the machine.

    Parameters
    ----------
    rounds
        How often each layer has its turn.
    seconds
        How long a turn is.
    concurrency
        How many registrations are in flight, or in a batch.
    searches
        Instead, time searches for venues and artists over 100,000 names each, in a
        database of their own.
    tokens
        Instead, time the verification of access tokens.
    export
        Instead, time exports of so many entries, and the metrics over them, in a
        database of their own.
    import_
        Instead, time the import of a file of so many codes.
    assignment
        Instead, time the assignment of codes to so many winners of a wave.
    webhooks
        Instead, time so many reports of redemptions, one a request.
    growth
        Instead, time registrations while a campaign grows to so many entries, in a
        database of their own.
    tracing
        Instead, compare two systems of their own in turns: one traces a hundredth of
        its requests and tells a collector what it counts and logs, the other does not.
    against
        The checkout whose code the other system of --tracing runs, in place of this one.
    json
        Also write every turn to this file.
    """
    console = Console(highlight=False, soft_wrap=True)
    try:
        if not (
            0 < rounds <= MOST_ROUNDS and 1 <= seconds <= MOST_SECONDS and 0 < concurrency <= MOST_CONCURRENCY
        ):
            raise LoadError(
                f"Ask for up to {MOST_ROUNDS} rounds with turns of 1 to {MOST_SECONDS} s and up to"
                f" {MOST_CONCURRENCY} in flight."
            )
        if searches:
            return uvloop.run(_time_searches(console, rounds * 5))
        if export:
            return uvloop.run(_time_exports(console, export))
        for count, (noun, measure) in zip((import_, assignment, webhooks), CODES.items(), strict=True):
            if count:
                return uvloop.run(_time_codes(console, count, noun, measure))
        if growth:
            return uvloop.run(_time_growth(console, growth, seconds, concurrency))
        if tracing:
            return uvloop.run(
                _time_tracing(console, rounds, seconds, concurrency, (against or ROOT).resolve())
            )
        if tokens:
            return uvloop.run(_time_tokens(console, rounds))
        return uvloop.run(_run(console, rounds, seconds, concurrency, json))
    except (*EXPECTED, BenchError, LaunchError) as error:
        console.print(f"[red]error:[/] {escape(str(error))}")
        return 2


async def _time_searches(console: Console, turns: int) -> int:
    settings, state = _running()
    if state.admin_dsn is None:
        raise LoadError("The searches need the embedded PostgreSQL.")
    show_searches(console, await time_searches(state.admin_dsn, settings, turns))
    return 0


async def _time_exports(console: Console, entries: int) -> int:
    if not 0 < entries <= MOST_EXPORTED:
        raise LoadError(f"Ask for exports of 1 to {MOST_EXPORTED:,} entries.")
    settings, state = _running()
    if state.admin_dsn is None:
        raise LoadError("The exports need the embedded PostgreSQL.")
    show_exports(console, await time_exports(state.admin_dsn, settings, entries), entries)
    return 0


async def _time_codes(console: Console, count: int, noun: str, measure: codes.Measure) -> int:
    if not 0 < count <= MOST_OF_CODES:
        raise LoadError(f"Ask for 1 to {MOST_OF_CODES:,} {noun}.")
    settings, state = _running()
    if state.admin_dsn is None:
        raise LoadError("Measuring codes needs the embedded PostgreSQL.")
    codes.show(console, await measure(state.admin_dsn, settings, count), count, noun)
    return 0


async def _time_growth(console: Console, entries: int, seconds: float, batch: int) -> int:
    if not 0 < entries <= MOST_GROWN:
        raise LoadError(f"Ask for growth to 1 to {MOST_GROWN:,} entries.")
    settings, state = _running()
    postgres = state.processes.get("postgres")
    if state.admin_dsn is None or postgres is None or postgres.pid is None:
        raise LoadError("Growth needs the embedded PostgreSQL.")
    show_growth(
        console,
        await time_growth(state.admin_dsn, postgres.pid, settings, entries, seconds=seconds, batch=batch),
    )
    return 0


async def _time_tracing(
    console: Console, rounds: int, seconds: float, concurrency: int, against: Path
) -> int:
    def tell(text: str) -> None:
        console.print(f"[dim]{escape(text)} …[/]")

    show_tracing(
        console,
        await time_tracing(
            rounds=rounds, seconds=seconds, concurrency=concurrency, against=against, tell=tell
        ),
    )
    return 0


async def _time_tokens(console: Console, turns: int) -> int:
    settings, state = _running()
    show_tokens(console, await time_tokens(state, settings, turns))
    return 0


def _running() -> tuple[Settings, RunState]:
    settings = devsettings.load()
    state = run_state.read(settings.data_dir)
    if state is None or not state.alive:
        raise LoadError("Nothing is running. Start it with scripts/up.")
    return settings, state


async def _run(console: Console, rounds: int, seconds: float, concurrency: int, json: Path | None) -> int:
    def tell(text: str) -> None:
        console.print(f"[dim]{escape(text)} …[/]")

    session = await open_session(None, tell)
    fans = FanRequests(session.fans, session.campaign, tell)
    async with AsyncExitStack() as stack:
        bare = await stack.enter_async_context(baseline(session.entries_dsn, concurrency))
        inside = await stack.enter_async_context(
            in_process(_environment(session), session.campaign, fans, concurrency)
        )
        routed = Routed(session.target, fans, concurrency)
        page = CampaignPage(session.target, session.campaign, session.registered, concurrency)
        turns = await take_turns(
            [bare, *inside, routed, page],
            rounds=rounds,
            seconds=seconds,
            pids=lambda: session.pids("this process"),
            tell=tell,
        )
    medians = summarize(turns, bare.name)
    # A page is no registration: nothing to compare with.
    results = [replace(each, ratio=None) if each.layer == page.name else each for each in medians]
    report.show(console, results, insert=bare.program, concurrency=concurrency)
    if json is not None:
        report.write_json(json, turns, results)
    return 1 if any(result.refused for result in results) else 0


def _environment(session: Session) -> dict[str, str]:
    """What the running stack tells its entries process."""
    settings = devsettings.load(data_dir=session.data_dir)
    ports = {
        name: process.port for name, process in session.state.processes.items() if process.port is not None
    }
    settings = replace(settings, ports={**settings.ports, **ports})
    topology = Topology(settings, _databases(session.state.admin_dsn or "", settings))
    entries = next(spec for spec in topology.processes() if spec.name == "entries")
    return dict(entries.env)


def _databases(admin_dsn: str, settings: Settings) -> dict[str, ServiceDatabase]:
    password = settings["DB_PASSWORD"]

    def database(service: str) -> ServiceDatabase:
        name = f"monoql_{service}"
        return ServiceDatabase(
            name=name,
            service_dsn=with_database(admin_dsn, name, service_role(service), password),
            owner_dsn=with_database(admin_dsn, name, owner_role(service), password),
        )

    return {service: database(service) for service in SERVICES}
