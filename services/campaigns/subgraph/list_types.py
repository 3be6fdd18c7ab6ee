"""Lists of campaigns: which, and in what order."""

from dataclasses import asdict
from enum import Enum

import strawberry

from services.campaigns.subgraph.backend import as_body
from services.campaigns.subgraph.types import Campaign, CampaignState, Info
from services.kit.access import Permission, Scope
from services.kit.paging import Connection, Slice, connect
from services.kit.types import ID, CountryCode, DateTime


@strawberry.enum(description="In which order campaigns are listed.")
class CampaignOrder(Enum):
    NEWEST = strawberry.enum_value("NEWEST", description="Last created first.")
    OPENS_SOONEST = strawberry.enum_value(
        "OPENS_SOONEST", description="Earliest `registration.opensAt` first."
    )
    CLOSES_SOONEST = strawberry.enum_value(
        "CLOSES_SOONEST", description="Earliest `registration.closesAt` first."
    )


@strawberry.input(description="Which campaigns; all that is given must hold.")
class CampaignFilter:
    states: list[CampaignState] | None = strawberry.field(description="In one of these states.", default=None)
    country: CountryCode | None = strawberry.field(description="Offered in this country.", default=None)
    artist_id: ID | None = strawberry.field(description="With this artist.", default=None)
    team_id: ID | None = strawberry.field(
        description="Of this team. Those who may read its campaigns see drafts, cancelled and archived ones, too.",
        default=None,
    )
    promoter_id: ID | None = strawberry.field(description="Of this promoter.", default=None)
    search: str | None = strawberry.field(
        description="With a title or an artist like this; typing errors are forgiven.", default=None
    )
    open_at: DateTime | None = strawberry.field(
        description="Taking entries at that moment, as planned now.", default=None
    )


async def list_campaigns(
    info: Info, filter: CampaignFilter | None, order_by: CampaignOrder, part: Slice
) -> Connection[Campaign]:
    """A page of the campaigns that the caller may see: the database leaves out what she may not."""
    team_id = filter.team_id if filter else None
    query = {
        **as_body(filter or CampaignFilter()),
        "non_public": bool(team_id)
        and await info.context.access.allows(Permission.CAMPAIGN_READ, Scope(team_id)),
        "order_by": order_by.value,
        **asdict(part),
    }
    page = await info.context.backend.search_campaigns(query)
    return connect(
        page, key=lambda listed: listed.place, node=lambda listed: Campaign.of(listed.campaign), part=part
    )
