"""The verification of access tokens, timed: each is a fan's own and seen for the first time, or seen before."""

import time
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table

from scripts.devtools.bench.layers import BenchError
from scripts.devtools.run_state import RunState
from scripts.devtools.settings import Settings
from scripts.devtools.tokens import Mint
from services.kit.auth import TokenVerifier

_TOKENS = 1000


@dataclass(frozen=True)
class Timing:
    """CPU milliseconds of one verification: the median turn and the dearest, each a mean over many tokens."""

    what: str
    median: float
    dearest: float


async def time_tokens(state: RunState, settings: Settings, turns: int) -> list[Timing]:
    """With the keys of the running identity provider fetched before. Raises BenchError when a token is refused."""
    verifier = TokenVerifier([state.issuer], settings["OIDC_AUDIENCE"])
    await verifier.warm_up()
    tokens = Mint.from_settings(settings).mint_many(_TOKENS * turns)
    parts = [tokens[start : start + _TOKENS] for start in range(0, len(tokens), _TOKENS)]
    first = [await _verify(verifier, part) for part in parts]
    # The newest tokens are the ones that are remembered.
    again = [await _verify(verifier, parts[-1]) for _ in parts]
    await verifier.aclose()
    return [
        Timing(what, median(of), max(of)) for what, of in (("its first time", first), ("seen before", again))
    ]


def show(console: Console, timings: list[Timing]) -> None:
    """A table, one line each."""
    table = Table()
    table.add_column("a token")
    for column in ("median CPU ms", "dearest CPU ms"):
        table.add_column(column, justify="right")
    for timing in timings:
        table.add_row(timing.what, f"{timing.median:.3f}", f"{timing.dearest:.3f}")
    console.print(table)


async def _verify(verifier: TokenVerifier, tokens: list[str]) -> float:
    headers = [f"Bearer {token}".encode() for token in tokens]
    began = time.process_time()
    callers = [await verifier.authenticate(header) for header in headers]
    spent = time.process_time() - began
    if not all(callers):
        raise BenchError("A good token was refused.")
    return spent / len(tokens) * 1000
