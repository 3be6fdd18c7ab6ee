"""The entries subgraph's schema, guarded by its policy."""

from typing import Annotated

import strawberry

from services.entries.subgraph.draws_types import DrawVerification
from services.entries.subgraph.exports_types import ExportJob
from services.entries.subgraph.mutations import (
    appeal_entry,
    cancel_export,
    cancel_wave,
    commit_wave,
    create_wave,
    finalize_wave,
    import_scores,
    preview_selection,
    review_entry,
    run_selection,
    set_review_threshold,
    start_export,
    submit_entry,
    update_entry_preferences,
    withdraw_entry,
)
from services.entries.subgraph.policy import POLICY
from services.entries.subgraph.score_imports_types import ScoreImport
from services.entries.subgraph.types import Campaign, Entry, Info, User
from services.entries.subgraph.waves_types import Event, Selection, Wave
from services.kit.errors import Invalid, Issue
from services.kit.graphql import build_schema
from services.kit.policy import enforce
from services.kit.types import ID
from services.kit.upstream import Problem


@strawberry.type
class Query:
    @strawberry.field(
        description="An entry by id, for its owner and for holders of ENTRY_READ; null for all others."
    )
    async def entry(
        self, info: Info, id: Annotated[ID, strawberry.argument(description="The entry.")]
    ) -> Entry | None:
        return await Entry.resolve_reference(info, id)

    @strawberry.federation.field(
        description="A wave by id, for holders of SELECTION_READ; null for all others.", tags=["admin"]
    )
    async def wave(
        self, info: Info, id: Annotated[ID, strawberry.argument(description="The wave.")]
    ) -> Wave | None:
        return await Wave.resolve_reference(info, id)

    @strawberry.federation.field(
        description="Draws a committed wave once more, from its frozen roster and its published seed, and compares.",
        tags=["admin"],
    )
    async def verify_draw(
        self, info: Info, wave_id: Annotated[ID, strawberry.argument(description="The wave.")]
    ) -> DrawVerification:
        try:
            return DrawVerification.of(await info.context.waves.backend.verify(wave_id))
        except Problem as problem:
            if problem.code != "NOT_FOUND":
                raise
            raise Invalid([Issue(["waveId"], problem.code, problem.detail)]) from problem

    @strawberry.federation.field(
        description="An export by id, for holders of EXPORT_RUN; null for all others.", tags=["admin"]
    )
    async def export_job(
        self, info: Info, id: Annotated[ID, strawberry.argument(description="The export.")]
    ) -> ExportJob | None:
        return await ExportJob.resolve_reference(info, id)

    @strawberry.federation.field(
        description="An import of scores by id, for holders of ENTRY_REVIEW; null for all others.",
        tags=["admin"],
    )
    async def score_import(
        self, info: Info, id: Annotated[ID, strawberry.argument(description="The import.")]
    ) -> ScoreImport | None:
        return await ScoreImport.resolve_reference(info, id)


@strawberry.type
class Mutation:
    submit_entry = submit_entry.submit_entry
    update_entry_preferences = update_entry_preferences.update_entry_preferences
    withdraw_entry = withdraw_entry.withdraw_entry
    create_wave = create_wave.create_wave
    preview_selection = preview_selection.preview_selection
    commit_wave = commit_wave.commit_wave
    run_selection = run_selection.run_selection
    finalize_wave = finalize_wave.finalize_wave
    cancel_wave = cancel_wave.cancel_wave
    start_export = start_export.start_export
    cancel_export = cancel_export.cancel_export
    import_scores = import_scores.import_scores
    review_entry = review_entry.review_entry
    appeal_entry = appeal_entry.appeal_entry
    set_review_threshold = set_review_threshold.set_review_threshold


schema = build_schema(
    Query, Mutation, [Entry, Campaign, User, Wave, Selection, Event, ExportJob, ScoreImport]
)
enforce(schema, POLICY)
