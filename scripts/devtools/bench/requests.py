"""A store of fans' tokens and bodies, filled between turns so that signing is not measured."""

from collections import deque
from collections.abc import Callable

from scripts.devtools.bench.layers import Done
from scripts.devtools.campaign_setup import Campaign
from scripts.devtools.load.fans import FanTokens
from scripts.devtools.load.requests import bodies_of

_FIRST_GUESS_RATE = 900
_MARGIN = 1.4


class FanRequests:
    """Registrations that were not sent yet: what one turn does not use, the next one does."""

    def __init__(self, tokens: FanTokens, campaign: Campaign, tell: Callable[[str], None]) -> None:
        self._tokens = tokens
        self._bodies = bodies_of(campaign.id, campaign.market_ids)
        self._tell = tell
        self._ready: deque[bytes] = deque()
        self._rates: dict[str, float] = {}
        self._sent = 0

    async def fill(self, seconds: float, layer: str) -> None:
        """Have enough for a turn of `layer`, by what it did before."""
        wanted = int(self._rates.get(layer, _FIRST_GUESS_RATE) * seconds * _MARGIN) + 100
        if wanted > len(self._ready):
            self._ready += self._tokens.take(wanted - len(self._ready), self._tell)

    def note_rate(self, layer: str, done: Done) -> None:
        """Remember what a layer can do."""
        self._rates[layer] = max(self._rates.get(layer, 0.0), (done.count + done.refused) / done.seconds)

    def next(self) -> tuple[bytes, bytes] | None:
        """A token and a body, None when all were sent."""
        if not self._ready:
            return None
        self._sent += 1
        return self._ready.popleft(), self._bodies[self._sent % len(self._bodies)]
