"""Privacy requests as this subgraph asks the User Service about them."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from services.kit.upstream import Upstream


class PrivacyReceipt(msgspec.Struct):
    service: str
    state: str
    record_count: int | None
    digest: str | None
    at: datetime | None


class PrivacyRequest(msgspec.Struct):
    """A request as it is now; see the User Service's OpenAPI document."""

    id: str
    user_id: str
    kind: str
    state: str
    progress: float
    receipts: list[PrivacyReceipt]
    download_url: str | None
    byte_size: int | None
    sha256: str | None
    expires_at: datetime | None
    failure: str | None
    created_at: datetime
    due_at: datetime
    finished_at: datetime | None


class PrivacyAnswer(msgspec.Struct):
    request: PrivacyRequest
    replayed: bool = False


class _Requests(msgspec.Struct):
    requests: list[PrivacyRequest]


class PrivacyBackend:
    """Calls of one request, about the actor's own data."""

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self._upstream = upstream
        self._actor = actor

    async def request(self, kind: str, locale: str | None, key: str | None) -> PrivacyAnswer:
        """Opens a request, or answers the one under way."""
        body = {"kind": kind, "locale": locale, "idempotency_key": key}
        return await self._upstream.call("POST", "/privacy-requests", PrivacyAnswer, body, actor=self._actor)

    async def requests(self, ids: Sequence[str]) -> list[PrivacyRequest]:
        """The actor's own requests of these ids."""
        found = await self._upstream.call(
            "POST",
            "/privacy-requests/batch",
            _Requests,
            {"ids": ids},
            actor=self._actor,
            idempotent=True,
        )
        return found.requests

    async def own_requests(self) -> list[PrivacyRequest]:
        """The actor's last requests, newest first."""
        found = await self._upstream.call("GET", "/privacy-requests", _Requests, actor=self._actor)
        return found.requests
