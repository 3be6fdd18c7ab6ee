"""Batched reads of exports: one call for all keys of a request, results in key order."""

from functools import cached_property

from strawberry.dataloader import DataLoader

from services.entries.subgraph.exports_backend import Export, ExportsBackend
from services.kit.loaders import by_key, grouped
from services.kit.upstream import Upstream


class Exports:
    """What a resolver asks about exports. Loaders are made when first used.

    Keys with control characters are not asked for: the database refuses them.
    """

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self.backend = ExportsBackend(upstream, actor)

    @cached_property
    def by_id(self) -> DataLoader[str, Export | None]:
        return by_key(self.backend.exports, lambda one: one.id, accepts=str.isprintable)

    @cached_property
    def by_campaign(self) -> DataLoader[str, list[Export]]:
        return grouped(
            self.backend.exports_of_campaigns, lambda one: one.campaign_id, accepts=str.isprintable
        )
