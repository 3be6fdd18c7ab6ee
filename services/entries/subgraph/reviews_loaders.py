"""Batched reads of reviews: one call for all keys of a request, results in key order."""

from functools import cached_property

from strawberry.dataloader import DataLoader

from services.entries.subgraph.reviews_backend import Review, ReviewsBackend
from services.kit.loaders import from_mapping, grouped
from services.kit.upstream import Upstream


class Reviews:
    """What a resolver asks about reviews. Loaders are made when first used.

    Keys with control characters are not asked for: the database refuses them.
    """

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self.backend = ReviewsBackend(upstream, actor)

    @cached_property
    def by_entry(self) -> DataLoader[str, list[Review]]:
        return grouped(self.backend.reviews, lambda one: one.entry_id, accepts=str.isprintable)

    @cached_property
    def threshold_by_campaign(self) -> DataLoader[str, float | None]:
        return from_mapping(self.backend.thresholds, accepts=str.isprintable)
