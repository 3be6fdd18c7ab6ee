"""Promoters: who puts campaigns on, and whom fans can turn to."""

from typing import TYPE_CHECKING, Annotated, Any, Self

import strawberry

from services.campaigns.subgraph.promoters_backend import Promoter as Row
from services.campaigns.subgraph.promoters_policy import may_see_promoter
from services.kit.access import Permission, Scope
from services.kit.paging import Connection, Slice, connect, decode_cursor, page_size
from services.kit.types import ID, URL, EmailAddress, Locale

if TYPE_CHECKING:
    from services.campaigns.subgraph.types import Campaign

Info = strawberry.Info[Any, Any]


@strawberry.federation.type(
    keys=["id"],
    description="Who puts campaigns on. Known to everybody once one of its campaigns is announced.",
)
class Promoter:
    row: strawberry.Private[Row]
    id: ID = strawberry.field(description="Opaque id.")
    name: str = strawberry.field(description="What people know it by.")
    legal_name: str = strawberry.field(description="The company, as its contracts name it.")
    support_email: EmailAddress | None = strawberry.field(description="Whom fans can turn to.")
    privacy_policy_url: URL | None = strawberry.field(
        description="What it does with personal data, in its own words; there whenever it gets any."
    )
    default_locale: Locale = strawberry.federation.field(
        description="The default locale of campaigns that name none.", tags=["admin"]
    )
    shares_fan_data: bool = strawberry.federation.field(
        description="Whether fans' data may be handed to it: without, no export for SHARING is written.",
        tags=["admin"],
    )
    version: int = strawberry.federation.field(
        description="Grows with every change; pass it as `expectedVersion`.", tags=["admin"]
    )

    @strawberry.field(description="Its campaigns that you may see, newest first.")
    async def campaigns(
        self,
        info: Info,
        first: Annotated[int, strawberry.argument(description="How many at most, 1 to 100.")] = 20,
        after: Annotated[str | None, strawberry.argument(description="Only those after this cursor.")] = None,
    ) -> Connection[Annotated["Campaign", strawberry.lazy("services.campaigns.subgraph.types")]]:
        from services.campaigns.subgraph.list_types import CampaignFilter, CampaignOrder, list_campaigns

        part = Slice(page_size(first), decode_cursor(after))
        of_promoter = CampaignFilter(team_id=ID(self.row.team_id), promoter_id=self.id)
        return await list_campaigns(info, of_promoter, CampaignOrder.NEWEST, part)

    @classmethod
    async def resolve_reference(cls, info: Info, id: str) -> Self | None:
        row = await info.context.promoter_by_id.load(id)
        return cls.of(row) if row is not None and await may_see_promoter(info.context, row) else None

    @classmethod
    def of(cls, row: Row) -> Self:
        """The graph's view of what the Campaign Service answered."""
        return cls(
            row=row,
            id=ID(row.id),
            name=row.name,
            legal_name=row.legal_name,
            support_email=None if row.support_email is None else EmailAddress(row.support_email),
            privacy_policy_url=None if row.privacy_policy_url is None else URL(row.privacy_policy_url),
            default_locale=Locale(row.default_locale),
            shares_fan_data=row.shares_fan_data,
            version=row.version,
        )


async def list_promoters(
    info: Info, team_id: str | None, search: str | None, first: int, after: str | None
) -> Connection[Promoter]:
    """A page of the promoters that the caller may see, by name."""
    query = {
        "team_id": team_id,
        "non_public": bool(team_id)
        and await info.context.access.allows(Permission.CAMPAIGN_READ, Scope(team_id)),
        "search": search,
        "limit": page_size(first),
        "after": decode_cursor(after),
    }
    page = await info.context.promoters.search(query)
    return connect(page, key=lambda row: row.id, node=Promoter.of, after=after)
