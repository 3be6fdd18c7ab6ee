"""Batched reads of redemptions: one call for all codes of a request."""

from functools import cached_property

from strawberry.dataloader import DataLoader

from services.codes.subgraph.redemptions_backend import Redemption, RedemptionsBackend
from services.kit.access import Scope
from services.kit.loaders import grouped

_LONGEST = 200


class RedemptionsOfCodes:
    """What a resolver asks about redemptions. Loaders are made when first used."""

    def __init__(self, backend: RedemptionsBackend) -> None:
        self.backend = backend

    @cached_property
    def by_code(self) -> DataLoader[str, list[Redemption]]:
        """A code's redemptions, oldest first, by its id."""
        return grouped(self.backend.redemptions, lambda redemption: redemption.code_id)

    @cached_property
    def scope_of(self) -> DataLoader[str, Scope | None]:
        """Whose a code is that somebody typed; None where nobody knows it."""
        return DataLoader(self._scopes)

    async def _scopes(self, codes: list[str]) -> list[Scope | None]:
        asked = [code for code in codes if 0 < len(code) <= _LONGEST and "\0" not in code]
        found = dict(zip(asked, await self.backend.scopes(asked), strict=True)) if asked else {}
        scopes = [found.get(code) for code in codes]
        return [scope and Scope(scope.team_id, scope.campaign_id) for scope in scopes]
