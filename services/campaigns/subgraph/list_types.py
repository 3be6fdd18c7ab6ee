"""Lists of campaigns: which, and in what order."""

from dataclasses import asdict
from enum import Enum

import strawberry

from services.campaigns.subgraph.backend import as_body
from services.campaigns.subgraph.types import Campaign, CampaignState, Info
from services.kit.access import Permission, Reach, Scope
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
    states: list[CampaignState] | None = strawberry.field(
        description="In one of these states. With `DRAFT`, `CANCELLED` or `ARCHIVED` among them, the list has what the"
        " viewer may read of any team; without, what everybody sees.",
        default=None,
    )
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


_KEPT_FROM_THE_PUBLIC = frozenset({CampaignState.DRAFT, CampaignState.CANCELLED, CampaignState.ARCHIVED})


async def list_campaigns(
    info: Info, filter: CampaignFilter | None, order_by: CampaignOrder, part: Slice
) -> Connection[Campaign]:
    """A page of the campaigns that the caller may see: the database leaves out what she may not."""
    wanted = filter or CampaignFilter()
    reach = await _reading(info, wanted)
    query = {
        **as_body(wanted),
        "reader_teams": reach.team_ids,
        "reader_campaigns": reach.campaign_ids,
        "order_by": order_by.value,
        **asdict(part),
    }
    page = await info.context.backend.search_campaigns(query)
    return connect(
        page, key=lambda listed: listed.place, node=lambda listed: Campaign.of(listed.campaign), part=part
    )


async def _reading(info: Info, wanted: CampaignFilter) -> Reach:
    """Where the caller reads what the public does not. Nobody is asked for lists that every fan sees."""
    access = info.context.access
    if wanted.team_id:
        allowed = await access.allows(Permission.CAMPAIGN_READ, Scope(wanted.team_id))
        return Reach([wanted.team_id]) if allowed else Reach()
    if _KEPT_FROM_THE_PUBLIC.isdisjoint(wanted.states or ()):
        return Reach()
    return await access.reach(Permission.CAMPAIGN_READ)
