"""Who may void and replace codes: who manages codes on their campaign. Why it was done is for staff alone."""

from services.codes.subgraph.deliveries_policy import campaign_of_code
from services.kit.access import Permission
from services.kit.policy import PUBLIC, Rule, permission

_MANAGERS: Rule = permission(Permission.CODE_MANAGE, campaign_of_code)

VOIDS: dict[str, Rule] = {
    "Mutation.voidCode": _MANAGERS,
    "Mutation.reissueCode": _MANAGERS,
    "CodeVoided.*": PUBLIC,
    "CodeReissued.*": PUBLIC,
    "IllegalTransition.*": PUBLIC,
}
