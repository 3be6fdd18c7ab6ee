"""The Entry Service's wire format: what its JSON looks like, in both directions."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from services.kit.errors import Issue
from services.kit.paging import Page
from services.kit.wire import ONE_FOR_EACH, Moment, Whole

CampaignState = Literal[
    "DRAFT", "SCHEDULED", "OPEN", "PAUSED", "CLOSED", "SELECTING", "FINISHED", "ARCHIVED", "CANCELLED"
]
EntryState = Literal["PENDING_PHONE", "ACCEPTED", "UNDER_REVIEW", "INVALIDATED", "WITHDRAWN", "ERASED"]
EligibilityCode = Literal[
    "CAMPAIGN_NOT_OPEN",
    "PHONE_UNCONFIRMED",
    "CARD_REQUIRED",
    "ACCOUNT_REQUIRED",
    "IDENTITY_REQUIRED",
    "MEMBERSHIP_REQUIRED",
    "EMAIL_REQUIRED",
    "REGION_NOT_SERVED",
    "SCORE_BELOW_MIN",
    "SCORE_ABOVE_MAX",
    "ALREADY_SELECTED",
    "UNDER_REVIEW",
    "INVALIDATED",
    "WITHDRAWN",
]

# ── snapshots that other services publish ──


class CardGate(msgspec.Struct, frozen=True):
    """A verified card of any of these brands."""

    brands: tuple[str, ...]


class AccountGate(msgspec.Struct, frozen=True):
    """A linked account of any of these providers."""

    providers: tuple[str, ...]


class IdentityGate(msgspec.Struct, frozen=True):
    """A verified identity tier."""

    tier: str


class RegionGate(msgspec.Struct, frozen=True):
    """Residence in any of these countries."""

    countries: tuple[str, ...]


class Gate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One node of a campaign's gate tree: exactly one member is set."""

    all_of: "list[Gate] | None" = None
    any_of: "list[Gate] | None" = None
    card: CardGate | None = None
    linked_account: AccountGate | None = None
    identity: IdentityGate | None = None
    phone: bool | None = None
    region: RegionGate | None = None
    membership: bool | None = None

    def __post_init__(self) -> None:
        if sum(getattr(self, name) is not None for name in self.__struct_fields__) != 1:
            raise ValueError("a gate sets exactly one member")


class MarketSnapshot(msgspec.Struct, frozen=True):
    """A market of a campaign."""

    id: str
    name: str
    country: str


class EventSnapshot(msgspec.Struct, frozen=True):
    """An event of a campaign; `allocation` counts tickets."""

    id: str
    market_id: str
    name: str
    starts_at: Moment
    presale_opens_at: Moment
    presale_closes_at: Moment
    allocation: Whole
    code_mode: str
    ticket_limit: Whole


class CampaignSnapshot(msgspec.Struct, frozen=True):
    """A campaign as the Campaign Service published it; `version` grows with every change."""

    id: str
    slug: str
    team_id: str
    version: Whole
    state: str
    default_locale: str
    countries: list[str]
    opens_at: Moment
    closes_at: Moment
    phone_required: bool
    identity_key: str
    gate: Gate | None
    score_min: float | None
    score_max: float | None
    titles: dict[str, str]
    markets: list[MarketSnapshot]
    events: list[EventSnapshot]
    shares_fan_data: bool = False


class CampaignSnapshots(msgspec.Struct):
    campaigns: list[CampaignSnapshot]


class Proof(msgspec.Struct, frozen=True):
    """Something that a user proved, say `VISA`, and from when on it counts no more (null: it stays)."""

    value: Annotated[str, Meta(pattern="^[A-Z0-9_]{1,40}$")]
    expires_at: Moment | None = None


class UserSnapshot(msgspec.Struct, frozen=True):
    """A user's gate facts as the User Service published them; `version` grows with every change.

    `phone_verified_at` is since when she has had a confirmed phone, `known_since` since when she has been known, by the
    clock of that service. `phone_key` (hex) is equal for accounts with the same confirmed phone.
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
    phone_key: Annotated[str, Meta(pattern="^([0-9a-f]{2}){1,32}$")] | None = None


class UserSnapshots(msgspec.Struct):
    users: list[UserSnapshot]


# ── entries ──


class Identity(msgspec.Struct, frozen=True):
    """A verified token's account, as a subgraph saw it; claims the token lacks are null.

    `issued_at` is when the token was issued, in seconds since 1970; 0 when it does not say.
    """

    user_id: str
    issuer: str
    subject: str
    email: str | None = None
    name: str | None = None
    member_id: str | None = None
    locale: str | None = None
    country: str | None = None
    issued_at: int = 0


class Sighting(Identity, frozen=True, kw_only=True):
    """A fan seen registering for a campaign, as told to the User Service."""

    campaign_id: str
    do_not_sell_signal: bool = False

    @classmethod
    def of(cls, submission: "Submission") -> "Sighting":
        """What the User Service learns of a registration."""
        return cls(
            **msgspec.structs.asdict(submission.identity),
            campaign_id=submission.campaign_id,
            do_not_sell_signal=submission.do_not_sell_signal,
        )


class Entry(msgspec.Struct, frozen=True):
    """A registration as it is now. `preferences` are market ids in rank order; `team_id` is the campaign's;
    `version` grows with every change by the fan or by staff.
    """

    id: str
    campaign_id: str
    team_id: str
    user_id: str
    state: EntryState
    preferences: list[str]
    ticket_quantity: Whole
    submitted_at: Moment
    updated_at: Moment
    version: Whole


class EntryIds(msgspec.Struct):
    ids: list[str]


class Entries(msgspec.Struct):
    """Found entries, in no particular order; unknown ids are left out."""

    entries: list[Entry]


class ViewerQuestions(msgspec.Struct):
    """What a page shows of the fan of `identity`: her entries in some campaigns, why she cannot enter others."""

    identity: Identity
    entries_in: list[str]
    eligibility_for: list[str]


class PageRequest(msgspec.Struct):
    """One list of entries: of a campaign (oldest first) or of a user (newest first); `after` is an entry id.
    `appealed`: only a campaign's entries whose fan has appealed the last decision.
    """

    key: str
    limit: Annotated[int, Meta(ge=1, le=5000)]
    after: str | None = None
    states: list[str] | None = None
    appealed: bool = False


class PageRequests(msgspec.Struct):
    pages: list[PageRequest]


class Pages(msgspec.Struct):
    """`pages[i]` answers the request's `pages[i]`."""

    pages: Annotated[list[Page[Entry]], ONE_FOR_EACH]


class CampaignIds(msgspec.Struct):
    ids: list[str]


class CampaignTeams(msgspec.Struct):
    """Whose each campaign is; unknown ids are left out."""

    teams: dict[str, str]


# ── eligibility ──


class Reason(msgspec.Struct, frozen=True):
    """An unmet requirement: its code and what would meet it (brands, providers, countries, a tier)."""

    code: EligibilityCode
    values: tuple[str, ...] = ()


class Eligibilities(msgspec.Struct):
    """Unmet requirements by id (of an entry or a campaign); an empty list is eligible, unknown ids are left out."""

    reasons: dict[str, list[Reason]]


class ViewerAnswers(msgspec.Struct):
    """Her entries, the newest of a campaign last, and unmet requirements by campaign id; unknown ids are left out."""

    entries: list[Entry]
    reasons: dict[str, list[Reason]]


# ── submissions ──


class Submission(msgspec.Struct, frozen=True):
    """One fan's registration. `preferences` are market ids in rank order; `do_not_sell_signal` says whether her browser
    sent `Sec-GPC: 1`. `network` is the part of her address that a network shares, `device` a digest of that and her
    browser's name; both are kept as keyed HMACs, for a while.
    """

    campaign_id: str
    identity: Identity
    preferences: list[str]
    ticket_quantity: Whole | None = None
    idempotency_key: str | None = None
    do_not_sell_signal: bool = False
    network: str | None = None
    device: str | None = None


class Submissions(msgspec.Struct):
    submissions: list[Submission]


class Submitted(msgspec.Struct, frozen=True, tag_field="outcome", tag="submitted"):
    """Registered; `replayed` when an earlier call with the same key had done it."""

    entry: Entry
    replayed: bool


class AlreadyEntered(msgspec.Struct, frozen=True, tag_field="outcome", tag="already_entered"):
    """This identity had registered before; nothing was written."""

    entry: Entry


class CampaignNotOpen(msgspec.Struct, frozen=True, tag_field="outcome", tag="campaign_not_open"):
    """The campaign takes no registrations at this moment."""

    state: CampaignState
    opens_at: Moment
    closes_at: Moment


class GateUnmet(msgspec.Struct, frozen=True, tag_field="outcome", tag="gate_unmet"):
    """The fan lacks what the campaign demands."""

    reasons: list[Reason]


class InvalidPreferences(msgspec.Struct, frozen=True, tag_field="outcome", tag="invalid_preferences"):
    """The ranked markets break a rule."""

    issues: list[Issue]


class Refused(msgspec.Struct, frozen=True, tag_field="outcome", tag="refused"):
    """Any other refusal, by its code, as a problem would say it."""

    code: str
    message: str
    issues: list[Issue] = msgspec.field(default_factory=list[Issue])


Outcome = Submitted | AlreadyEntered | CampaignNotOpen | GateUnmet | InvalidPreferences | Refused


class Outcomes(msgspec.Struct):
    """`outcomes[i]` answers `submissions[i]`."""

    outcomes: Annotated[list[Outcome], ONE_FOR_EACH]


class Amendment(msgspec.Struct):
    """New wishes for an entry; a null leaves the old ones."""

    id: str
    preferences: list[str] | None = None
    ticket_quantity: Whole | None = None


class Withdrawal(msgspec.Struct):
    """Which entry its fan takes back."""

    id: str
