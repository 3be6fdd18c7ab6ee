"""Who may report a redemption: who manages codes on the code's campaign. Redemptions are seen with their code."""

from typing import Any

from services.kit.access import Permission, Scope
from services.kit.policy import PUBLIC, Rule, permission


async def _campaign_of_code(source: Any, info: Any, arguments: dict[str, Any]) -> Scope | None:
    return await info.context.redemptions.scope_of.load(arguments["input"]["code"])


REDEMPTIONS: dict[str, Rule] = {
    "Mutation.reportRedemption": permission(Permission.CODE_MANAGE, _campaign_of_code),
    "Redemption.*": PUBLIC,
    "RedemptionReported.*": PUBLIC,
    "OverRedeemed.*": PUBLIC,
    "WrongAccount.*": PUBLIC,
    "CodeIsVoid.*": PUBLIC,
    "RedemptionConflict.*": PUBLIC,
}
