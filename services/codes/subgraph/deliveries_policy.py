"""Who may send a code again: who manages codes on its campaign. A code's deliveries are seen with the code."""

from typing import Any

from services.kit.access import Permission, Scope
from services.kit.policy import PUBLIC, Rule, permission


async def campaign_of_code(source: Any, info: Any, arguments: dict[str, Any]) -> Scope | None:
    """Whose the code is that the input names."""
    code = await info.context.code_by_id.load(arguments["input"]["codeId"])
    return code and Scope(code.team_id, code.campaign_id)


DELIVERIES: dict[str, Rule] = {
    "Mutation.resendCode": permission(Permission.CODE_MANAGE, campaign_of_code),
    "CodeDelivery.*": PUBLIC,
    "CodeResent.*": PUBLIC,
    "NothingToSend.*": PUBLIC,
    "TooManyMessages.*": PUBLIC,
    "RateLimited.*": PUBLIC,
}
