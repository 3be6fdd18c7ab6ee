"""The Code Service's deliveries as this subgraph calls them: the only file that knows their HTTP paths."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from services.codes.subgraph.backend import Code
from services.kit.upstream import Upstream


class Delivery(msgspec.Struct, frozen=True):
    """A message with a code."""

    code_id: str
    channel: str | None
    state: str
    failure: str | None
    created_at: datetime
    at: datetime


class Resent(msgspec.Struct, frozen=True):
    code: Code
    replayed: bool


class _Deliveries(msgspec.Struct):
    deliveries: list[Delivery]


class DeliveriesBackend:
    """Calls of one request, on behalf of `actor`."""

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self._upstream = upstream
        self._actor = actor

    async def deliveries(self, code_ids: Sequence[str]) -> list[Delivery]:
        """What was sent to bring codes to their owners, by code, oldest first."""
        body = {"ids": code_ids}
        answer = await self._upstream.call("POST", "/deliveries/batch", _Deliveries, body, idempotent=True)
        return answer.deliveries

    async def resend(self, code_id: str, key: str | None) -> Resent:
        """Raises Problem NOT_FOUND, NOTHING_TO_SEND, TOO_MANY_MESSAGES, RATE_LIMITED, IDEMPOTENCY_MISMATCH."""
        body = {"code_id": code_id, "idempotency_key": key}
        return await self._upstream.call("POST", "/deliveries/resend", Resent, body, actor=self._actor)
