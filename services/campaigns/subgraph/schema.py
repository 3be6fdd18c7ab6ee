"""The campaigns subgraph's schema, guarded by its policy."""

from typing import Annotated

import strawberry

from services.campaigns.subgraph.discovery_types import artists, venues
from services.campaigns.subgraph.lint_types import LintFinding
from services.campaigns.subgraph.list_types import CampaignFilter, CampaignOrder, list_campaigns
from services.campaigns.subgraph.mutations.clone_campaign import clone_campaign
from services.campaigns.subgraph.mutations.create_campaign import create_campaign
from services.campaigns.subgraph.mutations.create_upload import create_upload
from services.campaigns.subgraph.mutations.remove_event import remove_event
from services.campaigns.subgraph.mutations.remove_market import remove_market
from services.campaigns.subgraph.mutations.set_campaign_content import set_campaign_content
from services.campaigns.subgraph.mutations.set_gate import set_gate
from services.campaigns.subgraph.mutations.transition_campaign import transition_campaign
from services.campaigns.subgraph.mutations.update_campaign import update_campaign
from services.campaigns.subgraph.mutations.upsert_event import upsert_event
from services.campaigns.subgraph.mutations.upsert_market import upsert_market
from services.campaigns.subgraph.mutations.upsert_promoter import upsert_promoter
from services.campaigns.subgraph.policy import POLICY
from services.campaigns.subgraph.promoters_policy import POLICY as PROMOTERS_POLICY
from services.campaigns.subgraph.promoters_types import Promoter, list_promoters
from services.campaigns.subgraph.types import Campaign, Info
from services.campaigns.subgraph.uploads_policy import POLICY as UPLOADS_POLICY
from services.campaigns.subgraph.uploads_types import Upload
from services.kit.errors import Invalid, Issue
from services.kit.graphql import build_schema
from services.kit.paging import Connection, page_slice
from services.kit.policy import enforce
from services.kit.types import ID


@strawberry.type
class Query:
    @strawberry.field(
        description="A campaign by id or by slug; null when there is none, or none that you may see."
    )
    async def campaign(
        self,
        info: Info,
        id: Annotated[ID | None, strawberry.argument(description="Its id; give this or `slug`.")] = None,
        slug: Annotated[str | None, strawberry.argument(description="Its name in links.")] = None,
    ) -> Campaign | None:
        if (id is None) == (slug is None):
            raise Invalid([Issue([], "NOT_ONE", "Give either id or slug.")])
        return await Campaign.resolve_reference(info, id, slug)

    @strawberry.field(description="The campaigns that you may see.")
    async def campaigns(
        self,
        info: Info,
        filter: Annotated[
            CampaignFilter | None, strawberry.argument(description="Which; without it all.")
        ] = None,
        order_by: Annotated[
            CampaignOrder, strawberry.argument(description="In which order.")
        ] = CampaignOrder.NEWEST,
        first: Annotated[
            int | None, strawberry.argument(description="How many at most, 1 to 100; 20 unless given.")
        ] = None,
        after: Annotated[str | None, strawberry.argument(description="Only those after this cursor.")] = None,
        last: Annotated[
            int | None, strawberry.argument(description="The last ones, 1 to 100, instead of the first.")
        ] = None,
        before: Annotated[
            str | None, strawberry.argument(description="Only those before this cursor.")
        ] = None,
    ) -> Connection[Campaign]:
        return await list_campaigns(info, filter, order_by, page_slice(first, after, last, before))

    @strawberry.federation.field(
        description="What looks wrong about a campaign, errors first: missing texts, gates that nobody can pass, "
        "windows that do not fit, places without tickets, codes that do not suffice. Empty when all is well.",
        tags=["admin"],
    )
    async def campaign_lint(
        self, info: Info, id: Annotated[ID, strawberry.argument(description="The campaign.")]
    ) -> list[LintFinding]:
        return [LintFinding.of(finding) for finding in await info.context.backend.findings(id)]

    artists = artists
    venues = venues

    @strawberry.federation.field(
        description="An upload to poll; null when there is none, or none that you may see.", tags=["admin"]
    )
    async def upload(
        self, info: Info, id: Annotated[ID, strawberry.argument(description="Its id.")]
    ) -> Upload | None:
        return await Upload.resolve_reference(info, id)

    @strawberry.field(description="A promoter; null when there is none, or none that you may see.")
    async def promoter(
        self, info: Info, id: Annotated[ID, strawberry.argument(description="Its id.")]
    ) -> Promoter | None:
        return await Promoter.resolve_reference(info, id)

    @strawberry.field(description="The promoters that you may see, by name.")
    async def promoters(
        self,
        info: Info,
        team_id: Annotated[
            ID | None,
            strawberry.argument(
                description="Of this team. Those who may read its campaigns see all of them, others those of announced "
                "campaigns."
            ),
        ] = None,
        search: Annotated[
            str | None, strawberry.argument(description="With a name like this; typing errors are forgiven.")
        ] = None,
        first: Annotated[int, strawberry.argument(description="How many at most, 1 to 100.")] = 20,
        after: Annotated[str | None, strawberry.argument(description="Only those after this cursor.")] = None,
    ) -> Connection[Promoter]:
        return await list_promoters(info, team_id, search, first, after)


@strawberry.type
class Mutation:
    create_campaign = create_campaign
    clone_campaign = clone_campaign
    update_campaign = update_campaign
    transition_campaign = transition_campaign
    set_campaign_content = set_campaign_content
    set_gate = set_gate
    upsert_market = upsert_market
    remove_market = remove_market
    upsert_event = upsert_event
    remove_event = remove_event
    create_upload = create_upload
    upsert_promoter = upsert_promoter


schema = build_schema(Query, Mutation, [Campaign])
enforce(schema, POLICY | UPLOADS_POLICY | PROMOTERS_POLICY)
