"""A running stack made ready for load: a campaign of its own, fans' tokens, and the processes to watch."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from scripts.devtools import run_state, tokens
from scripts.devtools import settings as devsettings
from scripts.devtools.campaign_setup import Campaign, open_campaign
from scripts.devtools.databases import with_database
from scripts.devtools.graphql_client import GraphQLClient
from scripts.devtools.load import usage
from scripts.devtools.load.arrivals import Spacing, intended_times
from scripts.devtools.load.audit import Audit, audit
from scripts.devtools.load.fans import FanTokens
from scripts.devtools.load.generator import Generator
from scripts.devtools.load.loopback import Target, loopback_target
from scripts.devtools.load.measurement import Measurement, measured
from scripts.devtools.load.pages import PAGES, PageName, readings
from scripts.devtools.load.pool import MOST_CONNECTIONS
from scripts.devtools.load.requests import SUBMIT, registrations
from scripts.devtools.load.tally import ACKNOWLEDGED
from scripts.devtools.run_state import RunState
from scripts.devtools.tokens import Mint

WARM_UP = 20

Tell = Callable[[str], None]


class LoadError(Exception):
    """A sentence: why no load can be sent."""


@dataclass
class Session:
    """`measure` sends load as often as asked, each time from fans who have not registered yet; `check` looks into the
    database. `registered` are the tokens of a few fans who are in.
    """

    state: RunState
    data_dir: Path
    mint: Mint
    fans: FanTokens
    target: Target
    campaign: Campaign
    tell: Tell
    entry_ids: list[str] = field(default_factory=list[str])
    registered: list[bytes] = field(default_factory=list[bytes])

    async def measure(
        self,
        rate: float,
        seconds: float,
        spacing: Spacing = "poisson",
        *,
        most_connections: int = MOST_CONNECTIONS,
    ) -> Measurement:
        """Offer `rate` registrations a second for `seconds`. Cancelling it ends the run and gives what there is."""
        times = intended_times(rate, seconds, spacing)
        fresh = self.fans.take(len(times), self.tell)
        requests = registrations(self.target, fresh, self.campaign.id, self.campaign.market_ids)
        generator = Generator(self.target, times, requests.parts, most_connections=most_connections)
        self.tell(f"Offering {rate:g} registrations a second for {seconds:g} s")
        measurement = await self._run(rate, generator)
        self.entry_ids += generator.tally.entry_ids.values()
        return measurement

    async def read(
        self,
        name: PageName,
        rate: float,
        seconds: float,
        spacing: Spacing = "poisson",
        *,
        most_connections: int = MOST_CONNECTIONS,
    ) -> Measurement:
        """Ask for a page `rate` times a second for `seconds`, as fans who are registered."""
        page, times = PAGES[name], intended_times(rate, seconds, spacing)
        requests = readings(page, self.target, self.registered, self.campaign.slug)
        generator = Generator(
            self.target, times, requests.parts, most_connections=most_connections, goal=page.goal
        )
        self.tell(f"Asking for {rate:g} {name} pages a second for {seconds:g} s")
        return replace(await self._run(rate, generator), most_p95=page.most_p95)

    async def _run(self, rate: float, generator: Generator) -> Measurement:
        before, machine = usage.look(self.pids()), usage.machine_cpu()
        sent = await generator.run()
        after, machine = usage.look(self.pids()), usage.machine_cpu() - machine
        return measured(rate, sent, before, after, machine)

    async def check(self) -> Audit:
        """Compare every entry acknowledged so far with the entries database."""
        return await audit(self.entries_dsn, self.campaign.id, self.entry_ids)

    @property
    def entries_dsn(self) -> str:
        """The entries database, as someone who may see all of it. Raises LoadError when nothing says where that is."""
        if given := os.environ.get("ENTRIES_OWNER_DATABASE_URL"):
            return given
        if self.state.admin_dsn is None:
            raise LoadError(
                "Set ENTRIES_OWNER_DATABASE_URL, so that the entries can be counted in the database."
            )
        return with_database(self.state.admin_dsn, "monoql_entries")

    def pids(self, me: str = "load generator") -> dict[str, int]:
        """The processes to watch: those of the stack, and this one."""
        state = run_state.read(self.data_dir) or self.state
        running = {name: process.pid for name, process in state.processes.items() if process.pid is not None}
        return {**running, me: os.getpid()}


async def open_session(url: str | None, tell: Tell, data_dir: Path | None = None) -> Session:
    """Find the running stack, open a campaign in it and see that it takes registrations.

    `url` is another router of that stack, `data_dir` where another stack has its data.
    Raises LoadError, NotLoopbackError, GraphQLErrors, CampaignSetupError.
    """
    settings = devsettings.load(data_dir=data_dir)
    state = run_state.read(settings.data_dir)
    if state is None or not state.alive or not state.ready:
        raise LoadError("Nothing is running: start the system with scripts/up --detach and run this again.")
    endpoint = url or state.endpoint
    target = loopback_target(endpoint)
    key = tokens.load_key(settings.data_dir / "identity" / "key.pem")
    mint = Mint(state.issuer, settings["OIDC_AUDIENCE"], key, tokens.key_id(key))
    fans = FanTokens(mint, settings.data_dir / "load", f"{state.pid} {state.started}")
    async with GraphQLClient(endpoint) as client:
        campaign = await open_campaign(client, mint.mint("editor"))
        tell(f"Campaign {campaign.id} is open, with {len(campaign.market_ids)} markets")
        session = Session(state, settings.data_dir, mint, fans, target, campaign, tell)
        await _warm_up(session, client)
    return session


async def _warm_up(session: Session, client: GraphQLClient) -> None:
    """The first registrations find every cache cold, and say what is wrong when something is."""
    preferences = [{"marketId": market_id} for market_id in session.campaign.market_ids]
    variables = {"input": {"campaignId": session.campaign.id, "preferences": preferences}}
    for token in session.fans.take(WARM_UP, session.tell):
        result = (await client.query(SUBMIT, variables, token=token.decode()))["submitEntry"]
        if result["__typename"] != ACKNOWLEDGED:
            raise LoadError(f"The first registration got {result['__typename']}: {result.get('message')}")
        session.entry_ids.append(result["entry"]["id"])
        session.registered.append(token)
