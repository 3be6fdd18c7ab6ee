"""updatePrivacySettings: may her data be sold or shared?"""

from typing import Annotated

import strawberry

from services.users.subgraph.types import Info, User


@strawberry.input(description="The user's own choice; it stands until she chooses again.")
class UpdatePrivacySettingsInput:
    do_not_sell: bool = strawberry.field(
        description="True: leave her data out of exports for sale or sharing."
    )


@strawberry.type(description="The choice is kept.")
class PrivacySettingsUpdated:
    user: User = strawberry.field(description="The user with her settings as they are now.")


UpdatePrivacySettingsResult = Annotated[
    PrivacySettingsUpdated, strawberry.union("UpdatePrivacySettingsResult", description="The kept choice.")
]


@strawberry.mutation(
    description="Sets whether the signed-in user's data may be sold or shared. Exports heed it at once."
)
async def update_privacy_settings(
    info: Info, input: Annotated[UpdatePrivacySettingsInput, strawberry.argument(description="The choice.")]
) -> UpdatePrivacySettingsResult:
    await info.context.session()
    user = await info.context.backend.set_privacy(input.do_not_sell)
    return PrivacySettingsUpdated(user=User.of(user))
