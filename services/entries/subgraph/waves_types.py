"""Waves: rounds of choosing winners, how each was drawn, and who won."""

from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Self

import strawberry
from strawberry.federation.schema_directives import Key
from strawberry.federation.types import FieldSet

from services.entries.subgraph import waves_backend as backend
from services.entries.subgraph.draws_types import DrawProof, SelectionStrategy, WaveState
from services.entries.subgraph.previews_types import SelectionPreview, share
from services.kit.access import Permission, Scope
from services.kit.paging import Connection, connect, decode_cursor, page_size
from services.kit.policy import present
from services.kit.types import ID, URL, DateTime, Error, Job, JobState, shared

if TYPE_CHECKING:
    from services.entries.subgraph.types import Campaign, Entry, Market

Info = strawberry.Info[Any, Any]
First = Annotated[int | None, strawberry.argument(description="How many items, 1 to 100; 20 when left out.")]
After = Annotated[
    str | None, strawberry.argument(description="The cursor of an earlier page, to go on from there.")
]
_TYPES = "services.entries.subgraph.types"
LazyCampaign = Annotated["Campaign", strawberry.lazy(_TYPES)]
LazyEntry = Annotated["Entry", strawberry.lazy(_TYPES)]
LazyMarket = Annotated["Market", strawberry.lazy(_TYPES)]


@strawberry.enum(description="Whether fans who won in an earlier, finalized wave take part again.")
class ReassignmentPolicy(Enum):
    EXCLUDE_SELECTED = strawberry.enum_value("EXCLUDE_SELECTED", description="They do not.")
    EXCLUDE_REDEEMED = strawberry.enum_value(
        "EXCLUDE_REDEEMED",
        description="They do when their code expired or was voided: not those who bought with theirs or still can.",
    )
    ALLOW_OTHER_MARKET = strawberry.enum_value(
        "ALLOW_OTHER_MARKET", description="They do, for markets they have not won yet."
    )
    ALLOW_MULTIPLE = strawberry.enum_value("ALLOW_MULTIPLE", description="They do, as if they had not won.")


@strawberry.federation.type(
    keys=[Key(fields=FieldSet("id"), resolvable=False)], description="A show that fans can win access to."
)
class Event:
    id: ID = strawberry.field(description="Opaque id.")


@shared("Scores that can be selected, both ends included.")
class ScoreRange:
    min: float | None = strawberry.field(description="The lowest score; null: no lower bound.")
    max: float | None = strawberry.field(description="The highest score; null: no upper bound.")


@strawberry.type(description="What an event gives away in a wave.")
class WaveCapacity:
    event: Event = strawberry.field(description="The event.")
    market: LazyMarket = strawberry.field(description="The market that the event is in.")
    capacity: int = strawberry.field(description="Tickets that may be given away, at most.")
    selected: int = strawberry.field(description="Tickets given away: the parties of all winners.")


@strawberry.type(description="What a draw came to.")
class SelectionSummary:
    eligible: int = strawberry.field(description="Fans on the roster.")
    selected: int = strawberry.field(description="Fans who won.")
    first_choice_share: float = strawberry.field(
        description="Of those who won, the share that got their first choice; 0 to 1."
    )


@strawberry.enum(description="Which work on a wave a job does.")
class SelectionStep(Enum):
    ROSTER = strawberry.enum_value("ROSTER", description="Freezing the roster of a large wave.")
    DRAW = strawberry.enum_value("DRAW", description="Drawing the winners.")
    PREVIEW = strawberry.enum_value("PREVIEW", description="Computing a preview of a large wave.")


@strawberry.type(description="Work on a wave that goes on in the background.")
class SelectionJob(Job):
    step: SelectionStep = strawberry.field(description="Which work it is.")

    @classmethod
    def of(cls, job: backend.Job) -> Self:
        return cls(
            id=ID(job.id),
            step=SelectionStep(job.step),
            state=JobState(job.state),
            progress=job.progress,
            created_at=DateTime(job.created_at),
            finished_at=job.finished_at and DateTime(job.finished_at),
            failure=job.failure,
        )


@strawberry.federation.type(
    keys=["id"], description="A fan won access to an event. She sees it once its wave is final."
)
class Selection:
    row: strawberry.Private[backend.Selection]
    id: ID = strawberry.field(description="Opaque id.")
    event: Event = strawberry.field(description="What she won access to.")
    preference_rank: int = strawberry.field(description="Which of her choices it is; 1 is the first.")

    @strawberry.federation.field(description="The wave in which she won.", tags=["admin"])
    async def wave(self, info: Info) -> "Wave":
        return Wave.of(present(await info.context.waves.by_id.load(self.row.wave_id)))

    @strawberry.field(description="The registration that won.")
    async def entry(self, info: Info) -> LazyEntry:
        from services.entries.subgraph.types import Entry

        return Entry.of(present(await info.context.entry_by_id.load(self.row.entry_id)))

    @strawberry.field(description="The market that the event is in, one of those she ranked.")
    def market(self) -> LazyMarket:
        return _market(self.row.market_id)

    @classmethod
    async def resolve_reference(cls, info: Info, id: str) -> Self | None:
        """The selection, for its winner once the wave is final and for who may read selections; None for all others."""
        selection = await info.context.waves.selection_by_id.load(id)
        if selection is None:
            return None
        is_hers = selection.user_id == info.context.user_id and selection.wave_state == "FINALIZED"
        scope = Scope(selection.team_id, selection.campaign_id)
        if is_hers or await info.context.access.allows(Permission.SELECTION_READ, scope):
            return cls.of(selection)
        return None

    @classmethod
    def of(cls, row: backend.Selection) -> Self:
        """The graph's view of what the Entry Service answered."""
        return cls(
            row=row, id=ID(row.id), event=Event(id=ID(row.event_id)), preference_rank=row.preference_rank
        )


@strawberry.federation.type(
    keys=["id"], description="A round of choosing winners among a campaign's registrations."
)
class Wave:
    row: strawberry.Private[backend.Wave]
    id: ID = strawberry.field(description="Opaque id.")
    name: str = strawberry.field(description="What the team calls it.")
    state: WaveState = strawberry.field(description="Where it is in its life.")
    strategy: SelectionStrategy = strawberry.field(description="In which order fans choose.")
    reassignment: ReassignmentPolicy = strawberry.field(
        description="Whether earlier winners take part again."
    )
    score_range: ScoreRange | None = strawberry.field(
        description="Which scores take part; null: all, and none at all too."
    )
    capacities: list[WaveCapacity] = strawberry.field(description="What each event gives away.")
    draw: DrawProof | None = strawberry.field(
        description="How the draw can be checked; null before the wave's roster is frozen."
    )
    summary: SelectionSummary | None = strawberry.field(
        description="What the draw came to; null before it was run."
    )
    job: SelectionJob | None = strawberry.field(
        description="The last work on it: freezing a large roster, then drawing. Null before that."
    )
    draw_file_url: URL | None = strawberry.field(
        description="The file with which anybody can repeat the draw (`scripts/verify-draw`): roster, seats, "
        "seed and winners, "
        "nothing about a person. The link works for an hour. Null until the worker has written it."
    )
    created_at: DateTime = strawberry.field(description="When it was drafted.")
    committed_at: DateTime | None = strawberry.field(description="When its roster was frozen.")
    finalized_at: DateTime | None = strawberry.field(description="When its outcome became final.")

    @strawberry.field(description="The campaign whose fans it chooses among.")
    def campaign(self) -> LazyCampaign:
        from services.entries.subgraph.types import Campaign

        return Campaign(id=ID(self.row.campaign_id))

    @strawberry.field(
        description="What it would come to, where the worker computed that last; null before it has. Small "
        "waves are "
        "previewed by `previewSelection` at once."
    )
    async def preview(self, info: Info) -> SelectionPreview | None:
        kept = await info.context.waves.preview_by_wave.load(self.row.id)
        return None if kept is None or kept.preview is None else SelectionPreview.of(kept.preview)

    @strawberry.field(description="The work of computing `preview`; null when none was asked for.")
    async def preview_job(self, info: Info) -> SelectionJob | None:
        kept = await info.context.waves.preview_by_wave.load(self.row.id)
        return None if kept is None else SelectionJob.of(kept.job)

    @strawberry.field(description="Who won, in a stable order; empty before the draw was run.")
    async def selections(self, info: Info, first: First = None, after: After = None) -> Connection[Selection]:
        request = backend.SelectionPageRequest(self.row.id, page_size(first), decode_cursor(after))
        page = await info.context.waves.selection_pages.load(request)
        return connect(page, key=lambda selection: selection.id, node=Selection.of, after=after)

    @classmethod
    async def resolve_reference(cls, info: Info, id: str) -> Self | None:
        """The wave, for who may read selections of its campaign; None for all others."""
        wave = await info.context.waves.by_id.load(id)
        if wave is None or not await info.context.access.allows(Permission.SELECTION_READ, scope_of(wave)):
            return None
        return cls.of(wave)

    @classmethod
    def of(cls, row: backend.Wave) -> Self:
        """The graph's view of what the Entry Service answered."""
        unbounded = row.score_min is None and row.score_max is None
        return cls(
            row=row,
            id=ID(row.id),
            name=row.name,
            state=WaveState(row.state),
            strategy=SelectionStrategy(row.strategy),
            reassignment=ReassignmentPolicy(row.reassignment),
            score_range=None if unbounded else ScoreRange(min=row.score_min, max=row.score_max),
            capacities=[_capacity(capacity) for capacity in row.capacities],
            draw=row.draw and DrawProof.of(row.draw),
            summary=row.summary and _summary(row.summary),
            job=row.job and SelectionJob.of(row.job),
            draw_file_url=None if row.file_url is None else URL(row.file_url),
            created_at=DateTime(row.created_at),
            committed_at=row.committed_at and DateTime(row.committed_at),
            finalized_at=row.finalized_at and DateTime(row.finalized_at),
        )


def scope_of(wave: backend.Wave) -> Scope:
    """Where permissions on a wave are asked."""
    return Scope(wave.team_id, wave.campaign_id)


def _market(id_: str) -> "Market":
    from services.entries.subgraph.types import Market

    return Market(id=ID(id_))


def _capacity(row: backend.Capacity) -> WaveCapacity:
    return WaveCapacity(
        event=Event(id=ID(row.event_id)),
        market=_market(row.market_id),
        capacity=row.capacity,
        selected=row.selected,
    )


def _summary(row: backend.Summary) -> SelectionSummary:
    return SelectionSummary(
        eligible=row.eligible,
        selected=row.selected,
        first_choice_share=share(row.first_choices, row.selected),
    )


@strawberry.federation.type(
    description="Another wave of the campaign is committed or running. Finalize or cancel it first.",
    tags=["admin"],
)
class SelectionInProgress(Error): ...


@strawberry.federation.type(
    description="Fans can still register: nobody may be selected before registration is over.",
    tags=["admin"],
)
class CampaignStillOpen(Error): ...


@strawberry.federation.type(
    description="The selection has no outcome yet. Wait until the wave's job has succeeded.",
    tags=["admin"],
)
class SelectionNotFinished(Error): ...


@strawberry.federation.type(
    description="Entries that may take part are still being scored, and scores say who does. Commit in a minute.",
    tags=["admin"],
)
class EntriesNotScored(Error): ...


@strawberry.federation.type(
    description="The roster is still being frozen. Wait until the wave's job has succeeded, then run the "
    "selection.",
    tags=["admin"],
)
class RosterNotFrozen(Error): ...
