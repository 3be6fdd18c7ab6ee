"""Distributions: the codes of a wave on their way to its winners, for who may read codes on the campaign."""

from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from services.codes.subgraph import backend
from services.codes.subgraph.loaders import CodesContext
from services.codes.subgraph.policy import may_read_codes
from services.kit.types import ID, DateTime, Job, JobState

if TYPE_CHECKING:
    from services.codes.subgraph.types import Event, Wave

Info = strawberry.Info[CodesContext, None]
LazyEvent = Annotated["Event", strawberry.lazy("services.codes.subgraph.types")]
LazyWave = Annotated["Wave", strawberry.lazy("services.codes.subgraph.types")]


@strawberry.federation.type(tags=["admin"], description="Winners of an event for whom there is no code.")
class CodeShortfall:
    event: LazyEvent = strawberry.field(description="The event whose pool is too small.")
    missing: int = strawberry.field(description="How many codes are missing.")

    @classmethod
    def of(cls, shortfall: backend.Shortfall) -> Self:
        from services.codes.subgraph.types import Event

        return cls(event=Event(id=ID(shortfall.event_id)), missing=shortfall.missing)


@strawberry.federation.type(
    tags=["admin"],
    description="The codes of a wave on their way to its winners; a wave has one, however often it is assigned. Poll "
    "it until `state` is final. For staff with CODE_READ on the campaign.",
)
class CodeDistribution(Job):
    wave: LazyWave = strawberry.field(description="The wave whose winners get the codes.")
    assigned: int = strawberry.field(description="Winners who have a code so far.")
    delivered: int = strawberry.field(
        description="Winners whose code was sent to them, by text message or mail. They can read it from when the last "
        "one is assigned, whatever became of the message."
    )
    shortfalls: list[CodeShortfall] = strawberry.field(
        description="Winners left without a code, by event. Empty unless the wave grew after its codes were reserved."
    )

    @classmethod
    async def visible(cls, info: Info, distribution: backend.Distribution | None) -> Self | None:
        """The distribution, for who may see it."""
        if distribution is None:
            return None
        if not await may_read_codes(info.context, distribution.team_id, distribution.campaign_id):
            return None
        return cls.of(distribution)

    @classmethod
    def of(cls, distribution: backend.Distribution) -> Self:
        """The graph's view of what the Code Service answered."""
        from services.codes.subgraph.types import Wave

        return cls(
            id=ID(distribution.id),
            wave=Wave(id=ID(distribution.wave_id)),
            state=JobState(distribution.state),
            progress=distribution.progress,
            assigned=distribution.assigned,
            delivered=distribution.delivered,
            shortfalls=[CodeShortfall.of(shortfall) for shortfall in distribution.shortfalls],
            failure=distribution.failure,
            created_at=DateTime(distribution.created_at),
            finished_at=distribution.finished_at and DateTime(distribution.finished_at),
        )
