"""The users part of the graph: people, their privacy, teams and roles."""

from enum import Enum
from typing import Any, Self

import strawberry

from services.kit.policy import AccessDenied
from services.kit.types import ID, CountryCode, DateTime, EmailAddress, Locale, PhoneNumber
from services.users.subgraph import backend, proofs_backend
from services.users.subgraph.access_types import ADMIN, Permission, Role
from services.users.subgraph.loaders import UsersContext
from services.users.subgraph.privacy_types import PrivacyRequest
from services.users.subgraph.proofs_types import IdentityVerification, LinkedAccount, VerifiedCard

Info = strawberry.Info[UsersContext, Any]


@strawberry.enum(description="Who set a privacy setting last.")
class PrivacySource(Enum):
    DEFAULT = strawberry.enum_value("DEFAULT", description="Nobody: the default holds.")
    USER = strawberry.enum_value("USER", description="The user herself.")
    GPC = strawberry.enum_value(
        "GPC",
        description="Her browser: its first Global Privacy Control signal opts out, whatever she chose before it. "
        "What she chooses after it stands.",
    )
    ADMIN = strawberry.enum_value("ADMIN", description="Support, on her behalf.")


@strawberry.type(description="What may be done with a user's data.")
class PrivacySettings:
    do_not_sell: bool = strawberry.field(
        description="True: her data is left out of exports for sale or sharing."
    )
    source: PrivacySource = strawberry.field(description="Who set it last.")
    updated_at: DateTime = strawberry.field(description="When it was set.")


@strawberry.federation.type(
    keys=["id"],
    description="A person, or a service account, known by the identity provider. Others see her only if they work on "
    "a campaign that she entered (ENTRY_READ) or share a team with her; to everybody else she is null.",
)
class User:
    id: ID = strawberry.field(description="Opaque id.")
    global_user_id: str = strawberry.field(description="The identity provider's id of the account.")
    member_id: str | None = strawberry.field(
        description="The membership that the identity provider vouches for; for herself and holders of PII_READ."
    )
    email: EmailAddress | None = strawberry.field(
        description="Email address; for herself and holders of PII_READ on a campaign that she entered."
    )
    phone: PhoneNumber | None = strawberry.field(
        description="Confirmed phone number; for herself and holders of PII_READ on a campaign that she entered."
    )
    phone_verified_at: DateTime | None = strawberry.field(
        description="When she confirmed the phone number; null when she has none."
    )
    display_name: str | None = strawberry.field(
        description="Name; for herself and holders of PII_READ on a campaign that she entered or on a team that she "
        "has joined."
    )
    locale: Locale | None = strawberry.field(description="The language she reads best.")
    country: CountryCode | None = strawberry.field(
        description="Where she lives, as the identity provider says."
    )
    privacy: PrivacySettings = strawberry.field(description="What may be done with her data.")
    created_at: DateTime = strawberry.field(description="When she was first seen.")
    sees_name: strawberry.Private[bool]
    sees_contact: strawberry.Private[bool]

    @strawberry.field(
        description="Accounts that she linked and that count now; for herself and holders of PII_READ on a campaign "
        "that she entered, to others it is empty."
    )
    async def linked_accounts(self, info: Info) -> list[LinkedAccount]:
        proofs = await self._proofs(info)
        return [LinkedAccount.of(account) for account in proofs.accounts] if proofs else []

    @strawberry.field(description="Cards that she verified and that count now; for whom `linkedAccounts` is.")
    async def verified_cards(self, info: Info) -> list[VerifiedCard]:
        proofs = await self._proofs(info)
        return [VerifiedCard.of(card) for card in proofs.cards] if proofs else []

    @strawberry.field(
        description="What an identity provider vouches for now; for whom `linkedAccounts` is, null to others."
    )
    async def identity_verification(self, info: Info) -> IdentityVerification | None:
        proofs = await self._proofs(info)
        return IdentityVerification.of(proofs.identity) if proofs and proofs.identity else None

    @strawberry.field(
        description="What she consents to or has withdrawn, by campaign and purpose; for whom `linkedAccounts` is. "
        "Where she never said anything there is nothing."
    )
    async def consents(self, info: Info) -> list["Consent"]:
        if not self.sees_contact:
            return []
        return [Consent.of(consent) for consent in await info.context.consents_by_user.load(self.id)]

    @strawberry.field(description="What she asked about her own data, newest first; for herself only.")
    async def privacy_requests(self, info: Info) -> list[PrivacyRequest] | None:
        return [PrivacyRequest.of(request) for request in await info.context.privacy.own_requests()]

    @strawberry.federation.field(
        description="Teams where she has a role: her own, or those that the viewer is in too.", tags=ADMIN
    )
    async def teams(self, info: Info) -> list["Team"]:
        bindings = await info.context.roles_by_user.load(self.id)
        ids = list(dict.fromkeys(binding.team_id for binding in bindings))
        teams = await info.context.team_by_id.load_many(ids)
        return [Team.of(team) for team in teams if team]

    @strawberry.federation.field(
        description="Her live roles: her own, or those on teams that the viewer is in too.", tags=ADMIN
    )
    async def roles(self, info: Info) -> list["RoleBinding"]:
        return [RoleBinding.of(binding) for binding in await info.context.roles_by_user.load(self.id)]

    async def _proofs(self, info: Info) -> proofs_backend.UserProofs | None:
        """What she has proved; nothing to whom her contact data is not shown."""
        return await info.context.proofs_by_user.load(self.id) if self.sees_contact else None

    @classmethod
    async def resolve_reference(cls, info: Info, id: str) -> Self | None:
        user = await info.context.user_by_id.load(id)
        if user is None and id == info.context.user_id:
            user = await info.context.session()
        return None if user is None else cls.of(user)

    @classmethod
    def of(cls, user: backend.User) -> Self:
        """The graph's view of what the User Service answered."""
        return cls(
            id=ID(user.id),
            global_user_id=user.global_user_id,
            member_id=user.member_id,
            email=EmailAddress(user.email) if user.email else None,
            phone=PhoneNumber(user.phone) if user.phone else None,
            phone_verified_at=DateTime(user.phone_verified_at) if user.phone_verified_at else None,
            display_name=user.display_name,
            locale=Locale(user.locale) if user.locale else None,
            country=CountryCode(user.country) if user.country else None,
            privacy=PrivacySettings(
                do_not_sell=user.do_not_sell,
                source=PrivacySource(user.privacy_source),
                updated_at=DateTime(user.privacy_updated_at),
            ),
            created_at=DateTime(user.created_at),
            sees_name=user.sees_name,
            sees_contact=user.sees_contact,
        )


@strawberry.federation.type(
    keys=["id"],
    description="Those who run campaigns together. Only its members see it; a member is who has a role on it or on "
    "one of its campaigns.",
)
class Team:
    id: ID = strawberry.field(description="Opaque id.")
    name: str = strawberry.field(description="What it calls itself, 1 to 120 characters.")

    @strawberry.field(
        description="Everybody with a live role on it or on one of its campaigns, the longest first."
    )
    async def members(self, info: Info) -> list[User]:
        bindings = await info.context.roles_by_team.load(self.id)
        ids = list(dict.fromkeys(binding.user_id for binding in bindings))
        users = await info.context.user_by_id.load_many(ids)
        return [User.of(user) for user in users if user]

    @strawberry.field(description="Live roles on it and on its campaigns, in the order they were granted.")
    async def roles(self, info: Info) -> list["RoleBinding"]:
        return [RoleBinding.of(binding) for binding in await info.context.roles_by_team.load(self.id)]

    @classmethod
    async def resolve_reference(cls, info: Info, id: str) -> Self | None:
        team = await info.context.team_by_id.load(id)
        return None if team is None else cls.of(team)

    @classmethod
    def of(cls, team: backend.Team) -> Self:
        """The graph's view of what the User Service answered."""
        return cls(id=ID(team.id), name=team.name)


@strawberry.federation.type(description="A role that a user has on a team, or on one campaign of it.")
class RoleBinding:
    id: ID = strawberry.field(description="Opaque id; revoke the role by it.")
    role: Role = strawberry.field(description="What she may do.")
    expires_at: DateTime | None = strawberry.field(
        description="From when on it counts no more; null: it stays."
    )
    granted_at: DateTime = strawberry.field(description="When it was first granted.")
    joined_at: DateTime | None = strawberry.field(
        description="When she took her place in the team (`joinTeam`); null: somebody added her, and she has not "
        "yet. Her roles count either way, but until then her colleagues see neither her name nor her country."
    )
    binding: strawberry.Private[backend.Binding]

    @strawberry.field(description="Who has the role.")
    async def user(self, info: Info) -> User:
        return await _member(info, self.binding.user_id)

    @strawberry.field(description="The team whose role it is; also of a role on one campaign.")
    async def team(self, info: Info) -> Team | None:
        return await Team.resolve_reference(info, self.binding.team_id)

    @strawberry.field(description="The only campaign it counts for; null: the whole team.")
    def campaign(self) -> "Campaign | None":
        return Campaign(id=ID(self.binding.campaign_id)) if self.binding.campaign_id else None

    @strawberry.field(description="Who granted it.")
    async def granted_by(self, info: Info) -> User:
        return await _member(info, self.binding.granted_by)

    @classmethod
    def of(cls, binding: backend.Binding) -> Self:
        """The graph's view of what the User Service answered."""
        return cls(
            id=ID(binding.id),
            role=Role(binding.role),
            expires_at=DateTime(binding.expires_at) if binding.expires_at else None,
            granted_at=DateTime(binding.created_at),
            joined_at=DateTime(binding.joined_at) if binding.joined_at else None,
            binding=binding,
        )


@strawberry.federation.type(keys=["id"], description="A campaign, as far as people and permissions go.")
class Campaign:
    id: ID = strawberry.field(description="Opaque id.")

    @strawberry.federation.field(
        description="What the viewer may do on this campaign, by name; empty for a fan, null when nobody is signed in.",
        tags=ADMIN,
    )
    async def viewer_permissions(self, info: Info) -> list[Permission] | None:
        access = await info.context.access_by_campaign.load(self.id)
        return [Permission(name) for name in access.permissions] if access else None

    @strawberry.federation.field(
        description="The team whose campaign it is; for who may read the campaign's settings.", tags=ADMIN
    )
    async def team(self, info: Info) -> Team | None:
        access = await info.context.access_by_campaign.load(self.id)
        return Team.of(access.team) if access else None

    @classmethod
    async def resolve_reference(cls, info: Info, id: str) -> Self | None:
        access = await info.context.access_by_campaign.load(id)
        return cls(id=ID(access.id)) if access else None


@strawberry.enum(description="What a user's data may be used for.")
class ConsentPurpose(Enum):
    MARKETING = strawberry.enum_value("MARKETING", description="Messages about what the promoter offers.")
    SHARING = strawberry.enum_value(
        "SHARING", description="Handing it to the artist's and promoter's partners."
    )
    ANALYTICS = strawberry.enum_value("ANALYTICS", description="Studies of audiences beyond this sale.")


@strawberry.type(description="What a user said last about one purpose on one campaign.")
class Consent:
    campaign: Campaign = strawberry.field(description="The campaign that it is for.")
    purpose: ConsentPurpose = strawberry.field(description="What her data may, or may not, be used for.")
    granted: bool = strawberry.field(description="True: she agrees; false: she does not, or not any more.")
    at: DateTime = strawberry.field(description="Since when that holds.")

    @classmethod
    def of(cls, consent: proofs_backend.Consent) -> Self:
        """The graph's view of what the User Service answered."""
        return cls(
            campaign=Campaign(id=ID(consent.campaign_id)),
            purpose=ConsentPurpose(consent.purpose),
            granted=consent.granted,
            at=DateTime(consent.at),
        )


async def _member(info: Info, id: str) -> User:
    """The user of a binding that the viewer sees. Who shares the team sees the user too; whose role there has ended,
    and is explained to her, does not.
    """
    user = await info.context.user_by_id.load(id)
    if user is None:
        raise AccessDenied
    return User.of(user)
