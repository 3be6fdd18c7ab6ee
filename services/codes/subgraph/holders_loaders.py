"""Batched reads of who holds which code: one call for all that a request asks."""

from collections.abc import Callable
from functools import cached_property

from strawberry.dataloader import DataLoader

from services.codes.subgraph.backend import Code
from services.codes.subgraph.holders_backend import HeldIn, HoldersBackend, PageOfUser
from services.kit.loaders import grouped
from services.kit.paging import Page

_LONGEST = 200


class Holders:
    """What a resolver asks about holders. Loaders are made when first used."""

    def __init__(self, backend: HoldersBackend, accepts: Callable[[str], bool]) -> None:
        self._backend = backend
        self._accepts = accepts

    @cached_property
    def code_by_value(self) -> DataLoader[str, Code | None]:
        """The code that somebody typed, in any spelling."""
        return DataLoader(self._by_value, max_batch_size=100)

    @cached_property
    def campaigns_by_user(self) -> DataLoader[str, list[HeldIn]]:
        """The campaigns of which a user has or had codes."""
        return grouped(self._backend.campaigns, lambda held: held.user_id, accepts=self._accepts)

    @cached_property
    def page(self) -> DataLoader[PageOfUser, Page[Code]]:
        """A page of a user's codes, newest first. Her id is one that `campaigns_by_user` knows, or the caller's."""
        return DataLoader(self._backend.pages)

    async def _by_value(self, values: list[str]) -> list[Code | None]:
        asked = [value for value in values if 0 < len(value) <= _LONGEST and "\0" not in value]
        found = dict(zip(asked, await self._backend.by_value(asked), strict=True)) if asked else {}
        return [found.get(value) for value in values]
