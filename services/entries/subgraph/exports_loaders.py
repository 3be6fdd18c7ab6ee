"""Batched reads of exports: one call for all keys of a request, results in key order."""

from functools import cached_property

from strawberry.dataloader import DataLoader

from services.entries.subgraph.exports_backend import Export, ExportsBackend
from services.kit.upstream import Upstream


class Exports:
    """What a resolver asks about exports. Loaders are made when first used."""

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self.backend = ExportsBackend(upstream, actor)

    @cached_property
    def by_id(self) -> DataLoader[str, Export | None]:
        async def load(ids: list[str]) -> list[Export | None]:
            found = {
                one.id: one for one in await self.backend.exports([id_ for id_ in ids if id_.isprintable()])
            }
            return [found.get(id_) for id_ in ids]

        return DataLoader(load)

    @cached_property
    def by_campaign(self) -> DataLoader[str, list[Export]]:
        async def load(campaign_ids: list[str]) -> list[list[Export]]:
            asked = [id_ for id_ in campaign_ids if id_.isprintable()]
            exports = await self.backend.exports_of_campaigns(asked)
            return [[one for one in exports if one.campaign_id == id_] for id_ in campaign_ids]

        return DataLoader(load)
