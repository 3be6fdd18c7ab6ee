"""Who may see or do what in this subgraph: every field has a rule, and a field without one fails the build.

A user, team or campaign is only reached as far as the User Service shows it to the viewer; what is listed as PUBLIC
below is for whoever sees the object at all.
"""

from typing import Any

from services.kit.access import Permission, Scope
from services.kit.errors import Invalid, Issue
from services.kit.policy import FAN, PUBLIC, SIGNED_IN, Rule, any_of, owner, permission


async def _sees_name(source: Any, info: Any, arguments: dict[str, Any]) -> bool:
    return source.sees_name


async def _sees_contact(source: Any, info: Any, arguments: dict[str, Any]) -> bool:
    return source.sees_contact


async def _reads_campaign(source: Any, info: Any, arguments: dict[str, Any]) -> bool:
    access = await info.context.access_by_campaign.load(source.id)
    return access is not None and Permission.CAMPAIGN_READ in access.permissions


async def _about_herself(source: Any, info: Any, arguments: dict[str, Any]) -> bool:
    return arguments["userId"] == info.context.user_id


async def _herself_leaves(source: Any, info: Any, arguments: dict[str, Any]) -> bool:
    return arguments["input"]["userId"] == info.context.user_id


async def _scope_of_arguments(source: Any, info: Any, arguments: dict[str, Any]) -> Scope:
    return _scope(arguments)


async def _scope_of_input(source: Any, info: Any, arguments: dict[str, Any]) -> Scope:
    return _scope(arguments["input"])


def _scope(given: dict[str, Any]) -> Scope:
    team_id, campaign_id = given.get("teamId"), given.get("campaignId")
    if team_id is None and campaign_id is None:
        raise Invalid(
            [Issue(["teamId"], "REQUIRED", "Say on which team or which campaign: teamId or campaignId.")]
        )
    return Scope(team_id, campaign_id)


_MANAGES_TEAM = permission(Permission.TEAM_MANAGE, _scope_of_input)

POLICY: dict[str, Rule] = {
    "Query.viewer": PUBLIC,
    "Query.user": SIGNED_IN,
    "Query.team": SIGNED_IN,
    "Query.privacyRequest": SIGNED_IN,
    "Query.auditLog": permission(Permission.AUDIT_READ, _scope_of_arguments),
    "Query.explainAccess": any_of(_about_herself, permission(Permission.TEAM_MANAGE, _scope_of_arguments)),
    "User.*": PUBLIC,
    "User.memberId": _sees_contact,
    "User.email": _sees_contact,
    "User.phone": _sees_contact,
    "User.displayName": _sees_name,
    "User.privacyRequests": owner(lambda user: user.id),
    # Only her own are ever found.
    "PrivacyRequest.*": PUBLIC,
    "PrivacyReceipt.*": PUBLIC,
    # Empty to whom her contact data is not shown: see `User._proofs`.
    "LinkedAccount.*": PUBLIC,
    "VerifiedCard.*": PUBLIC,
    "IdentityVerification.*": PUBLIC,
    "Consent.*": PUBLIC,
    "PrivacySettings.*": PUBLIC,
    "Team.*": PUBLIC,
    "RoleBinding.*": PUBLIC,
    "Campaign.id": PUBLIC,
    "Campaign.viewerPermissions": PUBLIC,
    "Campaign.team": _reads_campaign,
    "AuditEvent.*": PUBLIC,
    "AuditEventConnection.*": PUBLIC,
    "AuditEventEdge.*": PUBLIC,
    "PageInfo.*": PUBLIC,
    "AccessExplanation.*": PUBLIC,
    # Her own account.
    "Mutation.startPhoneVerification": FAN,
    "Mutation.confirmPhoneVerification": FAN,
    "Mutation.startAccountLink": FAN,
    "Mutation.linkAccount": FAN,
    "Mutation.unlinkAccount": FAN,
    "Mutation.verifyCard": FAN,
    "Mutation.removeCard": FAN,
    "Mutation.verifyIdentity": FAN,
    "Mutation.revokeIdentity": FAN,
    "Mutation.recordConsent": FAN,
    "Mutation.requestPersonalData": FAN,
    "Mutation.requestErasure": FAN,
    "Mutation.updateProfile": SIGNED_IN,
    "Mutation.updatePrivacySettings": SIGNED_IN,
    # The User Service decides these again, with the team locked: whether she manages a team at all, whether the
    # role is not above her own, whether it is her own role that she gives up.
    "Mutation.createTeam": SIGNED_IN,
    "Mutation.addTeamMember": _MANAGES_TEAM,
    "Mutation.joinTeam": SIGNED_IN,
    "Mutation.removeTeamMember": any_of(_herself_leaves, _MANAGES_TEAM),
    "Mutation.grantRole": _MANAGES_TEAM,
    "Mutation.revokeRole": SIGNED_IN,
    # Payloads and refusals, reached only through the mutation.
    "PhoneVerificationStarted.*": PUBLIC,
    "PhoneConfirmed.*": PUBLIC,
    "CodeIncorrect.*": PUBLIC,
    "CodeExpired.*": PUBLIC,
    "AttemptsExhausted.*": PUBLIC,
    "AccountLinkStarted.*": PUBLIC,
    "AccountLinked.*": PUBLIC,
    "AccountUnlinked.*": PUBLIC,
    "AccountAlreadyLinked.*": PUBLIC,
    "CardVerified.*": PUBLIC,
    "CardRemoved.*": PUBLIC,
    "IdentityVerified.*": PUBLIC,
    "IdentityRevoked.*": PUBLIC,
    "IdentityAlreadyUsed.*": PUBLIC,
    "ProofRefused.*": PUBLIC,
    "ProviderUnavailable.*": PUBLIC,
    "ConsentRecorded.*": PUBLIC,
    "PersonalDataRequested.*": PUBLIC,
    "ErasureRequested.*": PUBLIC,
    "ProfileUpdated.*": PUBLIC,
    "PrivacySettingsUpdated.*": PUBLIC,
    "TeamCreated.*": PUBLIC,
    "TeamMemberAdded.*": PUBLIC,
    "TeamMemberRemoved.*": PUBLIC,
    "TeamJoined.*": PUBLIC,
    "RoleGranted.*": PUBLIC,
    "RoleRevoked.*": PUBLIC,
    "LastOwner.*": PUBLIC,
    "NotFound.*": PUBLIC,
    "Forbidden.*": PUBLIC,
    "ValidationFailed.*": PUBLIC,
    "ValidationIssue.*": PUBLIC,
    "RateLimited.*": PUBLIC,
    "IdempotencyMismatch.*": PUBLIC,
}
