"""How one submission fares: checked before it goes to the database, explained when that did not take it. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from services.entries.backend import rules, wire
from services.kit.errors import AccountErased, IdempotencyMismatch, Issue

_NO_CAMPAIGN = wire.Refused("NOT_FOUND", "There is no such campaign. Check campaignId.")
_BAD_KEY = wire.Refused(
    "VALIDATION_FAILED",
    "The input has errors; see issues.",
    [Issue(["idempotencyKey"], "MALFORMED", "idempotencyKey must be 1 to 200 printable characters.")],
)
ERASED = wire.Refused(AccountErased.code, AccountErased().message)
_MISMATCH = wire.Refused(IdempotencyMismatch.code, IdempotencyMismatch().message)


@dataclass(slots=True)
class Candidate:
    """A submission with all that its row needs. `refusal` is what the rules hold against it, None when nothing.

    Who has nothing by which she can enter once (`identity` is None) has a refusal, and no `key`.
    """

    submission: wire.Submission
    terms: rules.Terms
    identity: str | None
    country: str | None
    is_member: bool
    unconfirmed: bool
    refusal: wire.GateUnmet | wire.InvalidPreferences | wire.Refused | None
    digest: bytes = b""
    key: bytes = b""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is there at the moment a submission was not taken: the campaign, and the identity's entry."""

    campaign_state: wire.CampaignState
    opens_at: datetime
    closes_at: datetime
    entry: wire.Entry | None
    entry_key: str | None
    entry_digest: bytes | None


def screen(submission: wire.Submission) -> wire.Refused | None:
    """The refusal of a submission that the database should not even see, for its texts cannot be stored."""
    if not rules.is_plain(submission.campaign_id, 64):
        return _NO_CAMPAIGN
    if submission.idempotency_key is not None and not rules.is_plain(submission.idempotency_key, 200):
        return _BAD_KEY
    return None


def is_erased(identity: wire.Identity, erased_until: datetime | None) -> bool:
    """Whether a token is from before the erasure of its account, which then was of somebody who is gone."""
    return erased_until is not None and datetime.fromtimestamp(identity.issued_at, UTC) <= erased_until


def examine(
    submission: wire.Submission, terms: rules.Terms | None, facts: rules.Facts, known_member_id: str | None
) -> Candidate | wire.Outcome:
    """A candidate, perhaps with a refusal that an earlier entry would outrank; or an outcome that is final."""
    if terms is None:
        return _NO_CAMPAIGN
    identity = rules.identity_of(terms, submission.identity, known_member_id)
    return Candidate(
        submission=submission,
        terms=terms,
        identity=identity,
        country=facts.country,
        is_member=facts.is_member,
        unconfirmed=terms.phone_required and not facts.phone_verified,
        refusal=_refusal(submission, terms, facts, identified=identity is not None),
        digest=_digest(submission),
    )


def explain(candidate: Candidate, now: Situation | None) -> wire.Outcome | None:
    """Why the database did not take a candidate; None when by now it would, so that it is worth trying again."""
    if now is None or now.campaign_state == "DRAFT":
        return _NO_CAMPAIGN
    key, caller = candidate.submission.idempotency_key, candidate.submission.identity.user_id
    if now.entry and key is not None and key == now.entry_key and caller == now.entry.user_id:
        return wire.Submitted(now.entry, replayed=True) if candidate.digest == now.entry_digest else _MISMATCH
    if isinstance(candidate.refusal, wire.InvalidPreferences | wire.Refused):
        return candidate.refusal
    if now.entry is not None and now.entry.state != "WITHDRAWN":
        return wire.AlreadyEntered(now.entry)
    if now.campaign_state != "OPEN":
        return wire.CampaignNotOpen(now.campaign_state, now.opens_at, now.closes_at)
    return candidate.refusal


def facts_of(
    identity: wire.Identity,
    *,
    phone_verified: bool | None,
    country: str | None,
    member_id: str | None,
    accounts: Sequence[str] | None,
    cards: Sequence[str] | None,
    tiers: Sequence[str] | None,
) -> rules.Facts:
    """What the token vouches for, completed by what the User Service knows (all None where it knows nothing)."""
    return rules.Facts(
        phone_verified=bool(phone_verified),
        country=rules.known_country(identity.country) or country,
        is_member=bool(identity.member_id or member_id),
        accounts=frozenset(accounts or ()),
        cards=frozenset(cards or ()),
        tiers=frozenset(tiers or ()),
    )


def _refusal(
    submission: wire.Submission, terms: rules.Terms, facts: rules.Facts, *, identified: bool
) -> wire.GateUnmet | wire.InvalidPreferences | wire.Refused | None:
    if issues := rules.preference_issues(terms, submission.preferences):
        return wire.InvalidPreferences(issues)
    if submission.ticket_quantity is not None and (
        issues := rules.ticket_issues(terms, submission.ticket_quantity, submission.preferences)
    ):
        return wire.Refused("VALIDATION_FAILED", issues[0].message, issues)
    if reasons := rules.to_enter(terms, facts, identified=identified):
        return wire.GateUnmet(reasons)
    return None


def _digest(submission: wire.Submission) -> bytes:
    """Sixteen bytes that tell one input from another under the same idempotency key."""
    text = f"{submission.ticket_quantity}\n{','.join(submission.preferences)}"
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
