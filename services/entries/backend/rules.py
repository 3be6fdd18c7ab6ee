"""The Entry Service's rules: who is eligible, and which wishes a campaign can grant. Pure: no I/O, no clock."""

import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.entries.backend import wire
from services.kit.errors import Issue

MAX_PREFERENCES = 100
_STATE_REASONS: Mapping[str, wire.EligibilityCode] = {
    "PENDING_PHONE": "PHONE_UNCONFIRMED",
    "UNDER_REVIEW": "UNDER_REVIEW",
    "INVALIDATED": "INVALIDATED",
    "ERASED": "INVALIDATED",
    "WITHDRAWN": "WITHDRAWN",
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a campaign, at one version, asks of a registration. `most_tickets` has the highest limit of the events of
    each market that has any. It sells in `countries`, which no gate has to repeat.
    """

    id: str
    version: int
    team_id: str
    phone_required: bool
    identity_key: str
    gate: wire.Gate | None
    score_min: float | None
    score_max: float | None
    markets: frozenset[str]
    most_tickets: Mapping[str, int] = field(default_factory=dict[str, int])
    countries: tuple[str, ...] = ()

    @classmethod
    def of(cls, campaign: wire.CampaignSnapshot) -> "Terms":
        most: defaultdict[str, int] = defaultdict(int)
        for event in campaign.events:
            most[event.market_id] = max(most[event.market_id], event.ticket_limit)
        return cls(
            id=campaign.id,
            version=campaign.version,
            team_id=campaign.team_id,
            phone_required=campaign.phone_required,
            identity_key=campaign.identity_key,
            gate=campaign.gate,
            score_min=campaign.score_min,
            score_max=campaign.score_max,
            markets=frozenset(market.id for market in campaign.markets),
            most_tickets=dict(most),
            countries=tuple(campaign.countries),
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a fan: by her token (country, membership) and by the User Service."""

    phone_verified: bool = False
    country: str | None = None
    is_member: bool = False
    accounts: frozenset[str] = frozenset()
    cards: frozenset[str] = frozenset()
    tiers: frozenset[str] = frozenset()


def unmet(gate: wire.Gate | None, facts: Facts) -> list[wire.Reason]:
    """What the fan lacks to pass the gate, each requirement once; empty when she passes.

    Of alternatives none of which is met, all are named: any one would do.
    """
    return list(dict.fromkeys(_unmet(gate, facts))) if gate else []


def requirements(gate: wire.Gate | None, countries: Sequence[str], facts: Facts) -> list[wire.Reason]:
    """What a campaign asks of a person and the fan lacks, each requirement once: at entry, on the page, on the roster.

    That is the gate, and living where the campaign sells. Whose country nobody knows is taken at her word that she is
    right here, except by a gate that asks for a region.
    """
    reasons = unmet(gate, facts)
    if facts.country is None or not countries or facts.country in countries:
        return reasons
    if any(reason.code == "REGION_NOT_SERVED" for reason in reasons):
        return reasons
    return [*reasons, wire.Reason("REGION_NOT_SERVED", tuple(countries))]


def to_enter(terms: Terms, facts: Facts, *, identified: bool = True) -> list[wire.Reason]:
    """What a fan lacks to enter, phone aside: `requirements`, and that by which she enters once (`identity_of`)."""
    identity = "MEMBERSHIP_REQUIRED" if terms.identity_key == "MEMBER_ID" else "EMAIL_REQUIRED"
    missing = [] if identified else [wire.Reason(identity)]
    return list(dict.fromkeys([*missing, *requirements(terms.gate, terms.countries, facts)]))


def eligibility(
    terms: Terms,
    facts: Facts,
    *,
    entry_state: str | None,
    campaign_state: str = "OPEN",
    identified: bool = True,
    score: float | None = None,
    selected: bool = False,
) -> list[wire.Reason]:
    """Why a fan cannot be selected (with an entry) or cannot enter (without one); empty when she can.

    The one judgement of the page, of exports and of numbers. A roster is the same by construction: it takes who is
    ACCEPTED, scores within the range, has not won yet, and lacks none of `requirements`.
    """
    reasons: list[wire.Reason] = []
    outside = entry_state is None or entry_state == "WITHDRAWN"
    if outside:
        if campaign_state != "OPEN":
            reasons.append(wire.Reason("CAMPAIGN_NOT_OPEN"))
        if terms.phone_required and not facts.phone_verified:
            reasons.append(wire.Reason("PHONE_UNCONFIRMED"))
    if entry_state is not None and entry_state in _STATE_REASONS:
        reasons.append(wire.Reason(_STATE_REASONS[entry_state]))
    reasons += to_enter(terms, facts, identified=identified or not outside)
    if entry_state not in (None, "WITHDRAWN", "ERASED"):
        reasons += _by_score(terms, score)
    if selected:
        reasons.append(wire.Reason("ALREADY_SELECTED"))
    return list(dict.fromkeys(reasons))


def _by_score(terms: Terms, score: float | None) -> list[wire.Reason]:
    """Both ends of the range are in it. Where there is one, an entry that has no score yet is still being looked at."""
    if score is None:
        return [] if terms.score_min is terms.score_max is None else [wire.Reason("UNDER_REVIEW")]
    if terms.score_min is not None and score < terms.score_min:
        return [wire.Reason("SCORE_BELOW_MIN")]
    if terms.score_max is not None and score > terms.score_max:
        return [wire.Reason("SCORE_ABOVE_MAX")]
    return []


def preference_issues(terms: Terms, market_ids: Sequence[str]) -> list[Issue]:
    """What is wrong with ranked markets: at least one, each of this campaign, none twice."""
    if not market_ids:
        return [Issue(["preferences"], "EMPTY", "Rank at least one market.")]
    if len(market_ids) > MAX_PREFERENCES:
        return [Issue(["preferences"], "TOO_MANY", f"Rank {MAX_PREFERENCES} markets at most.")]
    if len(set(market_ids)) == len(market_ids) and terms.markets.issuperset(market_ids):
        return []
    issues: list[Issue] = []
    seen: set[str] = set()
    for rank, market_id in enumerate(market_ids):
        path = ["preferences", str(rank), "marketId"]
        if market_id not in terms.markets:
            issues.append(
                Issue(
                    path,
                    "UNKNOWN_MARKET",
                    "This market is not part of the campaign. Choose one of its markets.",
                )
            )
        elif market_id in seen:
            issues.append(
                Issue(path, "REPEATED_MARKET", "This market is ranked twice. Rank each market once.")
            )
        seen.add(market_id)
    return issues


def ticket_issues(terms: Terms, quantity: int, market_ids: Sequence[str]) -> list[Issue]:
    """What is wrong with the number of tickets: a party that no ranked market takes would never win.

    A market whose events are still to come may take as many as any other.
    """
    anywhere = max(terms.most_tickets.values(), default=1)
    most = max((terms.most_tickets.get(market_id, anywhere) for market_id in market_ids), default=anywhere)
    if 1 <= quantity <= most:
        return []
    return [
        Issue(
            ["ticketQuantity"],
            "OUT_OF_RANGE",
            f"ticketQuantity must be 1 to {most} for the markets that are ranked.",
        )
    ]


def identity_of(terms: Terms, identity: wire.Identity, known_member_id: str | None) -> str | None:
    """The value that may enter the campaign once: email, account or membership; None when the fan has none.

    An email is one however its letters are cased or composed. Whether a dot or a `+tag` makes another mailbox only its
    provider knows: here it makes another address.
    """
    if terms.identity_key == "EMAIL":
        return unicodedata.normalize("NFC", identity.email.strip().lower()) if identity.email else None
    if terms.identity_key == "MEMBER_ID":
        return identity.member_id or known_member_id
    return f"{identity.issuer}\n{identity.subject}"


def known_country(code: str | None) -> str | None:
    """The code if it has the form of an ISO 3166-1 alpha-2 code, in capitals; else None."""
    upper = (code or "").upper()
    return upper if len(upper) == 2 and upper.isascii() and upper.isalpha() else None


def is_plain(text: str, most: int) -> bool:
    """Whether a caller's text can be stored and compared: 1 to `most` characters, all printable."""
    return 0 < len(text) <= most and text.isprintable()


def _unmet(gate: wire.Gate, facts: Facts) -> list[wire.Reason]:
    if gate.all_of is not None:
        return [reason for child in gate.all_of for reason in _unmet(child, facts)]
    if gate.any_of is not None:
        missing = [_unmet(child, facts) for child in gate.any_of]
        return [] if not all(missing) else [reason for child in missing for reason in child]
    reason, met = _leaf(gate, facts)
    return [] if met else [reason]


def _leaf(gate: wire.Gate, facts: Facts) -> tuple[wire.Reason, bool]:
    if gate.card is not None:
        return wire.Reason("CARD_REQUIRED", gate.card.brands), not facts.cards.isdisjoint(gate.card.brands)
    if gate.linked_account is not None:
        providers = gate.linked_account.providers
        return wire.Reason("ACCOUNT_REQUIRED", providers), not facts.accounts.isdisjoint(providers)
    if gate.identity is not None:
        return wire.Reason("IDENTITY_REQUIRED", (gate.identity.tier,)), gate.identity.tier in facts.tiers
    if gate.region is not None:
        return wire.Reason("REGION_NOT_SERVED", gate.region.countries), facts.country in gate.region.countries
    if gate.membership is not None:
        return wire.Reason("MEMBERSHIP_REQUIRED"), facts.is_member or not gate.membership
    return wire.Reason("PHONE_UNCONFIRMED"), facts.phone_verified or not gate.phone
