"""requestPersonalData: a copy of everything that is kept about her."""

from typing import Annotated

import strawberry

from services.kit.types import IdempotencyMismatch, Locale, ValidationFailed, typed
from services.kit.upstream import Problem
from services.users.subgraph.privacy_types import PrivacyRequest, PrivacyRequestKind, open_request
from services.users.subgraph.types import Info


@strawberry.input(description="A copy of her own data.")
class RequestPersonalDataInput:
    locale: Locale | None = strawberry.field(
        description="The language of the archive's readable page; her profile's by default.", default=None
    )
    idempotency_key: str | None = strawberry.field(
        description="Same key, same input: the first request again, also when it is done. 1 to 200 characters.",
        default=None,
    )


@strawberry.type(description="The archive is being put together.")
class PersonalDataRequested:
    request: PrivacyRequest = strawberry.field(description="Poll it for `downloadUrl`.")
    replayed: bool = strawberry.field(
        description="True: an earlier request was under way, or had this idempotencyKey."
    )


RequestPersonalDataResult = Annotated[
    PersonalDataRequested | ValidationFailed | IdempotencyMismatch,
    strawberry.union("RequestPersonalDataResult", description="The request, or why there is none."),
]


@strawberry.mutation(
    description="Asks for everything that is kept about the signed-in user, as one archive. One request at a time; a "
    "new archive takes the place of the one before."
)
async def request_personal_data(
    info: Info,
    input: Annotated[RequestPersonalDataInput, strawberry.argument(description="What to put together.")],
) -> RequestPersonalDataResult:
    try:
        answer = await open_request(
            info.context, PrivacyRequestKind.ACCESS, input.locale, input.idempotency_key
        )
    except Problem as problem:
        return typed(problem, ValidationFailed, IdempotencyMismatch)
    return PersonalDataRequested(request=PrivacyRequest.of(answer.request), replayed=answer.replayed)
