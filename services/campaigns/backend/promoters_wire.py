"""Promoters on the wire."""

from typing import Annotated

import msgspec
from msgspec import Meta

from services.campaigns.backend.catalogue_wire import Search
from services.kit.wire import Whole

IdempotencyKey = Annotated[str, Meta(min_length=1, max_length=200)]


class Promoter(msgspec.Struct):
    """Who puts campaigns on. `announced`: one of its campaigns is known to the public; not told inside a campaign."""

    id: str
    team_id: str
    version: Whole
    name: str
    legal_name: str
    support_email: str | None
    privacy_policy_url: str | None
    default_locale: str
    shares_fan_data: bool
    announced: bool = False


class PromoterWrite(msgspec.Struct, frozen=True):
    """A promoter to add to `team_id`, or with `id` to replace with all its members."""

    name: str
    legal_name: str
    default_locale: str
    id: str | None = None
    team_id: str | None = None
    support_email: str | None = None
    privacy_policy_url: str | None = None
    shares_fan_data: bool = False
    expected_version: Whole | None = None
    idempotency_key: IdempotencyKey | None = None


class PromoterIds(msgspec.Struct, frozen=True):
    """Which promoters."""

    ids: list[str]


class Promoters(msgspec.Struct):
    """Found promoters, in no particular order; unknown ids are left out."""

    promoters: list[Promoter]


class PromoterQuery(msgspec.Struct, frozen=True):
    """Which promoters to list, by name. `non_public` adds those of `team_id` that the public does not know."""

    team_id: str | None = None
    non_public: bool = False
    search: Search | None = None
    after: str | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
