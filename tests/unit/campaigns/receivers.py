"""Entries, codes and users as the Campaign Service meets them at the seam: they keep what comes, and can be down."""

from typing import Any

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.kit.access import AccessAnswers, AccessChecks, Reach, ReachQuestion


class Receivers:
    """`snapshots[service]` and `audit` hold what came, in order; services named in `down` answer 503.

    `pools` are the counts that codes answers by event, `pool_questions` the events that were asked for.
    """

    def __init__(self) -> None:
        self.snapshots: dict[str, list[dict[str, Any]]] = {"entries": [], "codes": [], "users": []}
        self.audit: list[dict[str, Any]] = []
        self.down: set[str] = set()
        self.granted: set[tuple[str, str, str | None]] = set()
        self.access_requests = 0
        self.pools: dict[str, dict[str, int]] = {}
        self.pool_questions: list[list[str]] = []
        self.transports = {name: httpx.ASGITransport(self._app(name)) for name in self.snapshots}

    def latest(self, service: str, campaign_id: str) -> dict[str, Any]:
        """The snapshot that counts: the one of the highest version."""
        return max((s for s in self.snapshots[service] if s["id"] == campaign_id), key=lambda s: s["version"])

    def _app(self, name: str) -> Starlette:
        async def take_campaigns(request: Request) -> Response:
            if name in self.down:
                return Response(status_code=503)
            self.snapshots[name] += (await request.json())["campaigns"]
            return JSONResponse(None)

        async def take_events(request: Request) -> Response:
            if name in self.down:
                return Response(status_code=503)
            self.audit += (await request.json())["events"]
            return JSONResponse(None)

        async def check_access(request: Request) -> Response:
            self.access_requests += 1
            checks = msgspec.json.decode(await request.body(), type=AccessChecks).checks
            allowed = [
                any((c.user_id, c.permission, s) in self.granted for s in (None, c.team_id, c.campaign_id))
                for c in checks
            ]
            return Response(msgspec.json.encode(AccessAnswers(allowed)))

        async def get_reach(request: Request) -> Response:
            self.access_requests += 1
            asked = msgspec.json.decode(await request.body(), type=ReachQuestion)
            held = {s for u, p, s in self.granted if (u, p) == (asked.user_id, asked.permission) and s}
            campaigns = {scope for scope in held if scope.startswith("cmp_")}
            return Response(msgspec.json.encode(Reach(sorted(held - campaigns), sorted(campaigns))))

        async def get_pools(request: Request) -> Response:
            if name in self.down:
                return Response(status_code=503)
            asked = (await request.json())["event_ids"]
            self.pool_questions.append(asked)
            pools = [{"event_id": id_, "counts": self.pools[id_]} for id_ in asked if id_ in self.pools]
            return JSONResponse({"pools": pools})

        return Starlette(
            routes=[
                Route("/snapshots/campaigns", take_campaigns, methods=["PUT"]),
                Route("/audit/events", take_events, methods=["POST"]),
                Route("/pools/batch", get_pools, methods=["POST"]),
                Route("/access/check", check_access, methods=["POST"]),
                Route("/access/reach", get_reach, methods=["POST"]),
            ]
        )
