"""The User Service's wire format: what its JSON looks like, in both directions."""

from datetime import datetime

import msgspec


class Identity(msgspec.Struct, frozen=True):
    """A verified token's account, as a subgraph saw it; claims the token lacks are null."""

    user_id: str
    issuer: str
    subject: str
    email: str | None = None
    name: str | None = None
    member_id: str | None = None
    locale: str | None = None
    country: str | None = None


class User(msgspec.Struct):
    """A user as she is known here. `global_user_id` is the issuer's subject."""

    id: str
    global_user_id: str
    member_id: str | None
    email: str | None
    phone: str | None
    phone_verified_at: datetime | None
    display_name: str | None
    locale: str | None
    country: str | None
    do_not_sell: bool
    privacy_source: str
    privacy_updated_at: datetime
    created_at: datetime


class UserIds(msgspec.Struct):
    ids: list[str]


class Users(msgspec.Struct):
    """Found users, in no particular order; unknown ids are left out."""

    users: list[User]


class Sightings(msgspec.Struct):
    sightings: list[Identity]


class CampaignSnapshot(msgspec.Struct):
    """What this service keeps of a campaign: whose it is. Other members are ignored."""

    id: str
    team_id: str
    version: int


class CampaignSnapshots(msgspec.Struct):
    campaigns: list[CampaignSnapshot]


class UserSnapshot(msgspec.Struct):
    """A user's gate facts as published to entries; `version` grows with every change."""

    id: str
    version: int
    phone_verified: bool
    country: str | None
    member_id: str | None
    do_not_sell: bool
    accounts: list[str] = msgspec.field(default_factory=list[str])
    cards: list[str] = msgspec.field(default_factory=list[str])
    tiers: list[str] = msgspec.field(default_factory=list[str])
