"""Batched reads of scores and their imports: one call for all keys of a request, results in key order."""

from functools import cached_property, partial

from strawberry.dataloader import DataLoader

from services.entries.subgraph.score_imports_backend import LineError, ScoreImport, ScoreImportsBackend
from services.entries.subgraph.scores_backend import Score, ScoresBackend
from services.kit.loaders import by_key, grouped
from services.kit.upstream import Upstream


class Scores:
    """What a resolver asks about scores. Loaders are made when first used.

    Keys with control characters are not asked for: the database refuses them.
    """

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self.backend = ScoresBackend(upstream, actor)
        self.imports = ScoreImportsBackend(upstream, actor)
        self._errors: dict[int, DataLoader[str, list[LineError]]] = {}

    @cached_property
    def by_entry(self) -> DataLoader[str, Score | None]:
        return by_key(self.backend.scores, lambda one: one.entry_id, accepts=str.isprintable)

    @cached_property
    def import_by_id(self) -> DataLoader[str, ScoreImport | None]:
        return by_key(self.imports.imports, lambda one: one.id, accepts=str.isprintable)

    @cached_property
    def imports_by_campaign(self) -> DataLoader[str, list[ScoreImport]]:
        return grouped(
            self.imports.imports_of_campaigns, lambda one: one.campaign_id, accepts=str.isprintable
        )

    def errors_by_import(self, first: int) -> DataLoader[str, list[LineError]]:
        """The loader of so many errors of each import."""
        if first not in self._errors:
            self._errors[first] = grouped(
                partial(self.imports.errors, first=first), lambda one: one.import_id, accepts=str.isprintable
            )
        return self._errors[first]
