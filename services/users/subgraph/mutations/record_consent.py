"""recordConsent: what her data may be used for, by campaign and purpose."""

from typing import Annotated

import strawberry

from services.kit.types import ID, IdempotencyMismatch, NotFound, RateLimited, ValidationFailed, typed
from services.kit.upstream import Problem
from services.users.subgraph.types import Consent, ConsentPurpose, Info, User


@strawberry.input(description="What the signed-in fan grants or withdraws.")
class RecordConsentInput:
    campaign_id: ID = strawberry.field(description="The campaign that it is for.")
    purpose: ConsentPurpose = strawberry.field(description="What her data may be used for.")
    granted: bool = strawberry.field(description="True: she agrees; false: she does not, or not any more.")
    idempotency_key: str | None = strawberry.field(
        description="Same key, same input: the first answer again. 1 to 200 characters.", default=None
    )


@strawberry.type(description="It is in the ledger. What held already is not written again.")
class ConsentRecorded:
    user: User = strawberry.field(description="The fan.")
    consent: Consent = strawberry.field(description="What holds now, and since when.")
    replayed: bool = strawberry.field(
        description="True: an earlier request with this idempotencyKey recorded it."
    )


RecordConsentResult = Annotated[
    ConsentRecorded | NotFound | RateLimited | ValidationFailed | IdempotencyMismatch,
    strawberry.union("RecordConsentResult", description="What holds now, or why nothing was recorded."),
]


@strawberry.mutation(
    description="Adds to the signed-in fan's ledger of consents. What she said before stays in it."
)
async def record_consent(
    info: Info, input: Annotated[RecordConsentInput, strawberry.argument(description="What she says.")]
) -> RecordConsentResult:
    user = await info.context.session()
    request = {
        "campaign_id": input.campaign_id,
        "purpose": input.purpose.name,
        "granted": input.granted,
        "idempotency_key": input.idempotency_key,
    }
    try:
        answer = await info.context.proofs.record_consent(request)
    except Problem as problem:
        return typed(problem, NotFound, RateLimited, ValidationFailed, IdempotencyMismatch)
    info.context.consents_by_user.clear_all()
    return ConsentRecorded(user=User.of(user), consent=Consent.of(answer.consent), replayed=answer.replayed)
