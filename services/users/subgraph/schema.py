"""The users subgraph's schema, guarded by its policy."""

from typing import Annotated

import strawberry

from services.kit.graphql import build_schema
from services.kit.paging import Connection, connect, decode_cursor, page_size
from services.kit.policy import enforce
from services.kit.types import ID
from services.users.subgraph.access_types import ADMIN, Permission
from services.users.subgraph.audit_types import AccessExplanation, AuditEvent
from services.users.subgraph.mutations.add_team_member import add_team_member
from services.users.subgraph.mutations.confirm_phone_verification import confirm_phone_verification
from services.users.subgraph.mutations.create_team import create_team
from services.users.subgraph.mutations.grant_role import grant_role
from services.users.subgraph.mutations.join_team import join_team
from services.users.subgraph.mutations.link_account import link_account
from services.users.subgraph.mutations.record_consent import record_consent
from services.users.subgraph.mutations.remove_card import remove_card
from services.users.subgraph.mutations.remove_team_member import remove_team_member
from services.users.subgraph.mutations.request_erasure import request_erasure
from services.users.subgraph.mutations.request_personal_data import request_personal_data
from services.users.subgraph.mutations.revoke_identity import revoke_identity
from services.users.subgraph.mutations.revoke_role import revoke_role
from services.users.subgraph.mutations.start_account_link import start_account_link
from services.users.subgraph.mutations.start_phone_verification import start_phone_verification
from services.users.subgraph.mutations.unlink_account import unlink_account
from services.users.subgraph.mutations.update_privacy_settings import update_privacy_settings
from services.users.subgraph.mutations.update_profile import update_profile
from services.users.subgraph.mutations.verify_card import verify_card
from services.users.subgraph.mutations.verify_identity import verify_identity
from services.users.subgraph.policy import POLICY
from services.users.subgraph.privacy_types import PrivacyRequest
from services.users.subgraph.types import Campaign, Info, RoleBinding, Team, User

_TeamId = Annotated[ID | None, strawberry.argument(description="On this team.")]
_CampaignId = Annotated[ID | None, strawberry.argument(description="On this campaign.")]


@strawberry.type
class Query:
    @strawberry.field(description="Who is signed in; null when nobody is.")
    async def viewer(self, info: Info) -> User | None:
        if info.context.principal is None:
            return None
        return User.of(await info.context.session())

    @strawberry.federation.field(
        description="A user by id; null when there is none or she is not the viewer's to see.", tags=ADMIN
    )
    async def user(
        self, info: Info, id: Annotated[ID, strawberry.argument(description="The user.")]
    ) -> User | None:
        return await User.resolve_reference(info, id)

    @strawberry.federation.field(
        description="A team by id; null when there is none or the viewer has no role there.", tags=ADMIN
    )
    async def team(
        self, info: Info, id: Annotated[ID, strawberry.argument(description="The team.")]
    ) -> Team | None:
        return await Team.resolve_reference(info, id)

    @strawberry.field(description="What the caller asked about her own data; null when it is not hers.")
    async def privacy_request(
        self, info: Info, id: Annotated[ID, strawberry.argument(description="The request.")]
    ) -> PrivacyRequest | None:
        return await PrivacyRequest.resolve_reference(info, id)

    @strawberry.federation.field(
        description="Admin actions on a team, or on one of its campaigns, newest first. Give teamId or campaignId.",
        tags=ADMIN,
    )
    async def audit_log(
        self,
        info: Info,
        team_id: _TeamId = None,
        campaign_id: _CampaignId = None,
        first: Annotated[
            int | None, strawberry.argument(description="How many, 1 to 100; 20 by default.")
        ] = None,
        after: Annotated[
            str | None, strawberry.argument(description="`endCursor` of the page before.")
        ] = None,
    ) -> Connection[AuditEvent]:
        context = info.context
        size, before = page_size(first), decode_cursor(after)
        if team_id is None:
            access = await context.access_by_campaign.load(campaign_id or "")
            team_id = ID(access.team.id if access else "")
        page = await context.backend.audit_events(team_id, campaign_id, before, size)
        return connect(page, key=lambda entry: str(entry.sequence), node=AuditEvent.of, after=after)

    @strawberry.federation.field(
        description="Whether a user may do something on a team or campaign, and which role decides it; for herself and "
        "holders of TEAM_MANAGE there.",
        tags=ADMIN,
    )
    async def explain_access(
        self,
        info: Info,
        user_id: Annotated[ID, strawberry.argument(description="Who would do it.")],
        permission: Annotated[Permission, strawberry.argument(description="What she would do.")],
        campaign_id: _CampaignId = None,
        team_id: _TeamId = None,
    ) -> AccessExplanation:
        found = await info.context.backend.explain(user_id, permission.name, team_id, campaign_id)
        return AccessExplanation(
            allowed=found.allowed,
            reason=found.reason,
            binding=RoleBinding.of(found.binding) if found.binding else None,
        )


@strawberry.type
class Mutation:
    start_phone_verification = start_phone_verification
    confirm_phone_verification = confirm_phone_verification
    start_account_link = start_account_link
    link_account = link_account
    unlink_account = unlink_account
    verify_card = verify_card
    remove_card = remove_card
    verify_identity = verify_identity
    revoke_identity = revoke_identity
    record_consent = record_consent
    request_personal_data = request_personal_data
    request_erasure = request_erasure
    update_profile = update_profile
    update_privacy_settings = update_privacy_settings
    create_team = create_team
    add_team_member = add_team_member
    join_team = join_team
    remove_team_member = remove_team_member
    grant_role = grant_role
    revoke_role = revoke_role


schema = build_schema(Query, Mutation, [User, Team, Campaign, PrivacyRequest])
enforce(schema, POLICY)
