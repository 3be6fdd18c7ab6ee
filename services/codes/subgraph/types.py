"""The codes part of the graph: a fan's code, and what this subgraph adds to the entities of others."""

import asyncio
from enum import Enum
from typing import Self

import strawberry

from services.codes.subgraph import backend
from services.codes.subgraph.deliveries_types import CodeDelivery
from services.codes.subgraph.distributions_types import CodeDistribution
from services.codes.subgraph.loaders import CodesContext
from services.codes.subgraph.policy import may_read_codes
from services.codes.subgraph.pools_types import CodePool
from services.codes.subgraph.redemptions_types import Redemption
from services.kit.types import ID, DateTime

Info = strawberry.Info[CodesContext, None]


@strawberry.enum(description="What became of a code.")
class CodeState(Enum):
    AVAILABLE = strawberry.enum_value("AVAILABLE", description="Free to be assigned.")
    RESERVED = strawberry.enum_value(
        "RESERVED", description="Set aside for a wave whose distribution is under way."
    )
    ASSIGNED = strawberry.enum_value("ASSIGNED", description="Given to a winner and not redeemed yet.")
    REDEEMED = strawberry.enum_value("REDEEMED", description="Used for a purchase.")
    EXPIRED = strawberry.enum_value(
        "EXPIRED",
        description="Not used before its presale closed; ASSIGNED again if that is given more time.",
    )
    VOIDED = strawberry.enum_value("VOIDED", description="Withdrawn; never given out again.")


@strawberry.federation.type(
    keys=["id"],
    description="A code that opens an event's presale. Its owner sees it once it is released; staff with CODE_READ on "
    "the campaign see it masked; for everybody else it is null.",
)
class AccessCode:
    id: ID = strawberry.field(description="Opaque id.")
    masked: str = strawberry.field(description="Enough of the code to tell it from others, like `AB••••YZ`.")
    value: str | None = strawberry.field(
        description="The code itself, for the ticket shop: shown to its owner, once it is released and unless it is "
        "VOIDED. Null for staff."
    )
    state: CodeState = strawberry.field(description="What became of the code.")
    event: "Event" = strawberry.field(description="The event whose presale the code opens.")
    selection: "Selection | None" = strawberry.field(
        description="The win that the code belongs to; null while nobody has it."
    )
    assigned_at: DateTime | None = strawberry.field(description="When a winner was given the code.")
    redeemed_at: DateTime | None = strawberry.field(
        description="When the code was first used for a purchase."
    )
    voided_at: DateTime | None = strawberry.field(description="When the code was withdrawn.")
    void_reason: str | None = strawberry.federation.field(
        description="Why the code was withdrawn, as a colleague put it. Null for the code's owner.",
        tags=["admin"],
    )
    superseded_by_id: strawberry.Private[str | None]
    supersedes_id: strawberry.Private[str | None]

    @strawberry.field(description="The code that its owner got in place of this one.")
    async def superseded_by(self, info: Info) -> "AccessCode | None":
        if self.superseded_by_id is None:
            return None
        return await AccessCode.resolve_reference(info, self.superseded_by_id)

    @strawberry.field(description="The code that this one took the place of.")
    async def supersedes(self, info: Info) -> "AccessCode | None":
        if self.supersedes_id is None:
            return None
        return await AccessCode.resolve_reference(info, self.supersedes_id)

    @strawberry.field(description="The messages that bring the code to its owner, oldest first.")
    async def deliveries(self, info: Info) -> list[CodeDelivery]:
        found = await info.context.deliveries.by_code.load(self.id)
        return [CodeDelivery.of(delivery) for delivery in found]

    @strawberry.field(description="What the code was used for, oldest first.")
    async def redemptions(self, info: Info) -> list[Redemption]:
        found = await info.context.redemptions.by_code.load(self.id)
        return [Redemption.of(redemption) for redemption in found]

    @classmethod
    async def resolve_reference(cls, info: Info, id: str) -> Self | None:
        return await cls.visible(info, await info.context.code_by_id.load(id))

    @classmethod
    async def visible(cls, info: Info, code: backend.Code | None) -> Self | None:
        """The code, for who may see it."""
        if code is None:
            return None
        released = code.released_at is not None and code.user_id is not None
        if released and code.user_id == info.context.user_id:
            return cls.of(code)
        if await may_read_codes(info.context, code.team_id, code.campaign_id):
            return cls.of(code)
        return None

    @classmethod
    def of(cls, code: backend.Code) -> Self:
        """The graph's view of what the Code Service answered."""
        return cls(
            id=ID(code.id),
            masked=code.masked,
            value=code.value,
            state=CodeState(code.state),
            event=Event(id=ID(code.event_id)),
            selection=Selection(id=ID(code.selection_id)) if code.selection_id else None,
            assigned_at=code.assigned_at and DateTime(code.assigned_at),
            redeemed_at=code.redeemed_at and DateTime(code.redeemed_at),
            voided_at=code.voided_at and DateTime(code.voided_at),
            void_reason=code.void_reason,
            superseded_by_id=code.superseded_by,
            supersedes_id=code.supersedes,
        )


@strawberry.federation.type(keys=["id"], description="A show that a fan can win access to.")
class Event:
    id: ID = strawberry.field(description="Opaque id.")

    @strawberry.federation.field(
        description="The event's access codes; null without a pool, and for who may not read codes.",
        tags=["admin"],
    )
    async def code_pool(self, info: Info) -> CodePool | None:
        return await CodePool.visible(info, await info.context.pool_by_event.load(self.id))

    @classmethod
    def resolve_reference(cls, info: Info, id: str) -> Self:
        return cls(id=ID(id))


@strawberry.federation.type(keys=["id"], description="A fan's win of one event in a wave.")
class Selection:
    id: ID = strawberry.field(description="Opaque id.")

    @strawberry.field(
        description="The winner's code, the latest where it was replaced; null until it is released to her, and for "
        "everybody else."
    )
    async def access_code(self, info: Info) -> AccessCode | None:
        return await AccessCode.visible(info, await info.context.code_by_selection.load(self.id))

    @classmethod
    def resolve_reference(cls, info: Info, id: str) -> Self:
        return cls(id=ID(id))


@strawberry.federation.type(keys=["id"], description="A round of choosing winners.")
class Wave:
    id: ID = strawberry.field(description="Opaque id.")

    @strawberry.federation.field(
        description="How its winners get their codes; null before `assignCodes`, and for who may not read codes.",
        tags=["admin"],
    )
    async def distribution(self, info: Info) -> CodeDistribution | None:
        return await CodeDistribution.visible(info, await info.context.distribution_by_wave.load(self.id))

    @classmethod
    def resolve_reference(cls, info: Info, id: str) -> Self:
        return cls(id=ID(id))


@strawberry.federation.type(keys=["id"], description="A fan's registration for a campaign.")
class Entry:
    id: ID = strawberry.field(description="Opaque id.")

    @strawberry.field(
        description="The codes that the entry won and that you may see; null when there are none. Its owner sees "
        "a code once it is released. A code that was replaced is not among them: see `supersedes`."
    )
    async def access_codes(self, info: Info) -> list[AccessCode] | None:
        codes = await info.context.codes_by_entry.load(self.id)
        shown = await asyncio.gather(*(AccessCode.visible(info, code) for code in codes))
        return [code for code in shown if code] or None

    @classmethod
    def resolve_reference(cls, info: Info, id: str) -> Self:
        return cls(id=ID(id))
