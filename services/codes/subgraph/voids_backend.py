"""Voiding and replacing codes at the Code Service: the only file that knows these HTTP paths."""

import msgspec

from services.codes.subgraph.backend import Code
from services.kit.upstream import Upstream


class Changed(msgspec.Struct, frozen=True):
    """The code as it is now, or the one that took its place."""

    code: Code
    replayed: bool


class VoidsBackend:
    """Calls of one request, on behalf of `actor`. Ids are those of codes that were found."""

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self._upstream = upstream
        self._actor = actor

    async def void(self, code_id: str, reason: str) -> Changed:
        """Raises Problem ILLEGAL_TRANSITION, NOT_FOUND, VALIDATION_FAILED."""
        return await self._upstream.call(
            "POST", f"/codes/{code_id}/void", Changed, {"reason": reason}, actor=self._actor, idempotent=True
        )

    async def reissue(self, code_id: str, reason: str, key: str | None) -> Changed:
        """Raises Problem INSUFFICIENT_CODES, ILLEGAL_TRANSITION, NOT_FOUND, VALIDATION_FAILED, IDEMPOTENCY_MISMATCH."""
        body = {"reason": reason, "idempotency_key": key}
        return await self._upstream.call(
            "POST", f"/codes/{code_id}/reissue", Changed, body, actor=self._actor
        )
