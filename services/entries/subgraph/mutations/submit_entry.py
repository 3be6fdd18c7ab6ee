"""submitEntry: a fan registers. Many fans' registrations travel to the Entry Service together."""

from collections.abc import Mapping
from typing import Annotated, Any

import strawberry
from strawberry.types import get_object_definition

from services.entries.subgraph import backend
from services.entries.subgraph.loaders import identity_of
from services.entries.subgraph.origins_rules import origin
from services.entries.subgraph.outcomes_types import (
    AlreadyEntered,
    CampaignNotOpen,
    GateUnmet,
    InvalidPreferences,
    already_entered,
    campaign_not_open,
    gate_unmet,
    invalid_preferences,
    rate_limited,
    validation_issues,
)
from services.entries.subgraph.types import Entry, Info
from services.kit import errors
from services.kit.metrics import BUSY, FAILED, OK, REFUSED, registry
from services.kit.policy import Unauthenticated
from services.kit.types import ID, IdempotencyMismatch, NotFound, RateLimited, ValidationFailed

_MAX_PREFERENCES = 100
_MAX_TEXT = 200
_registrations = registry.counter(
    "monoql_registrations_total", "Registrations that fans sent, by outcome.", ("outcome",)
)


@strawberry.input(description="A market that the fan would go to.")
class PreferenceInput:
    market_id: ID = strawberry.field(description="One of the campaign's markets.")


@strawberry.input(description="A registration for a campaign.")
class SubmitEntryInput:
    campaign_id: ID = strawberry.field(description="The campaign.")
    preferences: list[PreferenceInput] = strawberry.field(
        description="The markets she would go to, in rank order, the dearest first; at least one, none twice."
    )
    ticket_quantity: int | None = strawberry.field(
        description="How many tickets she would like to buy, up to the highest limit of the ranked markets' events; "
        "1 when left out.",
        default=None,
    )
    idempotency_key: str | None = strawberry.field(
        description="1 to 200 characters that name this attempt: repeating it answers what the first try answered.",
        default=None,
    )


def _from_input(_kind: type, value: Mapping[str, Any], _context: object) -> SubmitEntryInput:
    return SubmitEntryInput(
        campaign_id=value["campaignId"],
        preferences=[
            PreferenceInput(market_id=preference["marketId"]) for preference in value["preferences"]
        ],
        ticket_quantity=value.get("ticketQuantity"),
        idempotency_key=value.get("idempotencyKey"),
    )


# What strawberry's generic conversion makes too, at a tenth of a registration's CPU.
get_object_definition(SubmitEntryInput, strict=True).from_input = _from_input


@strawberry.type(description="The fan is registered.")
class EntrySubmitted:
    entry: Entry = strawberry.field(description="The registration.")
    replayed: bool = strawberry.field(
        description="True when an earlier call with the same idempotencyKey had done it."
    )


SubmitEntryResult = Annotated[
    EntrySubmitted
    | AlreadyEntered
    | CampaignNotOpen
    | GateUnmet
    | InvalidPreferences
    | RateLimited
    | NotFound
    | IdempotencyMismatch
    | ValidationFailed,
    strawberry.union("SubmitEntryResult", description="What became of a registration."),
]


@strawberry.mutation(
    description=(
        "Registers the caller for a campaign, once per person. "
        "While the campaign needs a phone and hers is unconfirmed, the entry waits as PENDING_PHONE."
    )
)
async def submit_entry(
    info: Info, input: Annotated[SubmitEntryInput, strawberry.argument(description="The registration.")]
) -> SubmitEntryResult:
    outcome = FAILED
    try:
        result = await _submit(info, input)
        outcome = _COUNTED_AS.get(type(result), REFUSED)
    except Unauthenticated:
        outcome = REFUSED
        raise
    finally:
        _registrations.add((outcome,))
    return result


# Whoever is registered already has what she asked for.
_COUNTED_AS: dict[type, str] = {EntrySubmitted: OK, AlreadyEntered: OK, RateLimited: BUSY}


async def _submit(info: Info, input: SubmitEntryInput) -> SubmitEntryResult:
    try:
        info.context.hold_back()
    except errors.RateLimited as busy:
        return rate_limited(busy)
    if (unfit := _unfit(input)) is not None:
        return unfit
    network, device = origin(info.context.client_ip, info.context.user_agent)
    submission = backend.Submission(
        campaign_id=input.campaign_id,
        identity=identity_of(info.context.principal),
        preferences=[preference.market_id for preference in input.preferences],
        ticket_quantity=input.ticket_quantity,
        idempotency_key=input.idempotency_key,
        do_not_sell_signal=info.context.do_not_sell_signal,
        network=network,
        device=device,
    )
    try:
        outcome = await info.context.submissions.submit(submission)
    except errors.RateLimited as busy:
        return rate_limited(busy)
    return _present(outcome, info.context.accept_language)


def _unfit(input: SubmitEntryInput) -> SubmitEntryResult | None:
    """The refusal of an input that could weigh on, or spoil, the others of its batch."""
    if not _is_fit(input.campaign_id):
        return _refused("NOT_FOUND", "There is no such campaign. Check campaignId.", [])
    if len(input.preferences) > _MAX_PREFERENCES:
        issue = backend.Issue(["preferences"], "TOO_MANY", f"Rank {_MAX_PREFERENCES} markets at most.")
        return invalid_preferences([issue])
    for rank, preference in enumerate(input.preferences):
        if not _is_fit(preference.market_id):
            path = ["preferences", str(rank), "marketId"]
            return invalid_preferences(
                [backend.Issue(path, "UNKNOWN_MARKET", "This market is not part of the campaign.")]
            )
    if input.idempotency_key is not None and not _is_fit(input.idempotency_key):
        issue = backend.Issue(
            ["idempotencyKey"], "MALFORMED", "idempotencyKey must be 1 to 200 printable characters."
        )
        return _validation_failed("The input has errors; see issues.", [issue])
    return None


def _is_fit(text: str) -> bool:
    return len(text) <= _MAX_TEXT and text.isprintable()


def _present(outcome: backend.Outcome, accept_language: str | None) -> SubmitEntryResult:
    match outcome:
        case backend.Submitted(entry, replayed):
            return EntrySubmitted(entry=Entry.of(entry), replayed=replayed)
        case backend.AlreadyEntered(entry):
            return already_entered(entry)
        case backend.CampaignNotOpen():
            return campaign_not_open(outcome)
        case backend.GateUnmet(reasons):
            return gate_unmet(reasons, accept_language)
        case backend.InvalidPreferences(issues):
            return invalid_preferences(issues)
        case backend.Refused(code, message, issues):
            return _refused(code, message, issues)


def _refused(code: str, message: str, issues: list[backend.Issue]) -> SubmitEntryResult:
    match code:
        case "NOT_FOUND":
            return NotFound(code=code, message=message, path=["campaignId"])
        case "IDEMPOTENCY_MISMATCH":
            return IdempotencyMismatch(code=code, message=message, path=["idempotencyKey"])
        case "RATE_LIMITED":
            return RateLimited(code=code, message=message, retry_after_seconds=1)
        case "ACCOUNT_ERASED":
            raise Unauthenticated(message)
        case _:
            return _validation_failed(message, issues)


def _validation_failed(message: str, issues: list[backend.Issue]) -> ValidationFailed:
    return ValidationFailed(
        code="VALIDATION_FAILED", message=message, path=None, issues=validation_issues(issues)
    )
