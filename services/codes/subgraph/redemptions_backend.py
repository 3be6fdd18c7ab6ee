"""The Code Service's redemptions as this subgraph calls them: the only file that knows their HTTP paths."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from services.kit.upstream import Upstream, one_for_each


class Scope(msgspec.Struct, frozen=True):
    """Whose a code is; `id` is the code's."""

    id: str
    team_id: str
    campaign_id: str


class Redemption(msgspec.Struct, frozen=True):
    """A purchase with a code."""

    code_id: str
    platform: str
    external_id: str
    at: datetime
    quantity: int
    late: bool


class Reported(msgspec.Struct, frozen=True):
    """What became of a report."""

    code_id: str | None
    outcome: str
    replayed: bool
    message: str


class _Scopes(msgspec.Struct):
    scopes: list[Scope | None]


class _Redemptions(msgspec.Struct):
    redemptions: list[Redemption]


class RedemptionsBackend:
    """Calls of one request, on behalf of `actor`."""

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self._upstream = upstream
        self._actor = actor

    async def scopes(self, codes: Sequence[str]) -> list[Scope | None]:
        """Whose each of these codes is, in order; None where nobody knows it."""
        body = {"codes": codes}
        answer = await self._upstream.call("POST", "/redemptions/scope", _Scopes, body, idempotent=True)
        return one_for_each(codes, answer.scopes)

    async def redemptions(self, code_ids: Sequence[str]) -> list[Redemption]:
        """What codes were used for, by code, oldest first."""
        body = {"ids": code_ids}
        answer = await self._upstream.call("POST", "/redemptions/batch", _Redemptions, body, idempotent=True)
        return answer.redemptions

    async def report(self, report: dict[str, Any]) -> Reported:
        """Raises Problem VALIDATION_FAILED, RATE_LIMITED."""
        return await self._upstream.call(
            "POST", "/redemptions", Reported, report, actor=self._actor, idempotent=True
        )
