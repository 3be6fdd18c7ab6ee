"""The Entry Service at its seam with codes: waves and their winners, in-process, in pages of any size."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.kit.ids import new_id


@dataclass
class Winner:
    """A selection of a wave."""

    event: str
    user: str = field(default_factory=lambda: new_id("usr"))
    id: str = field(default_factory=lambda: new_id("sel"))
    entry: str = field(default_factory=lambda: new_id("ent"))


@dataclass
class Wave:
    campaign: str
    winners: list[Winner]
    state: str = "FINALIZED"
    id: str = field(default_factory=lambda: new_id("wav"))


async def at_once() -> None:
    """A page is answered without further ado."""


class EntriesPeer:
    """Answers `GET /waves/{id}` and `/waves/{id}/selections`; `before_page` runs before each page is answered.

    `told` are the redemptions that it was told of.
    """

    def __init__(self) -> None:
        self.page = 5000
        self.pages_read = 0
        self.before_page: Callable[[], Awaitable[None]] = at_once
        self.told: list[dict[str, Any]] = []
        self._waves: dict[str, Wave] = {}
        routes = [
            Route("/waves/{id}", self._wave),
            Route("/waves/{id}/selections", self._selections),
            Route("/snapshots/redemptions", self._redemptions, methods=["PUT"]),
        ]
        self.app = Starlette(routes=routes)
        self.transport = httpx.ASGITransport(self.app)

    def wave(self, campaign: str, winners: list[Winner], state: str = "FINALIZED") -> str:
        """Adds a wave; answers its id."""
        wave = Wave(campaign, sorted(winners, key=lambda winner: winner.id), state)
        self._waves[wave.id] = wave
        return wave.id

    def add_winner(self, wave: str, winner: Winner) -> None:
        """Breaks the promise that a final wave does not change."""
        self._waves[wave].winners.append(winner)

    async def _wave(self, request: Request) -> JSONResponse:
        wave = self._waves.get(request.path_params["id"])
        if wave is None:
            return JSONResponse({"code": "NOT_FOUND", "detail": "no such wave"}, 404)
        counts = Counter(winner.event for winner in wave.winners)
        return JSONResponse(
            {
                "id": wave.id,
                "campaign_id": wave.campaign,
                "state": wave.state,
                "name": "Wave 1",
                "selected": [{"event_id": event, "count": count} for event, count in counts.items()],
            }
        )

    async def _redemptions(self, request: Request) -> JSONResponse:
        self.told += (await request.json())["redemptions"]
        return JSONResponse(None)

    async def _selections(self, request: Request) -> JSONResponse:
        self.pages_read += 1
        await self.before_page()
        wave = self._waves[request.path_params["id"]]
        after = request.query_params.get("after", "")
        size = min(self.page, int(request.query_params["limit"]))
        rest = [winner for winner in wave.winners if winner.id > after]
        items = [
            {
                "id": winner.id,
                "wave_id": wave.id,
                "entry_id": winner.entry,
                "user_id": winner.user,
                "campaign_id": wave.campaign,
                "event_id": winner.event,
                "market_id": "mkt_1",
            }
            for winner in rest[:size]
        ]
        return JSONResponse({"items": items, "has_next": len(rest) > size})
