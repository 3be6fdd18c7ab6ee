"""`scripts/journey`."""

import asyncio

from cyclopts import App
from rich.console import Console

from scripts.devtools import run_state
from scripts.devtools import settings as devsettings
from scripts.devtools.campaign_setup import CampaignSetupError
from scripts.devtools.graphql_client import GraphQLErrors
from scripts.devtools.journey.play import play
from scripts.devtools.journey.player import JourneyStopped

app = App(name="scripts/journey", help_format="plaintext", version_flags=[])


def main(argv: list[str]) -> int:
    """The entry point of `scripts/journey`."""
    return app(argv) or 0


@app.default
def journey(*, fans: int = 1000, unconfirmed: int = 50, seed: int = 1) -> int:
    """Play the main job through the router with real tokens, and print a table of counts that must reconcile.

    Needs a running system (scripts/up). Exits non-zero when a count is not what it must be.

    Parameters
    ----------
    fans
        How many fans register, 20 to 1000.
    unconfirmed
        How many of them never confirm their phone.
    seed
        Of the fans' rankings.
    """
    console = Console()
    if not (20 <= fans <= 1000 and 1 <= unconfirmed < fans):
        console.print("fans must be 20 to 1000, and at least one of them unconfirmed.")
        return 2
    settings = devsettings.load()
    if (state := run_state.read(settings.data_dir)) is None or not state.alive:
        console.print("Nothing runs here: start it with scripts/up --detach.")
        return 1
    try:
        ledger = asyncio.run(
            play(
                settings,
                count=fans,
                unconfirmed=unconfirmed,
                seed=seed,
                say=lambda text: console.print(f"· {text}"),
            )
        )
    except (JourneyStopped, CampaignSetupError, GraphQLErrors) as error:
        console.print(f"[bold red]The journey stopped:[/] {error}", highlight=False)
        return 1
    ledger.show(console)
    return 0 if ledger.good else 1
