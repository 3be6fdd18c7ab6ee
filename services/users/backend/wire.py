"""The User Service's wire format: what its JSON looks like, in both directions."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from services.kit.audit import AuditEvent
from services.kit.permissions import Permission
from services.kit.wire import Moment, Whole

Keys = Annotated[list[str], Meta(max_length=100)]
Line = Annotated[str, Meta(max_length=500)]
IdempotencyKey = Annotated[str, Meta(min_length=1, max_length=200)]
Role = Literal[
    "OWNER",
    "ADMIN",
    "CAMPAIGN_EDITOR",
    "SELECTION_MANAGER",
    "CODE_MANAGER",
    "ANALYST",
    "PII_VIEWER",
    "SUPPORT",
    "VIEWER",
]


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A verified token's account, as a subgraph saw it; claims the token lacks are null. `do_not_sell_signal` says
    whether her browser sent `Sec-GPC: 1`, `issued_at` when the token was issued: seconds since 1970, 0 when it does
    not say.
    """

    user_id: str
    issuer: str
    subject: str
    email: str | None = None
    name: str | None = None
    member_id: str | None = None
    locale: str | None = None
    country: str | None = None
    do_not_sell_signal: bool = False
    issued_at: int = 0


class Session(Identity, frozen=True, kw_only=True):
    """A signed-in caller."""


class Sighting(Identity, frozen=True, kw_only=True):
    """A fan seen registering for a campaign."""

    campaign_id: str | None = None


class Sightings(msgspec.Struct):
    sightings: list[Sighting]


class User(msgspec.Struct, kw_only=True):
    """A user as far as the viewer may see her; the rest is null and `sees_…` tells. `global_user_id` is the
    issuer's subject.
    """

    id: str
    global_user_id: str
    member_id: str | None
    email: str | None
    phone: str | None
    phone_verified_at: Moment | None
    display_name: str | None
    locale: str | None
    country: str | None
    do_not_sell: bool
    privacy_source: Literal["DEFAULT", "USER", "GPC", "ADMIN"]
    privacy_updated_at: Moment
    created_at: Moment
    sees_name: bool
    sees_contact: bool


class Users(msgspec.Struct):
    """Found users, in no particular order; those that are unknown or not the viewer's to see are left out."""

    users: list[User]


class View(msgspec.Struct):
    """Things by id, as `viewer_id` may see them."""

    viewer_id: str
    ids: Keys


class Profile(msgspec.Struct):
    """What to change; absent members stay, null ones are cleared."""

    display_name: Line | UnsetType | None = UNSET
    locale: Line | UnsetType | None = UNSET


class Privacy(msgspec.Struct):
    do_not_sell: bool


class StartPhone(msgspec.Struct):
    """Which number to prove, how, and from where the request came."""

    phone: Line
    channel: Literal["SMS", "VOICE"] = "SMS"
    locale: str | None = None
    client_ip: str | None = None
    idempotency_key: IdempotencyKey | None = None


class PhoneStarted(msgspec.Struct):
    """A code is on its way. `replayed`: by an earlier request with the same idempotency key."""

    verification_id: str
    expires_at: Moment
    attempts_left: Whole
    resend_after_seconds: Whole
    replayed: bool = False


class PhoneCode(msgspec.Struct):
    code: Line


class Team(msgspec.Struct):
    id: str
    name: str


class Teams(msgspec.Struct):
    """Found teams, in no particular order; those where the viewer has no role are left out."""

    teams: list[Team]


class NewTeam(msgspec.Struct):
    name: Line
    idempotency_key: IdempotencyKey | None = None


class TeamAnswer(msgspec.Struct):
    team: Team
    replayed: bool = False


class Binding(msgspec.Struct, kw_only=True):
    """A role that a user has on a team, or on one campaign of it, until it expires (null: for good). `joined_at` is
    when she took it herself; null: she was added and has not.
    """

    id: str
    user_id: str
    role: Role
    team_id: str
    campaign_id: str | None
    expires_at: Moment | None
    granted_by: str
    created_at: Moment
    joined_at: Moment | None = None


class Bindings(msgspec.Struct):
    """Live bindings in the order they were made."""

    bindings: list[Binding]


class Grant(msgspec.Struct, kw_only=True):
    """Which role for whom, on a team or on one campaign; a campaign is its team's."""

    user_id: Line
    role: Role
    team_id: Line | None = None
    campaign_id: Line | None = None
    expires_at: Moment | None = None
    idempotency_key: IdempotencyKey | None = None


class NewMember(msgspec.Struct, kw_only=True):
    """Who joins a team, as what."""

    user_id: Line
    role: Role
    idempotency_key: IdempotencyKey | None = None


class BindingAnswer(msgspec.Struct):
    binding: Binding
    replayed: bool = False


class CampaignSnapshot(msgspec.Struct):
    """What this service keeps of a campaign: whose it is. Other members are ignored."""

    id: str
    team_id: str
    version: Whole


class CampaignSnapshots(msgspec.Struct):
    campaigns: list[CampaignSnapshot]


class CampaignAccess(msgspec.Struct):
    """Whose a campaign is and what the viewer may do on it, permissions sorted by name."""

    id: str
    team: Team
    permissions: list[Permission]


class CampaignAccesses(msgspec.Struct):
    """Found campaigns, in no particular order; unknown ones are left out."""

    campaigns: list[CampaignAccess]


class AccessQuestion(msgspec.Struct):
    """Why may, or may not, this user do that on a team or campaign?"""

    user_id: Line
    permission: Permission
    team_id: Line | None = None
    campaign_id: Line | None = None


class AccessExplanation(msgspec.Struct):
    """The answer, the binding that decides it, and the reason for people."""

    allowed: bool
    reason: str
    binding: Binding | None


class AuditEvents(msgspec.Struct):
    events: list[AuditEvent]


class AuditEntry(msgspec.Struct, kw_only=True):
    """An event in its team's chain; hashes are hex SHA-256."""

    id: str
    team_id: str
    campaign_id: str | None
    sequence: Whole
    actor: str
    action: str
    target: str
    before: str | None
    after: str | None
    at: Moment
    request_id: str | None
    previous_hash: str
    hash: str


class AuditPage(msgspec.Struct):
    """Newest first."""

    items: list[AuditEntry]
    has_next: bool


class Proof(msgspec.Struct):
    """Something that a user proved, say `VISA`, and from when on it counts no more."""

    value: str
    expires_at: Moment


class UserSnapshot(msgspec.Struct):
    """A user's gate facts as published to entries; `version` grows with every change.

    `phone_verified_at` is since when she has had a confirmed phone, whichever; `phone_key` (hex) is equal for accounts
    with the same one.
    """

    id: str
    version: Whole
    phone_verified: bool
    country: str | None
    member_id: str | None
    do_not_sell: bool
    accounts: list[Proof] = msgspec.field(default_factory=list[Proof])
    cards: list[Proof] = msgspec.field(default_factory=list[Proof])
    tiers: list[Proof] = msgspec.field(default_factory=list[Proof])
    phone_verified_at: Moment | None = None
    known_since: Moment | None = None
    phone_key: str | None = None
