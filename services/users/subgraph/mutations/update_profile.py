"""updateProfile: name and language."""

from typing import Annotated

import strawberry

from services.kit.types import Locale, ValidationFailed, typed
from services.kit.upstream import Problem
from services.users.subgraph.types import Info, User


@strawberry.input(description="What to change of the own profile: what is left out stays, null clears.")
class UpdateProfileInput:
    display_name: str | None = strawberry.field(
        description="Name, one line of 1 to 120 characters.", default=strawberry.UNSET
    )
    locale: Locale | None = strawberry.field(
        description="The language she reads best.", default=strawberry.UNSET
    )


@strawberry.type(description="The profile is changed.")
class ProfileUpdated:
    user: User = strawberry.field(description="The user as she is now.")


UpdateProfileResult = Annotated[
    ProfileUpdated | ValidationFailed,
    strawberry.union(
        "UpdateProfileResult", description="The changed profile, or what is wrong with the input."
    ),
]


@strawberry.mutation(description="Changes the signed-in user's own name and language.")
async def update_profile(
    info: Info, input: Annotated[UpdateProfileInput, strawberry.argument(description="The changes.")]
) -> UpdateProfileResult:
    await info.context.session()
    given = {"display_name": input.display_name, "locale": input.locale}
    changes = {name: value for name, value in given.items() if value is not strawberry.UNSET}
    try:
        user = await info.context.backend.update_profile(changes)
    except Problem as problem:
        return typed(problem, ValidationFailed)
    return ProfileUpdated(user=User.of(user))
