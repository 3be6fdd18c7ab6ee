"""Who may see or do what in this subgraph: every field has a rule, and a field without one fails the build."""

from services.kit.policy import PUBLIC, SIGNED_IN, Rule, owner

_HERSELF = owner(lambda user: user.id)

POLICY: dict[str, Rule] = {
    "Query.viewer": PUBLIC,
    "Query.user": SIGNED_IN,
    "User.id": PUBLIC,
    "User.globalUserId": _HERSELF,
    "User.memberId": _HERSELF,
    "User.email": _HERSELF,
    "User.phone": _HERSELF,
    "User.phoneVerifiedAt": _HERSELF,
    "User.displayName": _HERSELF,
    "User.locale": _HERSELF,
    "User.country": _HERSELF,
    "User.privacy": _HERSELF,
    "User.createdAt": _HERSELF,
    "PrivacySettings.*": PUBLIC,
}
