"""What this subgraph adds to users: the codes that a fan holds."""

import asyncio
from typing import Annotated, Self

import strawberry

from services.codes.subgraph.holders_backend import PageOfUser
from services.codes.subgraph.policy import may_read_codes
from services.codes.subgraph.types import AccessCode, Info
from services.kit.paging import Connection, connect, decode_cursor, page_size
from services.kit.types import ID

First = Annotated[int | None, strawberry.argument(description="How many, 1 to 100; 20 unless given.")]
After = Annotated[str | None, strawberry.argument(description="The `endCursor` of the page before.")]


@strawberry.federation.type(keys=["id"], description="A person with an account.")
class User:
    id: ID = strawberry.field(description="Opaque id.")

    @strawberry.field(
        description="The codes that she has or had, newest first: she sees those that are released to her, staff those "
        "of campaigns on which they may read codes. Null for who may see none of them."
    )
    async def access_codes(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[AccessCode] | None:
        campaigns = None if self.id == info.context.user_id else await self._readable(info)
        if campaigns == ():
            return None
        request = PageOfUser(self.id, page_size(first), decode_cursor(after), campaigns)
        page = await info.context.holders.page.load(request)
        return connect(page, key=lambda code: code.id, node=AccessCode.of, after=after)

    async def _readable(self, info: Info) -> tuple[str, ...]:
        """The campaigns of which she has codes that the caller may read."""
        held = await info.context.holders.campaigns_by_user.load(self.id)
        allowed = await asyncio.gather(
            *(may_read_codes(info.context, each.team_id, each.campaign_id) for each in held)
        )
        return tuple(sorted(each.campaign_id for each, may in zip(held, allowed, strict=True) if may))

    @classmethod
    def resolve_reference(cls, info: Info, id: str) -> Self:
        return cls(id=ID(id))
