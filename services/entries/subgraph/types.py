"""The entries part of the graph: a registration, and what it adds to campaigns and users."""

from enum import Enum
from typing import Annotated, Any, Self

import strawberry

from services.entries.subgraph import backend
from services.entries.subgraph.draws_types import Draw, DrawReceipt
from services.entries.subgraph.eligibility_types import Eligibility
from services.entries.subgraph.exports_types import ExportJob
from services.entries.subgraph.metrics_backend import MarketInCampaign
from services.entries.subgraph.metrics_types import CampaignMetrics
from services.entries.subgraph.reviews_types import Review
from services.entries.subgraph.score_imports_types import ScoreImport
from services.entries.subgraph.scores_types import Score
from services.entries.subgraph.waves_types import Selection, Wave
from services.kit.access import Permission, Scope
from services.kit.paging import Connection, connect, decode_cursor, page_size
from services.kit.types import ID, DateTime, Locale

Info = strawberry.Info[Any, Any]
First = Annotated[int | None, strawberry.argument(description="How many items, 1 to 100; 20 when left out.")]
LocaleWanted = Annotated[
    Locale | None, strawberry.argument(description="In whose words; by Accept-Language when left out.")
]
After = Annotated[
    str | None, strawberry.argument(description="The cursor of an earlier page, to go on from there.")
]


@strawberry.enum(description="Where a campaign is in its life.")
class CampaignState(Enum):
    DRAFT = strawberry.enum_value("DRAFT", description="Being prepared; only its team sees it.")
    SCHEDULED = strawberry.enum_value("SCHEDULED", description="Published; registration has not begun.")
    OPEN = strawberry.enum_value("OPEN", description="Takes registrations.")
    PAUSED = strawberry.enum_value("PAUSED", description="Takes no registrations for a while.")
    CLOSED = strawberry.enum_value("CLOSED", description="Registration is over.")
    SELECTING = strawberry.enum_value("SELECTING", description="Winners are being drawn.")
    FINISHED = strawberry.enum_value("FINISHED", description="All winners are drawn.")
    ARCHIVED = strawberry.enum_value("ARCHIVED", description="Kept for the record.")
    CANCELLED = strawberry.enum_value("CANCELLED", description="Will not take place.")


@strawberry.enum(description="Where a registration is in its life.")
class EntryState(Enum):
    PENDING_PHONE = strawberry.enum_value(
        "PENDING_PHONE", description="Waits for the fan to confirm her phone before registration closes."
    )
    ACCEPTED = strawberry.enum_value("ACCEPTED", description="Takes part in the draw.")
    UNDER_REVIEW = strawberry.enum_value(
        "UNDER_REVIEW", description="Held back until somebody has looked at it."
    )
    INVALIDATED = strawberry.enum_value(
        "INVALIDATED", description="Out, for good: the phone was not confirmed in time, or a review said no."
    )
    WITHDRAWN = strawberry.enum_value(
        "WITHDRAWN", description="Taken back by the fan; she may submit again while the campaign is open."
    )
    ERASED = strawberry.enum_value("ERASED", description="The fan had her data erased.")


@strawberry.federation.type(keys=["id"], description="A market of a campaign.")
class Market:
    id: ID = strawberry.federation.field(description="Opaque id.")

    @strawberry.federation.field(
        description="How many fans want it so far: those whose entry is accepted, or may still be, and ranks it at any"
        " place. Beside `population` it says how large the market really is.",
        tags=["admin"],
    )
    async def registered_fans(self, info: Info) -> int | None:
        owner = await info.context.metrics.owner_by_market.load(self.id)
        return owner and await info.context.metrics.demand.load(
            MarketInCampaign(owner.market_id, owner.campaign_id)
        )

    @classmethod
    def resolve_reference(cls, info: Info, id: str) -> Self:
        """The key alone: each field asks for itself."""
        return cls(id=ID(id))


@strawberry.type(description="One wish of a fan.")
class Preference:
    rank: int = strawberry.field(description="1 is the market she wants most.")
    market: Market = strawberry.field(description="The market.")


@strawberry.federation.type(keys=["id"], description="A fan's registration for a campaign.")
class Entry:
    id: ID = strawberry.field(description="Opaque id.")
    campaign: "Campaign" = strawberry.field(description="The campaign she registered for.")
    user: "User" = strawberry.field(description="The fan.")
    state: EntryState = strawberry.field(description="Where the entry is in its life, deadlines included.")
    preferences: list[Preference] = strawberry.field(
        description="The markets she would go to, the dearest first."
    )
    ticket_quantity: int = strawberry.field(description="How many tickets she would like to buy.")
    submitted_at: DateTime = strawberry.field(description="When she registered; anew after a withdrawal.")
    updated_at: DateTime = strawberry.field(description="When anything about it changed last.")
    version: int = strawberry.field(
        description="Grows with every change; `reviewEntry` takes it as `expectedVersion`."
    )
    scope: strawberry.Private[Scope]

    @strawberry.field(description="Whether it can be selected, and if not, why.")
    async def eligibility(self, info: Info, locale: LocaleWanted = None) -> Eligibility:
        reasons = await info.context.eligibility_by_entry.load(self.id)
        return Eligibility.of(reasons or [], locale or info.context.accept_language)

    @strawberry.federation.field(
        description="How far it looks like a fan's; null until it is computed, seconds after the registration. Needs"
        " ENTRY_READ or ENTRY_REVIEW: its fan does not see it.",
        tags=["admin"],
    )
    async def score(self, info: Info) -> Score | None:
        score = await info.context.scores.by_entry.load(self.id)
        return score and Score.of(score)

    @strawberry.federation.field(
        description="What was decided about it, the newest first. Needs ENTRY_REVIEW.", tags=["admin"]
    )
    async def reviews(self, info: Info) -> list[Review] | None:
        return [Review.of(row) for row in await info.context.reviews.by_entry.load(self.id)]

    @strawberry.field(
        description="Whether she may say something to the decision that holds it back or turned it down: `appealEntry`."
        " Only its owner sees it."
    )
    async def may_appeal(self, info: Info) -> bool | None:
        return any(row.open_to_appeal for row in await info.context.reviews.by_entry.load(self.id))

    @strawberry.field(description="What it has won, in waves that are final.")
    async def selections(self, info: Info) -> list[Selection]:
        return [Selection.of(row) for row in await info.context.waves.selections_by_entry.load(self.id)]

    @strawberry.field(
        description="Proofs that it was on the rosters of draws. Only its owner sees them.",
    )
    async def draw_receipts(self, info: Info) -> list[DrawReceipt] | None:
        return [DrawReceipt.of(row) for row in await info.context.waves.receipts_by_entry.load(self.id)]

    @classmethod
    async def resolve_reference(cls, info: Info, id: str) -> Self | None:
        """The entry, for its owner and for who may read entries of the campaign; None for all others."""
        entry = await info.context.entry_by_id.load(id)
        if entry is None:
            return None
        found = cls.of(entry)
        if entry.user_id == info.context.user_id or await info.context.access.allows(
            Permission.ENTRY_READ, found.scope
        ):
            return found
        return None

    @classmethod
    def of(cls, entry: backend.Entry) -> Self:
        """The graph's view of what the Entry Service answered."""
        return cls(
            id=ID(entry.id),
            campaign=Campaign(id=ID(entry.campaign_id)),
            user=User(id=ID(entry.user_id)),
            state=EntryState[entry.state],
            preferences=[
                Preference(rank=rank, market=Market(id=ID(market_id)))
                for rank, market_id in enumerate(entry.preferences, 1)
            ],
            ticket_quantity=entry.ticket_quantity,
            submitted_at=DateTime(entry.submitted_at),
            updated_at=DateTime(entry.updated_at),
            version=entry.version,
            scope=Scope(entry.team_id, entry.campaign_id),
        )


@strawberry.federation.input(description="Which entries to list.", tags=["admin"])
class EntryFilter:
    states: list[EntryState] | None = strawberry.field(
        description="Only entries in one of these states.", default=None
    )
    appealed: bool | None = strawberry.field(
        description="true: only entries whose fan has appealed the last decision.", default=None
    )


@strawberry.federation.type(keys=["id"], description="A presale campaign, with what its registrations add.")
class Campaign:
    id: ID = strawberry.federation.field(description="Opaque id.")

    @strawberry.field(description="The caller's own entry; null when she has none, or nobody is signed in.")
    async def viewer_entry(self, info: Info) -> Entry | None:
        entry = await info.context.viewer_entry(self.id)
        return None if entry is None else Entry.of(entry)

    @strawberry.field(
        description=(
            "Whether the caller could enter now (or, having entered, be selected), and if not, why. "
            "Null when nobody is signed in."
        )
    )
    async def viewer_eligibility(self, info: Info, locale: LocaleWanted = None) -> Eligibility | None:
        reasons = await info.context.viewer_eligibility(self.id)
        return None if reasons is None else Eligibility.of(reasons, locale or info.context.accept_language)

    @strawberry.federation.field(description="The campaign's entries, oldest first.", tags=["admin"])
    async def entries(
        self,
        info: Info,
        filter: Annotated[
            EntryFilter | None, strawberry.argument(description="Only these; all when left out.")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[Entry] | None:
        states = (
            None if filter is None or filter.states is None else tuple(state.name for state in filter.states)
        )
        appealed = filter is not None and bool(filter.appealed)
        request = backend.PageRequest(self.id, page_size(first), decode_cursor(after), states, appealed)
        return _connection(await info.context.entries_by_campaign.load(request), after)

    @strawberry.federation.field(description="The rounds of choosing winners, oldest first.", tags=["admin"])
    async def waves(self, info: Info) -> list[Wave] | None:
        return [Wave.of(row) for row in await info.context.waves.by_campaign.load(self.id)]

    @strawberry.field(
        description="What was published about each of its draws, oldest first, those that were called off too."
    )
    async def draws(self, info: Info) -> list[Draw] | None:
        return [Draw.of(row) for row in await info.context.waves.draws_by_campaign.load(self.id)]

    @strawberry.federation.field(description="Its registrations and selections in numbers.", tags=["admin"])
    async def metrics(self, info: Info) -> CampaignMetrics | None:
        return CampaignMetrics.of(await info.context.metrics.by_campaign.load(self.id))

    @strawberry.federation.field(description="Its last hundred exports, newest first.", tags=["admin"])
    async def exports(self, info: Info) -> list[ExportJob] | None:
        return [ExportJob.of(row) for row in await info.context.exports.by_campaign.load(self.id)]

    @strawberry.federation.field(
        description="Entries that score less are held back as UNDER_REVIEW; null: none are.", tags=["admin"]
    )
    async def review_threshold(self, info: Info) -> float | None:
        return await info.context.reviews.threshold_by_campaign.load(self.id)

    @strawberry.federation.field(
        description="Its last hundred imports of scores, newest first.", tags=["admin"]
    )
    async def score_imports(self, info: Info) -> list[ScoreImport] | None:
        return [ScoreImport.of(row) for row in await info.context.scores.imports_by_campaign.load(self.id)]

    @classmethod
    def resolve_reference(cls, info: Info, id: str) -> Self:
        """The key alone: each field asks for itself."""
        return cls(id=ID(id))


@strawberry.federation.type(keys=["id"], description="A person, with her registrations.")
class User:
    id: ID = strawberry.field(description="Opaque id.")

    @strawberry.field(description="Her entries in all campaigns, newest first. Only she sees them.")
    async def entries(self, info: Info, first: First = None, after: After = None) -> Connection[Entry] | None:
        request = backend.PageRequest(self.id, page_size(first), decode_cursor(after))
        return _connection(await info.context.entries_by_user.load(request), after)

    @classmethod
    def resolve_reference(cls, info: Info, id: str) -> Self:
        """The key alone: each field asks for itself."""
        return cls(id=ID(id))


def _connection(page: Any, after: str | None) -> Connection[Entry]:
    return connect(page, key=lambda entry: entry.id, node=Entry.of, after=after)
