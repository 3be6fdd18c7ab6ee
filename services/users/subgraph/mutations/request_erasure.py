"""requestErasure: everything about her is to be forgotten."""

from typing import Annotated

import strawberry

from services.kit.types import IdempotencyMismatch, ValidationFailed, typed
from services.kit.upstream import Problem
from services.users.subgraph.privacy_types import PrivacyRequest, PrivacyRequestKind, open_request
from services.users.subgraph.types import Info


@strawberry.input(description="The end of her own account. It begins at once and cannot be called off.")
class RequestErasureInput:
    idempotency_key: str | None = strawberry.field(
        description="Same key, same input: the first request again. 1 to 200 characters.", default=None
    )


@strawberry.type(description="The account is closed, and everything about her is being erased.")
class ErasureRequested:
    request: PrivacyRequest = strawberry.field(description="Poll it for each service's receipt.")
    replayed: bool = strawberry.field(
        description="True: an earlier request was under way or is done, or had this idempotencyKey."
    )


RequestErasureResult = Annotated[
    ErasureRequested | ValidationFailed | IdempotencyMismatch,
    strawberry.union("RequestErasureResult", description="The request, or why there is none."),
]


@strawberry.mutation(
    description=(
        "Has everything erased that is kept about the signed-in user: profile, phone, registrations, codes, roles. "
        "From now on her token is good for polling this request alone; who signs in later is somebody new."
    )
)
async def request_erasure(
    info: Info, input: Annotated[RequestErasureInput, strawberry.argument(description="The request.")]
) -> RequestErasureResult:
    try:
        answer = await open_request(info.context, PrivacyRequestKind.ERASURE, None, input.idempotency_key)
    except Problem as problem:
        return typed(problem, ValidationFailed, IdempotencyMismatch)
    return ErasureRequested(request=PrivacyRequest.of(answer.request), replayed=answer.replayed)
