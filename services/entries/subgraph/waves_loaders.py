"""Batched reads of waves and selections: one call for all keys of a request, results in key order."""

from functools import cached_property

from strawberry.dataloader import DataLoader

from services.entries.subgraph.waves_backend import (
    KeptPreview,
    PublicDraw,
    Receipt,
    Selection,
    SelectionPageRequest,
    Wave,
    WavesBackend,
)
from services.kit.loaders import by_key, grouped
from services.kit.paging import Page
from services.kit.upstream import Upstream


class Waves:
    """What a resolver asks about waves and selections. Loaders are made when first used.

    Keys with control characters are not asked for: the database refuses them.
    """

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self.backend = WavesBackend(upstream, actor)

    @cached_property
    def by_id(self) -> DataLoader[str, Wave | None]:
        return by_key(self.backend.waves, lambda wave: wave.id, accepts=str.isprintable)

    @cached_property
    def by_campaign(self) -> DataLoader[str, list[Wave]]:
        return grouped(
            self.backend.waves_of_campaigns, lambda wave: wave.campaign_id, accepts=str.isprintable
        )

    @cached_property
    def preview_by_wave(self) -> DataLoader[str, KeptPreview | None]:
        return by_key(self.backend.previews, lambda preview: preview.wave_id)

    @cached_property
    def draws_by_campaign(self) -> DataLoader[str, list[PublicDraw]]:
        return grouped(
            self.backend.draws_of_campaigns, lambda draw: draw.campaign_id, accepts=str.isprintable
        )

    @cached_property
    def receipts_by_entry(self) -> DataLoader[str, list[Receipt]]:
        return grouped(self.backend.receipts_of_entries, lambda receipt: receipt.entry_id)

    @cached_property
    def selection_by_id(self) -> DataLoader[str, Selection | None]:
        return by_key(self.backend.selections, lambda selection: selection.id, accepts=str.isprintable)

    @cached_property
    def selections_by_entry(self) -> DataLoader[str, list[Selection]]:
        return grouped(self.backend.selections_of_entries, lambda one: one.entry_id, accepts=str.isprintable)

    @cached_property
    def selection_pages(self) -> DataLoader[SelectionPageRequest, Page[Selection]]:
        return DataLoader(self.backend.pages_of_waves)
