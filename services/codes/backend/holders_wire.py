"""Who holds which code, on the wire."""

from typing import Annotated

import msgspec
from msgspec import Meta

from services.codes.backend.redemptions_wire import GivenCode
from services.codes.backend.wire import Code, CodeState, Id, Ids
from services.kit.paging import Page
from services.kit.wire import ONE_FOR_EACH, Moment, Whole


class Values(msgspec.Struct, frozen=True):
    """Codes as somebody typed them."""

    values: Annotated[list[GivenCode], Meta(max_length=100)]


class Found(msgspec.Struct, frozen=True):
    """`codes[i]` answers `values[i]`; null where nobody knows it."""

    codes: Annotated[list[Code | None], ONE_FOR_EACH]


class Users(msgspec.Struct, frozen=True):
    ids: Ids


class HeldIn(msgspec.Struct, frozen=True):
    """A campaign of which a user has or had a code."""

    user_id: str
    campaign_id: str
    team_id: str


class CampaignsOfUsers(msgspec.Struct, frozen=True):
    held: list[HeldIn]


class PageOfUser(msgspec.Struct, frozen=True):
    """Which of a user's codes: those of `campaigns`, or, where that is null, those that are released to her."""

    user_id: Id
    limit: Annotated[int, Meta(ge=1, le=100)]
    after: Annotated[str, Meta(max_length=200, pattern=r"^[^\x00]*$")] | None = None
    campaigns: Ids | None = None


class PagesOfUsers(msgspec.Struct, frozen=True):
    pages: Annotated[list[PageOfUser], Meta(max_length=1000)]


class CodePages(msgspec.Struct, frozen=True):
    """`pages[i]` answers the request's `pages[i]`: newest codes first."""

    pages: Annotated[list[Page[Code]], ONE_FOR_EACH]


class ExportQuestion(msgspec.Struct, frozen=True):
    """Up to `limit` codes of a campaign, behind the `next` of the page before."""

    campaign_id: Id
    after: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,80}/[0-9]{1,15}$")] | None = None
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 5000


class ExportedCode(msgspec.Struct, frozen=True):
    """A code in an export: masked, with who has it and what became of it. `redeemed` is in tickets."""

    id: str
    event_id: str
    masked: str
    state: CodeState
    selection_id: str | None
    entry_id: str | None
    user_id: str | None
    assigned_at: Moment | None
    redeemed_at: Moment | None
    redeemed: Whole | None
    voided_at: Moment | None
    superseded_by: str | None


class ExportPage(msgspec.Struct, frozen=True):
    """A page of codes by pool and place in it; null `next` says that it was the last."""

    codes: list[ExportedCode]
    next: str | None
