"""confirmPhoneVerification: the code that came."""

from typing import Annotated

import strawberry

from services.kit.ids import is_id
from services.kit.types import ID, Error, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem
from services.users.subgraph.types import Info, User


@strawberry.input(description="The code that came, and what it is for.")
class ConfirmPhoneVerificationInput:
    verification_id: ID = strawberry.field(description="What startPhoneVerification answered.")
    code: str = strawberry.field(
        description="The six digits of the message; spaces and hyphens do not matter."
    )


@strawberry.type(description="The number is the fan's now. Entries that waited for it are accepted.")
class PhoneConfirmed:
    user: User = strawberry.field(description="The fan, with the number.")


@strawberry.type(description="This is not the code that was sent.")
class CodeIncorrect(Error):
    attempts_left: int = strawberry.field(description="How many guesses are left.", default=0)


@strawberry.type(description="The code is too old, or a newer one took its place: ask for a new one.")
class CodeExpired(Error): ...


@strawberry.type(description="All guesses are spent: ask for a new code.")
class AttemptsExhausted(Error): ...


ConfirmPhoneVerificationResult = Annotated[
    PhoneConfirmed | CodeIncorrect | CodeExpired | AttemptsExhausted | NotFound | ValidationFailed,
    strawberry.union("ConfirmPhoneVerificationResult", description="The number is confirmed, or why not."),
]


@strawberry.mutation(
    description="Confirms a phone number with the code that was sent to it. The right code again answers the same."
)
async def confirm_phone_verification(
    info: Info,
    input: Annotated[ConfirmPhoneVerificationInput, strawberry.argument(description="The code.")],
) -> ConfirmPhoneVerificationResult:
    await info.context.session()
    if not is_id("phv", input.verification_id):
        message = "There is no such verification. Ask for a new code."
        return NotFound(code="NOT_FOUND", message=message, path=["verificationId"])
    try:
        user = await info.context.backend.confirm_phone(input.verification_id, input.code)
    except Problem as problem:
        return typed(problem, CodeIncorrect, CodeExpired, AttemptsExhausted, NotFound, ValidationFailed)
    return PhoneConfirmed(user=User.of(user))
