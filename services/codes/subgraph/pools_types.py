"""Pools and imports: the inventory of codes, for who may read codes on the campaign."""

from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from services.codes.subgraph import backend
from services.codes.subgraph.loaders import CodesContext
from services.codes.subgraph.policy import may_read_codes
from services.kit.errors import Invalid, Issue
from services.kit.types import ID, DateTime, Job, JobState

if TYPE_CHECKING:
    from services.codes.subgraph.types import Event

Info = strawberry.Info[CodesContext, None]
LazyEvent = Annotated["Event", strawberry.lazy("services.codes.subgraph.types")]
_MOST_ERRORS = 1000


@strawberry.federation.type(
    tags=["admin"],
    description="The codes of a pool by what became of them. Available, reserved, assigned, redeemed, expired and "
    "voided always sum to the total, which is imported plus generated.",
)
class CodeCounts:
    total: int = strawberry.field(description="All codes that ever came into the pool.")
    imported: int = strawberry.field(description="Those that came from files.")
    generated: int = strawberry.field(description="Those that were made here.")
    available: int = strawberry.field(description="Free to be assigned.")
    reserved: int = strawberry.field(description="Set aside for a wave whose distribution is under way.")
    assigned: int = strawberry.field(description="Given to a winner and not redeemed yet.")
    redeemed: int = strawberry.field(description="Used for a purchase.")
    expired: int = strawberry.field(description="Not used in time.")
    voided: int = strawberry.field(description="Withdrawn; never given out again.")

    @classmethod
    def of(cls, counts: backend.Counts) -> Self:
        return cls(
            total=counts.imported + counts.generated,
            imported=counts.imported,
            generated=counts.generated,
            available=counts.available,
            reserved=counts.reserved,
            assigned=counts.assigned,
            redeemed=counts.redeemed,
            expired=counts.expired,
            voided=counts.voided,
        )


@strawberry.federation.type(
    tags=["admin"],
    keys=["id"],
    description="The access codes of one event. For staff with CODE_READ on the campaign.",
)
class CodePool:
    id: ID = strawberry.field(description="Opaque id.")
    event: LazyEvent = strawberry.field(description="The event whose presale the codes open.")
    counts: CodeCounts = strawberry.field(description="How many codes there are, by what became of them.")
    low_watermark: int | None = strawberry.field(
        description="The number of available codes below which the pool is running low; null when nobody set one."
    )
    low: bool = strawberry.field(
        description="Whether fewer codes are available than `lowWatermark`: webhooks are told of it by `POOL_LOW`."
    )

    @classmethod
    async def resolve_reference(cls, info: Info, id: str) -> Self | None:
        return await cls.visible(info, await info.context.pool_by_id.load(id))

    @classmethod
    async def visible(cls, info: Info, pool: backend.Pool | None) -> Self | None:
        """The pool, for who may see it."""
        if pool is None or not await may_read_codes(info.context, pool.team_id, pool.campaign_id):
            return None
        return cls.of(pool)

    @classmethod
    def of(cls, pool: backend.Pool) -> Self:
        """The graph's view of what the Code Service answered."""
        from services.codes.subgraph.types import Event

        return cls(
            id=ID(pool.id),
            event=Event(id=ID(pool.event_id)),
            counts=CodeCounts.of(pool.counts),
            low_watermark=pool.low_watermark,
            low=pool.low_watermark is not None and pool.counts.available < pool.low_watermark,
        )


@strawberry.federation.type(tags=["admin"], description="A line of a file of codes that was not taken.")
class CodeImportError:
    line: int = strawberry.field(description="The line's number in the file, from 1, the header included.")
    code: str = strawberry.field(
        description="Stable, machine-readable: EMPTY, TOO_SHORT, TOO_LONG, BAD_CHARACTER, BAD_QUOTES, EXTRA_COLUMN, "
        "DUPLICATE_IN_FILE or ALREADY_KNOWN."
    )
    message: str = strawberry.field(description="What is wrong with the line, for people.")


@strawberry.federation.type(
    tags=["admin"],
    description="A file of codes on its way into a pool. Good lines are kept whatever is wrong with others. Poll it "
    "until `state` is final. For staff with CODE_READ on the campaign.",
)
class CodeImport(Job):
    pool_id: ID = strawberry.field(description="The pool that the codes go into.")
    accepted: int = strawberry.field(description="Lines whose code is now in the pool.")
    duplicates: int = strawberry.field(
        description="Lines whose code came earlier in the file, or was in a pool already."
    )
    malformed: int = strawberry.field(description="Lines that hold no usable code.")

    @strawberry.field(
        description="The lines that were not taken, duplicates included, by line number. Of more than 10,000 the first "
        "are kept; `duplicates` and `malformed` count all."
    )
    async def errors(
        self,
        info: Info,
        first: Annotated[
            int | None,
            strawberry.argument(description="How many to show, the file's first ones: 1 to 1000, else 100."),
        ] = None,
        after: Annotated[
            int | None,
            strawberry.argument(description="Only lines behind this one: the last of the page before."),
        ] = None,
    ) -> list[CodeImportError]:
        shown = 100 if first is None else first
        if not 1 <= shown <= _MOST_ERRORS:
            raise Invalid([Issue(["first"], "OUT_OF_RANGE", f"first must be 1 to {_MOST_ERRORS}")])
        place = 0 if after is None else after
        if place < 0:
            raise Invalid([Issue(["after"], "OUT_OF_RANGE", "after must be the number of a line")])
        found = await info.context.errors_by_import.load((self.id, shown, place))
        return [CodeImportError(line=e.line, code=e.code, message=e.message) for e in found]

    @classmethod
    async def visible(cls, info: Info, started: backend.Import | None) -> Self | None:
        """The import, for who may see it."""
        if started is None or not await may_read_codes(info.context, started.team_id, started.campaign_id):
            return None
        return cls.of(started)

    @classmethod
    def of(cls, started: backend.Import) -> Self:
        """The graph's view of what the Code Service answered."""
        return cls(
            id=ID(started.id),
            pool_id=ID(started.pool_id),
            state=JobState(started.state),
            progress=started.progress,
            accepted=started.accepted,
            duplicates=started.duplicates,
            malformed=started.malformed,
            failure=started.failure,
            created_at=DateTime(started.created_at),
            finished_at=started.finished_at and DateTime(started.finished_at),
        )
