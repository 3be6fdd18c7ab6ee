"""Batched reads of waves and selections: one call for all keys of a request, results in key order."""

from functools import cached_property

from strawberry.dataloader import DataLoader

from services.entries.subgraph.waves_backend import Selection, SelectionPageRequest, Wave, WavesBackend
from services.kit.paging import Page
from services.kit.upstream import Upstream


class Waves:
    """What a resolver asks about waves and selections. Loaders are made when first used."""

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self.backend = WavesBackend(upstream, actor)

    @cached_property
    def by_id(self) -> DataLoader[str, Wave | None]:
        async def load(ids: list[str]) -> list[Wave | None]:
            found = {wave.id: wave for wave in await self.backend.waves(_storable(ids))}
            return [found.get(id_) for id_ in ids]

        return DataLoader(load)

    @cached_property
    def by_campaign(self) -> DataLoader[str, list[Wave]]:
        async def load(campaign_ids: list[str]) -> list[list[Wave]]:
            waves = await self.backend.waves_of_campaigns(_storable(campaign_ids))
            return [[wave for wave in waves if wave.campaign_id == id_] for id_ in campaign_ids]

        return DataLoader(load)

    @cached_property
    def selection_by_id(self) -> DataLoader[str, Selection | None]:
        async def load(ids: list[str]) -> list[Selection | None]:
            found = {selection.id: selection for selection in await self.backend.selections(_storable(ids))}
            return [found.get(id_) for id_ in ids]

        return DataLoader(load)

    @cached_property
    def selections_by_entry(self) -> DataLoader[str, list[Selection]]:
        async def load(entry_ids: list[str]) -> list[list[Selection]]:
            selections = await self.backend.selections_of_entries(_storable(entry_ids))
            return [[one for one in selections if one.entry_id == id_] for id_ in entry_ids]

        return DataLoader(load)

    @cached_property
    def selection_pages(self) -> DataLoader[SelectionPageRequest, Page[Selection]]:
        return DataLoader(self.backend.pages_of_waves)


def _storable(keys: list[str]) -> list[str]:
    """The keys that the database could know; it refuses control characters."""
    return [key for key in keys if key.isprintable()]
