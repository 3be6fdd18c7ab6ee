"""Batched reads of scores: one call for all keys of a request, results in key order."""

from functools import cached_property

from strawberry.dataloader import DataLoader

from services.entries.subgraph.scores_backend import Score, ScoresBackend
from services.kit.loaders import by_key
from services.kit.upstream import Upstream


class Scores:
    """What a resolver asks about scores. Loaders are made when first used."""

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self.backend = ScoresBackend(upstream, actor)

    @cached_property
    def by_entry(self) -> DataLoader[str, Score | None]:
        return by_key(self.backend.scores, lambda one: one.entry_id, accepts=str.isprintable)
