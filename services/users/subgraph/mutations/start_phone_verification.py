"""startPhoneVerification: a code to a phone."""

from enum import Enum
from typing import Annotated

import strawberry

from services.kit.types import (
    ID,
    DateTime,
    IdempotencyMismatch,
    Locale,
    PhoneNumber,
    RateLimited,
    ValidationFailed,
    typed,
)
from services.kit.upstream import Problem
from services.users.subgraph.types import Info


@strawberry.enum(description="How a code reaches a phone.")
class PhoneChannel(Enum):
    SMS = strawberry.enum_value("SMS", description="A text message.")
    VOICE = strawberry.enum_value("VOICE", description="A call that reads the code out; where it is offered.")


@strawberry.input(description="Which phone the signed-in fan wants to prove.")
class StartPhoneVerificationInput:
    phone: PhoneNumber = strawberry.field(description="A mobile number in E.164.")
    channel: PhoneChannel = strawberry.field(description="How the code is sent.", default=PhoneChannel.SMS)
    locale: Locale | None = strawberry.field(
        description="The language of the message; by default the fan's, else that of the number's country.",
        default=None,
    )
    idempotency_key: str | None = strawberry.field(
        description="Same key, same input: no second message, and the first answer again. 1 to 200 characters.",
        default=None,
    )


@strawberry.type(
    description="A code is on its way; an earlier one does not work any more. A phone that once answered STOP "
    "gets none: tell who waits in vain to text START."
)
class PhoneVerificationStarted:
    verification_id: ID = strawberry.field(description="Confirm the code with this id.")
    expires_at: DateTime = strawberry.field(description="Until when the code works.")
    attempts_left: int = strawberry.field(description="How many guesses the code takes.")
    resend_after_seconds: int = strawberry.field(
        description="In how many seconds from the start another code can be asked for."
    )
    replayed: bool = strawberry.field(
        description="True: an earlier request with this idempotencyKey sent the code; nothing was sent now."
    )


StartPhoneVerificationResult = Annotated[
    PhoneVerificationStarted | RateLimited | ValidationFailed | IdempotencyMismatch,
    strawberry.union("StartPhoneVerificationResult", description="A code was sent, or why not."),
]


@strawberry.mutation(
    description="Sends a code of six digits to a phone of the signed-in fan. It never tells whether somebody else has "
    "that number."
)
async def start_phone_verification(
    info: Info,
    input: Annotated[StartPhoneVerificationInput, strawberry.argument(description="Which phone, and how.")],
) -> StartPhoneVerificationResult:
    user = await info.context.session()
    request = {
        "phone": input.phone,
        "channel": input.channel.name,
        "locale": input.locale or user.locale,
        "client_ip": info.context.client_ip,
        "idempotency_key": input.idempotency_key,
    }
    try:
        started = await info.context.backend.start_phone(request)
    except Problem as problem:
        return typed(problem, RateLimited, ValidationFailed, IdempotencyMismatch)
    return PhoneVerificationStarted(
        verification_id=ID(started.verification_id),
        expires_at=DateTime(started.expires_at),
        attempts_left=started.attempts_left,
        resend_after_seconds=started.resend_after_seconds,
        replayed=started.replayed,
    )
